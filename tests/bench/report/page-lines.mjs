/** The page of the benchmark, line by line; Prettier aligns the tables. */
import { plusMinus, target, withUnit } from './numbers.mjs';

const INTRODUCTION = `# Benchmarks

<!-- Written by "npm run bench -- --page". Changes made here are lost. -->

What a call, a policy, a queue, a log line, a span, a counted call and a start cost, beside libraries that do the same job. Nothing
here is a promise, and no build fails for a number: another machine has others. What carries over is how they stand to each other.

## How to read it

- **Time is CPU time** of all threads of the process, so that other programs on the machine count for little; tables that show something
  else say so. What mostly waits for a timer takes longer than its CPU time says.
- **A number is the median of the rounds**, ± half the distance between the least and the greatest of them. Every case is warmed up
  until it gets no faster; rounds of all cases alternate, so that a busy moment hits every one of them.
- **×** is the cost as a multiple of the row that has 1.00; compare within a table, not between tables.
- In targets a ratio is the median of the ratios within a round. A target that was missed stays here until it is reached or given up.
- Peers are set up as their documentation says. They seldom promise the same: what the policies promise is on the
  [page of promises](promises.md).

### A process for each case, and all in one process

Most tables give each case a process of its own. The compiler then sees one kind of call and fits the code to it, and whatever
another library would switch on in the process is off. That is the fairest comparison of libraries, and it flatters all of them: a
program has many kinds of calls.

One thing does not average out. Before Node 24 an \`AsyncLocalStorage\` that is in use makes every promise of the process dearer, also
those of code that never asks it. A default host has one, as has anything that traces; so a peer in a process of its own looks cheaper
than it is beside them. Tables that say **in one process** measure all their cases side by side, which is what a program would see:
the difference between the two is the price of the storage and of a compiler that has seen more than one shape, and not the price of
the library in the row. With \`ambientContext: false\` a host does without the storage.

\`npm run bench\` measures again; the cases are in \`tests/bench/cases\`.
`;

const majorOf = ({ machine }) => machine.node.replace(/^v(\d+).*/, '$1');
const nameOf = (report) => `Node ${majorOf(report)}`;
const cell = (text) => String(text).replaceAll('|', '\\|');
const row = (cells) => `| ${cells.map(cell).join(' | ')} |`;
const table = (heads, rows) => [
  row(heads),
  `| --- |${' --: |'.repeat(heads.length - 1)}`,
  ...rows.map(row),
  '',
];

/** What the page needs of a report: how many rounds there were instead of what each of them saw. */
export function condensed({ parts, ...report }) {
  return {
    ...report,
    parts: parts.map((part) => ({
      ...part,
      groups: part.groups.map((group) => ({
        ...group,
        cases: group.cases.map(({ values, ...each }) =>
          values === undefined
            ? each
            : {
                ...each,
                values: Object.fromEntries(
                  Object.entries(values).map(([name, { median, spread, rounds }]) => [
                    name,
                    { median, spread, rounds: rounds.length },
                  ]),
                ),
              },
        ),
      })),
    })),
  };
}

function runLines(reports) {
  const source = ({ commit, changed }) =>
    commit === undefined ? 'unknown' : `\`${commit}\`${changed ? ', and changes' : ''}`;
  const rows = [
    ['Node', ({ machine }) => machine.node.slice(1)],
    ['Date', ({ date }) => date.slice(0, 10)],
    ['Commit', source],
    ['Machine', ({ machine }) => `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB`],
    ['Platform', ({ machine }) => machine.platform],
    [
      'Load of the machine, before and after',
      ({ machine, loadAtEnd }) => `${machine.loadAverage}, ${loadAtEnd}`,
    ],
    ['Rounds', ({ rounds }) => rounds],
    ['Duration', ({ seconds }) => `${Math.round(seconds / 6) / 10} min`],
    [
      'Targets reached',
      (report) =>
        `${figuresOf(report).filter(({ reached }) => reached).length} of ${figuresOf(report).length}`,
    ],
  ];
  const lines = [
    '## The runs',
    '',
    ...table(
      ['', ...reports.map(nameOf)],
      rows.map(([name, of]) => [name, ...reports.map(of)]),
    ),
  ];
  const busy = reports.filter(
    ({ machine, loadAtEnd }) => Math.max(machine.loadAverage, loadAtEnd) > machine.cores / 2,
  );
  if (busy.length > 0)
    lines.push(
      `The machine did other work during the ${busy.length === 1 ? 'run' : 'runs'} on ${busy.map(nameOf).join(' and ')}: cores, caches and`,
      'memory were shared with it, so costs are higher than on an idle one, and ratios less certain than their ± says.',
      '',
    );
  return lines;
}

const figuresOf = ({ parts }) => parts.flatMap(({ figures }) => figures);

/** Every item of any report once, by `key`, in the order of the first report that has it. */
function united(lists, key) {
  const known = new Map();
  for (const list of lists) for (const item of list) if (!known.has(key(item))) known.set(key(item), item);
  return [...known.values()];
}

function targetLines(reports, partId) {
  const lists = reports.map(({ parts }) => parts.find(({ id }) => id === partId)?.figures ?? []);
  const all = united(lists, ({ what }) => what);
  if (all.length === 0) return [];
  const seenIn = (list, what, figure) => {
    const own = list.find((each) => each.what === what);
    if (own === undefined) return '–';
    const seen = withUnit(own.seen, own.unit);
    const verdict = own.reached ? `${seen}, reached` : `${seen}, **missed**`;
    const bound = target(own) === target(figure) ? '' : ` (target ${target(own)})`;
    return verdict + bound + (own.remark === undefined ? '' : ` (${own.remark})`);
  };
  return [
    '### Targets',
    '',
    ...table(
      ['', 'target', ...reports.map(nameOf)],
      all.map((figure) => [
        figure.what,
        target(figure),
        ...lists.map((list) => seenIn(list, figure.what, figure)),
      ]),
    ),
  ];
}

function costCells(group, id) {
  const found = group?.cases.find((each) => each.id === id);
  if (found === undefined) return ['–', ''];
  if (found.failed !== undefined) return ['failed', ''];
  const { cpuNs } = found.values;
  const base = group.cases.find((each) => each.id === group.base)?.values?.cpuNs.median;
  const spread = cpuNs.rounds > 1 ? ` ${plusMinus(cpuNs.spread)}` : '';
  return [withUnit(cpuNs.median, 'ns') + spread, base === undefined ? '' : (cpuNs.median / base).toFixed(2)];
}

const shown = ({ what, ours }) => (ours ? `**${what}**` : what);

function groupLines(reports, partId, groupId) {
  const groups = reports.map(({ parts }) =>
    parts.find(({ id }) => id === partId)?.groups.find(({ id }) => id === groupId),
  );
  const [first] = groups.filter((group) => group !== undefined);
  const cases = united(
    groups.map((group) => group?.cases ?? []),
    ({ id }) => id,
  );
  const lines = [`### ${first.title}`, '', ...(first.note === undefined ? [] : [first.note, ''])];
  if (first.columns === undefined) {
    const heads = ['', ...reports.flatMap((report) => [nameOf(report), '×'])];
    return [
      ...lines,
      ...table(
        heads,
        cases.map((each) => [shown(each), ...groups.flatMap((group) => costCells(group, each.id))]),
      ),
    ];
  }
  // With columns of its own a group has one row per case and version.
  const rows = cases.flatMap((each) =>
    groups.flatMap((group, index) => {
      const found = group?.cases.find(({ id }) => id === each.id);
      if (found === undefined) return [];
      const cells = first.columns.map(({ id, unit }) => {
        if (found.failed !== undefined) return 'failed';
        const seen = found.values[id];
        return seen === undefined ? '–' : withUnit(seen.median, unit);
      });
      return [[shown(each), majorOf(reports[index]), ...cells]];
    }),
  );
  return [...lines, ...table(['', 'Node', ...first.columns.map(({ title }) => title)], rows)];
}

/** @param reports condensed, one per version of Node */
export function pageLines(reports) {
  const parts = united(
    reports.map((report) => report.parts),
    ({ id }) => id,
  );
  return [
    INTRODUCTION,
    ...runLines(reports),
    ...parts.flatMap(({ id, title }) => {
      const groups = united(
        reports.map((report) => report.parts.find((part) => part.id === id)?.groups ?? []),
        (group) => group.id,
      );
      return [
        `## ${title}`,
        '',
        ...targetLines(reports, id),
        ...groups.flatMap((group) => groupLines(reports, id, group.id)),
      ];
    }),
  ];
}
