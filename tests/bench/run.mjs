/**
 * Runs the benchmarks of Kapelle and of its peers and prints them side by side. Each case has a process of its own per round,
 * and the rounds are interleaved, so that a busy moment of the machine hits all of them. Numbers are medians of the rounds.
 *
 *   npm run bench                             everything, as tables
 *   npm run bench -- --json                   the same as data
 *   npm run bench -- --only calls             one part, or several: calls,policies
 *   npm run bench -- --rounds 3               rounds per case (default 5)
 *   npm run bench -- --out node-20.json       tables, and the data into a file: what the page is written from
 *   npm run bench -- --page a.json b.json     nothing is run: docs/reference/benchmarks.md from such files, one per Node
 *   npm run bench -- --no-build               as the packages are, not compiled again
 *
 * The exit code is 1 where a case fails, never for a time.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { evaluate } from './report/figures.mjs';
import { describeMachine, describeSource, loadNow } from './report/machine.mjs';
import { printReport } from './report/table.mjs';
import { summary } from './statistics.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const CASE_LIMIT_MS = 180_000;
const run = promisify(execFile);
const nodeMajor = Number(process.versions.node.split('.')[0]);

const { PART_IDS, partById } = await import('./parts.mjs');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    page: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: PART_IDS.join(',') },
    rounds: { type: 'string', default: '5' },
    'no-build': { type: 'boolean', default: false },
  },
});
if (values.page) {
  const { writePage } = await import('./page.mjs');
  console.log(`Wrote ${(await writePage(positionals)).join(', ')}.`);
  process.exit(0);
}
if (positionals.length > 0)
  throw new RangeError(`Only --page takes files, got ${positionals.join(', ')}. Name parts with --only.`);
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new RangeError(`--rounds must be an integer >= 1, got ${values.rounds}`);
const wanted = values.only.split(',');
for (const id of wanted) {
  if (!PART_IDS.includes(id)) throw new RangeError(`--only takes ${PART_IDS.join(', ')}; got ${id}`);
}

const shell = process.platform === 'win32';
if (!existsSync(join(here, 'node_modules'))) {
  process.stderr.write('Installing the peers of the benchmark …\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: here,
    stdio: ['ignore', 2, 2],
    shell,
  });
}
if (!values['no-build']) {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

const parts = await Promise.all(PART_IDS.filter((id) => wanted.includes(id)).map(partById));
const canRun = ({ minNode = 0 }) => nodeMajor >= minNode;

/** What has one process: a case, or all cases of a group that are measured in turns. */
const jobs = parts.flatMap((part) =>
  part.groups.flatMap((group) => {
    const cases = group.cases.filter(canRun);
    return group.oneProcess
      ? [{ part, group, cases }]
      : cases.map((each) => ({ part, group, cases: [each], caseId: each.id }));
  }),
);

/** Values of the rounds, by case and by what was measured. */
const measured = new Map();
const failures = new Map();
const begun = performance.now();
const machine = describeMachine();

async function runJob({ part, group, cases, caseId }) {
  const args = ['--expose-gc', join(here, 'worker.mjs'), part.id, group.id, ...(caseId ? [caseId] : [])];
  try {
    const { stdout } = await run(process.execPath, args, {
      timeout: CASE_LIMIT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 26,
    });
    for (const [id, seen] of Object.entries(JSON.parse(stdout.trim().split('\n').at(-1)))) {
      const all = measured.get(id) ?? {};
      for (const [name, value] of Object.entries(seen)) {
        // What is NaN there is null in JSON: it has no value.
        if (value !== null) (all[name] ??= []).push(value);
      }
      measured.set(id, all);
    }
  } catch (error) {
    const last = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .slice(-6)
      .join('\n');
    for (const { id } of cases)
      failures.set(id, error.killed ? `no end after ${CASE_LIMIT_MS / 1_000} s` : last);
  }
}

const showProgress = process.stderr.isTTY === true;
for (let round = 1; round <= rounds; round += 1) {
  for (const [index, job] of jobs.entries()) {
    if (job.cases.some(({ id, maxRounds = Infinity }) => failures.has(id) || round > maxRounds)) continue;
    if (showProgress) {
      const name = `${job.part.id}: ${job.caseId ?? job.group.id}`;
      process.stderr.write(`\r\x1b[Kround ${round}/${rounds}, ${index + 1}/${jobs.length}, ${name}`);
    }
    await runJob(job);
  }
  if (!showProgress)
    process.stderr.write(
      `round ${round}/${rounds} done after ${Math.round((performance.now() - begun) / 1_000)} s\n`,
    );
}
if (showProgress) process.stderr.write('\r\x1b[K');

const report = {
  kind: 'bench',
  date: new Date().toISOString(),
  ...describeSource(root),
  machine,
  loadAtEnd: loadNow(),
  rounds,
  seconds: Math.round((performance.now() - begun) / 1_000),
  parts: parts.map((part) => ({
    id: part.id,
    title: part.title,
    groups: part.groups.map(({ id, title, note, base, oneProcess, columns, cases }) => ({
      id,
      title,
      ...(note === undefined ? {} : { note }),
      ...(base === undefined ? {} : { base }),
      ...(oneProcess === true ? { oneProcess } : {}),
      ...(columns === undefined ? {} : { columns }),
      cases: cases.filter(canRun).map((each) => ({
        id: each.id,
        what: each.what,
        ours: each.ours === true,
        ...(failures.has(each.id)
          ? { failed: failures.get(each.id) }
          : {
              values: Object.fromEntries(
                Object.entries(measured.get(each.id) ?? {}).map(([name, all]) => [name, summary(all)]),
              ),
            }),
      })),
    })),
    figures: evaluate(part, measured, nodeMajor),
  })),
};

if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(report)}\n`);
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else printReport(report);
for (const [id, message] of failures) process.stderr.write(`${id} failed: ${message}\n`);
if (failures.size > 0) process.exitCode = 1;
