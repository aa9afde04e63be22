import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERROR_CATEGORIES, ERROR_CODES } from '@kapelle/core';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const run = promisify(execFile);

const text = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

/** Paths from the root, of files that `wanted` takes. */
async function filesIn(folder: string, wanted: (path: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(ROOT, folder), { withFileTypes: true })) {
    if (['node_modules', 'dist', 'samples', 'fixtures', 'coverage'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesIn(path, wanted)));
    else if (wanted(path)) found.push(path);
  }
  return found;
}

async function pages(): Promise<string[]> {
  const top = (await readdir(ROOT)).filter((name) => name.endsWith('.md'));
  const docs = await filesIn('docs', (path) => path.endsWith('.md'));
  const readmes = [
    ...(await filesIn('packages', (path) => path.endsWith('README.md'))),
    ...(await filesIn('apps', (path) => path.endsWith('README.md'))),
  ];
  return [...top, ...docs, ...readmes].sort();
}

const withoutCode = (page: string): string =>
  page.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''));

/** The anchors of a page, made of its headings as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = (heading as string)
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n += 1) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What a module offers, types included, read off its source. */
async function exportsOf(path: string): Promise<string[]> {
  const source = ts.createSourceFile(path, await text(path), ts.ScriptTarget.Latest);
  const names: string[] = [];
  for (const statement of source.statements) {
    if (!ts.isExportDeclaration(statement)) continue;
    const clause = statement.exportClause;
    if (clause === undefined || !ts.isNamedExports(clause)) throw new Error(`${path} exports without names.`);
    for (const element of clause.elements) names.push(element.name.text);
  }
  return names;
}

/** The first cells, in backticks, of the tables of a page. */
const rowsOf = (page: string): string[] =>
  [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell as string);

const names = (page: string): Set<string> =>
  new Set(
    [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => (code as string).match(/[A-Za-z_]\w*/g) ?? []),
  );

describe('the pages', () => {
  it('hold the code of the files they include', async () => {
    const { stdout } = await run('node', ['scripts/sync-docs.mjs', '--check'], { cwd: ROOT });
    expect(stdout).toMatch(/^[1-9]\d* regions are as their files say\.\n$/);
  });

  it('have no link that leads nowhere', async () => {
    const broken: string[] = [];
    const anchors = new Map<string, Set<string>>();
    for (const page of await pages()) {
      const content = withoutCode(await text(page));
      for (const [, target] of content.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?|mailto):/.test(target as string)) continue;
        const [file, anchor] = (target as string).split('#') as [string, string | undefined];
        const path = file === '' ? page : join(dirname(page), file);
        try {
          if (anchor !== undefined && !anchors.has(path)) anchors.set(path, anchorsOf(await text(path)));
          else await readFile(join(ROOT, path)).catch(() => readdir(join(ROOT, path)));
        } catch {
          broken.push(`${page}: ${target}`);
          continue;
        }
        if (anchor !== undefined && anchors.get(path)?.has(anchor) !== true)
          broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('are all reached from the index', async () => {
    const reached = new Set<string>();
    const follow = async (page: string): Promise<void> => {
      if (reached.has(page)) return;
      reached.add(page);
      for (const [, target] of withoutCode(await text(page)).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
        if (!/^https?:/.test(target as string)) await follow(join(dirname(page), target as string));
      }
    };
    await follow('docs/README.md');
    const docs = await filesIn('docs', (path) => path.endsWith('.md'));
    expect(docs.filter((page) => !reached.has(page))).toEqual([]);
  });
});

describe('sync-docs', () => {
  let folder: string;
  const sync = async (...args: string[]): Promise<{ code: number; out: string }> => {
    try {
      const { stdout } = await run('node', [join(ROOT, 'scripts/sync-docs.mjs'), ...args, folder]);
      return { code: 0, out: stdout };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, out: stderr };
    }
  };
  const page = (marker: string): Promise<void> =>
    writeFile(
      join(folder, 'README.md'),
      `# Page\n\n<!-- include: ${marker} -->\n\n\`\`\`ts\nold();\n\`\`\`\n`,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kapelle-docs-'));
    await mkdir(join(folder, 'docs'));
    await cp(join(ROOT, '.prettierrc.json'), join(folder, '.prettierrc.json'));
    await writeFile(
      join(folder, 'docs/a.ts'),
      '// #region outer\nclass A {\n  // #region inner\n  run() {}\n  // #endregion\n}\n// #endregion\n',
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds a page that differs, and mends it', async () => {
    await page('docs/a.ts#outer');
    expect(await sync('--check')).toEqual({
      code: 1,
      out: 'README.md differs from the files it includes. Run "npm run docs".\n',
    });
    expect((await sync()).code).toBe(0);
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain(
      '```ts\nclass A {\n  run() {}\n}\n```',
    );
    expect(await sync('--check')).toEqual({ code: 0, out: '1 regions are as their files say.\n' });
  });

  it('takes an inner region to the left', async () => {
    await page('docs/a.ts#inner');
    await sync();
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain('```ts\nrun() {}\n```');
  });

  it.each([
    ['docs/a.ts#none', 'README.md: there is no region "none" in docs/a.ts.\n'],
    ['docs/b.ts#outer', 'README.md: there is no docs/b.ts.\n'],
    ['docs/a.ts', 'README.md: 1 include markers stand before no fence, or are not "path#region".\n'],
  ])('refuses %s', async (marker, message) => {
    await page(marker);
    expect(await sync('--check')).toEqual({ code: 1, out: message });
  });
});

describe('the reference', () => {
  it('names every public export of @kapelle/core and of its testing subpath', async () => {
    const named = names(await text('docs/reference/core.md'));
    const exported = [
      ...(await exportsOf('packages/core/src/index.ts')),
      ...(await exportsOf('packages/core/src/testing/index.ts')),
    ];
    expect(exported.length).toBeGreaterThan(100);
    expect(exported.filter((name) => !named.has(name))).toEqual([]);
  });

  it('has a row for each error code, with its category, and no row too many', async () => {
    const page = await text('docs/reference/errors.md');
    const categories = new Map(
      [...page.matchAll(/^\| `([A-Z_]+)`.*\| `([a-z_]+)` +\|$/gm)].map(([, code, category]) => [
        code,
        category,
      ]),
    );
    expect(categories).toEqual(
      new Map(Object.entries(ERROR_CODES).map(([code, { category }]) => [code, category])),
    );
    const others = rowsOf(page).filter((code) => !(code in ERROR_CODES));
    expect([...others].sort()).toEqual(await otherCodes());
  });

  it('has a row for each warning of reading, and no row too many', async () => {
    const folder = 'packages/orchestrators/src/domain/autonomous-intelligence/content';
    const codes = new Set<string>();
    for (const path of await filesIn(folder, (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
      const source = await text(path);
      for (const [, code] of source.matchAll(/(?:warnings\.add\(\s*|\bcode: )'([A-Z_]+)'/g))
        codes.add(code as string);
    }
    expect(codes.size).toBeGreaterThan(20);
    expect(rowsOf(await text('docs/reference/content-warnings.md'))).toEqual([...codes].sort());
  });

  it('has a row for each category, as the table says', async () => {
    const page = await text('docs/reference/core.md');
    const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| (low|medium|high|critical) +\| (yes|no) +\|$/gm)];
    expect(
      rows.map(([, category, severity, retry]) => [category, { severity, retryable: retry === 'yes' }]),
    ).toEqual(Object.entries(ERROR_CATEGORIES));
  });

  it('has a row for each event, and no row too many', async () => {
    const source = ts.createSourceFile(
      'events.ts',
      await text('packages/core/src/events/events.ts'),
      ts.ScriptTarget.Latest,
    );
    const types = source.statements
      .filter(ts.isInterfaceDeclaration)
      .filter((each) => each.name.text === 'OrchestrationEvents')
      .flatMap((each) => each.members.map((member) => (member.name as ts.StringLiteral).text));
    expect(types.length).toBeGreaterThan(15);
    expect(rowsOf(await text('docs/reference/events.md'))).toEqual(types);
  });

  it('has a row for each log event that the source of core writes', async () => {
    const rows = new Set(rowsOf(await text('docs/reference/log-events.md')));
    const written = new Set<string>();
    const sources = await filesIn(
      'packages/core/src',
      (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes(join('src', 'testing')),
    );
    for (const path of sources) {
      const source = await text(path);
      for (const [, event] of source.matchAll(/const event =([^;]*);/g)) {
        for (const [, name] of (event as string).matchAll(/'([a-z]+(?:_[a-z]+){2,})'/g))
          written.add(name as string);
      }
      const calls = source.matchAll(
        /(?:logger|voice)(?:\.(?:debug|info|warn|error|tell)|\[[^\]]*\])\(([^;{]*?)[,)]/gi,
      );
      for (const [, argument] of calls) {
        for (const [, event] of (argument as string).matchAll(/'([a-z]+(?:_[a-z]+)+)'/g))
          written.add(event as string);
      }
    }
    expect(written.size).toBeGreaterThan(15);
    expect([...written].filter((event) => !rows.has(event))).toEqual([]);
  });
});

/** The codes that error classes beside OrchestrationError have, read off their sources. */
async function otherCodes(): Promise<string[]> {
  const codes = new Set<string>();
  for (const folder of ['packages', 'apps']) {
    const sources = await filesIn(folder, (path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));
    for (const path of sources) {
      const source = (await text(path)).replace(/\/\*[\s\S]*?\*\//g, '');
      if (
        !/class \w+ extends \w*(?:Error|Failure)\b/.test(source) ||
        relative(path, 'packages/core/src/errors.ts') === ''
      )
        continue;
      for (const [, table] of source.matchAll(/_CODES = \{([\s\S]*?)\}/g)) {
        for (const [, code] of (table as string).matchAll(/^ +([A-Z_]+):/gm)) codes.add(code as string);
      }
      for (const [, list] of source.matchAll(/(?:type \w*Code =|_CODES = \[|readonly code =)([\s\S]*?);/g)) {
        for (const [, code] of (list as string).matchAll(/'([A-Z]{3,}(?:_[A-Z]+)*)'/g))
          codes.add(code as string);
      }
    }
  }
  return [...codes].filter((code) => !(code in ERROR_CODES)).sort();
}
