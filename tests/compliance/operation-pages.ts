import type { OperationInfo } from '@kapelle/core';

import type { Finding } from './finding.js';

interface Row {
  readonly line: number;
  readonly names: readonly string[];
  readonly isDefault: boolean;
  /** `undefined` where the table has no such column. */
  readonly params: string | undefined;
}

type Described = Pick<OperationInfo, 'name' | 'default' | 'params'>;

/**
 * Where the table of a page and the operations of its orchestrator are not the same.
 *
 * @param others operations by orchestrator: "those of `x`" in a cell are the params of x's operation of that name
 */
export function operationPage(
  file: string,
  page: string,
  operations: readonly Described[],
  others: Readonly<Record<string, { readonly operations: readonly Described[] }>> = {},
): Finding[] {
  const rows = operationRows(page);
  const at = (row: Row, what: string, fix: string): Finding => ({ file, line: row.line, what, fix });
  const findings: Finding[] = [];
  const known = new Map(operations.map((each) => [each.name, each]));
  for (const { name } of operations) {
    if (rows.some(({ names }) => names.includes(name))) continue;
    findings.push({
      file,
      line: lineOf(page, '## Operations'),
      what: `The operation ${name} has no row.`,
      fix: 'Give it one in the table of ## Operations.',
    });
  }
  for (const row of rows) {
    const described = row.names.flatMap((name) => known.get(name) ?? []);
    for (const name of row.names) {
      if (!known.has(name)) findings.push(at(row, `There is no operation ${name}.`, 'Take the row away.'));
    }
    if (described.some((each) => each.default) !== row.isDefault) {
      findings.push(
        at(
          row,
          `The row of ${row.names.join(', ')} is wrong about the default.`,
          'Write (default) at that operation only.',
        ),
      );
    }
    if (row.params === undefined) continue;
    const borrowed = /those of `(\w+)`/i.exec(row.params);
    const lender = others[borrowed?.[1] ?? '']?.operations ?? [];
    const told = paramsIn(
      lender.length === 0 ? row.params : row.params.replace(borrowed?.[0] ?? '', ''),
      known,
    );
    for (const each of lender.filter(({ name }) => row.names.includes(name))) {
      for (const [param, required] of requiredOf(each)) told.set(param, required);
    }
    const real = new Map(described.flatMap((each) => requiredOf(each)));
    const missing = [...real.keys()].filter((name) => !told.has(name));
    const strange = [...told.keys()].filter((name) => !real.has(name));
    // "`a` or `b`" says more than a question mark.
    const one = row.names.length === 1 && !/params of|` or `/.test(row.params);
    const askew = one
      ? [...told]
          .filter(([name, required]) => real.has(name) && real.get(name) !== required)
          .map(([name]) => name)
      : [];
    const of = row.names.join(', ');
    if (missing.length > 0)
      findings.push(at(row, `${of}: ${missing.join(', ')} not told.`, 'Name each param.'));
    if (strange.length > 0) {
      findings.push(
        at(row, `${of}: there is no param ${strange.join(', ')}.`, 'Take it away, or declare it.'),
      );
    }
    if (askew.length > 0) {
      findings.push(
        at(
          row,
          `${of}: wrong about whether ${askew.join(', ')} may be left out.`,
          'Write `x?` where it may.',
        ),
      );
    }
  }
  return findings;
}

/** Names of a list that a page does not have in backticks. */
export function untold(file: string, page: string, kind: string, names: readonly string[]): Finding[] {
  const told = new Set(
    [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => (code ?? '').match(/[A-Za-z_]\w*/g) ?? []),
  );
  return names
    .filter((name) => !told.has(name))
    .map((name) => ({ file, line: 1, what: `The ${kind} \`${name}\` is not told.`, fix: 'Say what it is.' }));
}

function operationRows(page: string): Row[] {
  const rows: Row[] = [];
  let header: readonly string[] | undefined;
  let isThere = false;
  for (const [at, line] of page.split('\n').entries()) {
    if (line.startsWith('## ')) isThere = line === '## Operations';
    if (!isThere || !line.startsWith('|')) {
      header = undefined;
      continue;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (header === undefined) header = cells;
    else if (header[0] === 'Operation' && !/^:?-+:?$/.test(cells[0] ?? '')) {
      const column = header.indexOf('Params');
      const [first = ''] = cells;
      rows.push({
        line: at + 1,
        names: [...first.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''),
        isDefault: first.includes('(default)'),
        params: column < 0 ? undefined : (cells[column] ?? ''),
      });
    }
  }
  return rows;
}

/** What a cell names, and whether it says that it is required. What stands in brackets explains and names nothing. */
function paramsIn(
  cell: string,
  operations: ReadonlyMap<string, Pick<OperationInfo, 'name' | 'params'>>,
): Map<string, boolean> {
  const told = new Map<string, boolean>();
  let rest = cell.replace(/params of `(\w+)`/g, (_all, name: string) => {
    const other = operations.get(name);
    for (const [param, required] of other === undefined ? [] : requiredOf(other)) told.set(param, required);
    return '';
  });
  for (let before = ''; before !== rest;) {
    before = rest;
    rest = rest.replace(/\([^()]*\)/g, '');
  }
  for (const [, name = '', optional] of rest.matchAll(/`(\w+)(\?)?`/g))
    told.set(name, optional === undefined);
  return told;
}

const requiredOf = ({ params }: Pick<OperationInfo, 'params'>): (readonly [string, boolean])[] =>
  Object.keys(params?.properties ?? {}).map(
    (name) => [name, params?.required.includes(name) === true] as const,
  );

function lineOf(page: string, text: string): number {
  const at = page.split('\n').indexOf(text);
  return at < 0 ? 1 : at + 1;
}
