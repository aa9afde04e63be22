import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from '@jest/globals';

const bench = join(dirname(fileURLToPath(import.meta.url)), '../bench');

/** What a script of the benchmark says, as JSON. It runs outside of Jest, as the benchmark does. */
function ask<T>(script: string): T {
  const stdout = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: bench,
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as T;
}

interface Shown {
  readonly text: string;
  readonly majors: readonly number[];
  /** Part, group and case of every row. */
  readonly rows: readonly string[];
  readonly known: readonly string[];
}

describe('the page of benchmarks', () => {
  const shown = ask<Shown>(`
    const { pageText, storedResults } = await import('./page.mjs');
    const { PART_IDS, partById } = await import('./parts.mjs');
    const reports = await storedResults();
    const idsOf = (parts) => parts.flatMap((part) => part.groups.flatMap((group) => group.cases.map((each) => [part.id, group.id, each.id].join(' '))));
    console.log(JSON.stringify({
      text: await pageText(reports),
      majors: reports.map(({ machine }) => Number(machine.node.split('.')[0].slice(1))),
      rows: [...new Set(reports.flatMap(({ parts }) => idsOf(parts)))],
      known: idsOf(await Promise.all(PART_IDS.map(partById))),
    }));
  `);
  const page = readFileSync(join(bench, '../../docs/reference/benchmarks.md'), 'utf8');

  it('is what the generator writes of the results that are kept beside it', () => {
    expect(page).toBe(shown.text);
  });

  it('shows runs on more than one version of Node, each with its machine, date, commit and rounds', () => {
    expect(shown.majors.length).toBeGreaterThanOrEqual(2);
    for (const name of ['Node', 'Date', 'Commit', 'Machine', 'Platform', 'Rounds', 'Duration']) {
      const row = page.split('\n').find((line) => line.startsWith(`| ${name} `));
      const cells = row?.split('|').slice(2, -1) ?? [];
      expect(cells.map((cell) => cell.trim() !== '')).toEqual(shown.majors.map(() => true));
    }
  });

  it('has no row for a case that is not measured any more', () => {
    expect(shown.rows.filter((row) => !shown.known.includes(row))).toEqual([]);
  });

  it('says of every target whether it was reached', () => {
    const targets = page.split('### Targets').slice(1);
    expect(targets.length).toBeGreaterThan(0);
    for (const section of targets) {
      const rows = (section.split('\n#')[0] as string).split('\n').filter((line) => /^\| \S/.test(line));
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows.filter((line) => !line.startsWith('| ---'))) {
        for (const cell of row.split(' | ').slice(2))
          expect(cell).toMatch(/, reached|, \*\*missed\*\*|^\s*–/);
      }
    }
  });
});

describe('the verdicts of a soak', () => {
  interface Verdict {
    readonly holds: boolean;
    readonly seen: number;
  }
  const verdict = (perSample: number, noise: number): Verdict =>
    ask<Verdict>(`
      const { heapVerdict } = await import('./soak/verdicts.mjs');
      const { seeded } = await import('./soak/seeded.mjs');
      const random = seeded(7);
      const samples = Array.from({ length: 40 }, (_, i) => ({
        atMs: i * 4_500,
        heapBytes: 20_000_000 + (i < 10 ? i * 500_000 : 5_000_000) + i * ${perSample} + random() * ${noise},
      }));
      console.log(JSON.stringify(heapVerdict(samples)));
    `);

  it('let a heap pass that grew while it warmed up, and one that only goes up and down', () => {
    expect(verdict(0, 0)).toMatchObject({ holds: true, seen: 0 });
    expect(verdict(0, 2_000_000).holds).toBe(true);
  });

  it('find a heap that grows slowly among larger ups and downs', () => {
    const { holds, seen } = verdict(60_000, 200_000);
    expect(holds).toBe(false);
    // 19 intervals of 60,000 bytes, less what is not certain.
    expect(seen).toBeGreaterThan(900_000);
    expect(seen).toBeLessThan(19 * 60_000 + 1);
  });

  it('knows the quantiles of Student’s t', () => {
    const [three, ten, thirty] = ask<[number, number, number]>(`
      const { tOf95 } = await import('./soak/regression.mjs');
      console.log(JSON.stringify([3, 10, 30].map(tOf95)));
    `);
    expect(three).toBeCloseTo(2.353, 1);
    expect(ten).toBeCloseTo(1.812, 2);
    expect(thirty).toBeCloseTo(1.697, 3);
  });
});

describe('npm run soak', () => {
  const soak = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(bench, 'soak.mjs'), '--no-build', ...args], { encoding: 'utf8' });

  it.each([
    [['--minutes', '0.05'], '--minutes must be a number from 0.1 to 1440, got "0.05".\n'],
    [['--minutes', ''], '--minutes must be a number from 0.1 to 1440, got "".\n'],
    [['--minutes', 'long'], '--minutes must be a number from 0.1 to 1440, got "long".\n'],
    [['--max-delay-ms', '0'], '--max-delay-ms must be a number from 1 to 60000, got "0".\n'],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = soak(...args);
    expect([status, stderr]).toEqual([2, message]);
  });

  it('drives every kind of traffic and leaves nothing behind', () => {
    const { stdout } = soak('--minutes', '0.1', '--json', '--max-delay-ms', '60000');
    const report = JSON.parse(stdout) as {
      readonly calls: number;
      readonly outcomes: Readonly<Record<string, unknown>>;
      readonly samples: readonly unknown[];
      readonly verdicts: readonly { readonly id: string; readonly holds: boolean; readonly seen: number }[];
    };
    expect(report.calls).toBeGreaterThan(1_000);
    expect(Object.keys(report.outcomes).sort()).toEqual([
      'cancelled',
      'guarded',
      'nested',
      'plain',
      'queued',
      'tripping',
      'validated',
    ]);
    expect(report.samples.length).toBeGreaterThanOrEqual(3);
    expect(report.verdicts.map(({ id }) => id)).toEqual([
      'heap',
      'loop',
      'handles',
      'listeners',
      'stop',
      'traffic',
    ]);
    // Seconds are too short to say of a heap that it stays as it is.
    for (const id of ['handles', 'listeners', 'stop', 'traffic'])
      expect(report.verdicts.find((verdict) => verdict.id === id)).toMatchObject({ seen: 0, holds: true });
  }, 120_000);
});
