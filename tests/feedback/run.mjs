/**
 * How many signals `unified_feedback` accepts and learns, beside queues with an average written around them. Each
 * subject has a process of its own per round, and the rounds are interleaved; numbers are medians of the rounds. Rates are
 * given per second of the clock, for which every other program on the machine counts, and per second of CPU time of all
 * threads, for which they do not; the figures are judged by the latter.
 *
 *   node tests/feedback/run.mjs                a table
 *   node tests/feedback/run.mjs --json         the same as data
 *   node tests/feedback/run.mjs --rounds 5     rounds (default 3)
 *   node tests/feedback/run.mjs --no-build     with the packages as they are
 *
 * The exit code is 1 where a subject fails or loses a signal, never for a time.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { describeMachine } from '../bench/report/machine.mjs';
import { median } from '../bench/statistics.mjs';
import { SUBJECTS } from './subjects.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const bench = join(here, '../bench');
const LIMIT_MS = 180_000;
/** What is promised, in signals per second. */
const FIGURES = { accepted: 100_000, learnt: 20_000 };

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    'no-build': { type: 'boolean', default: false },
    subject: { type: 'string' },
  },
});

if (values.subject === undefined) await runAll();
else await runOne(values.subject);

/** In a process of its own: prints what it measured. */
async function runOne(id) {
  const { count, run } = SUBJECTS[id];
  const { accepted, learnt, signals, dropped } = await run(count);
  if (signals + dropped !== count)
    throw new Error(`${count} signals went in, ${signals} were learnt, ${dropped} dropped.`);
  process.stdout.write(`${JSON.stringify({ accepted, learnt, signals, dropped, count })}\n`);
}

async function runAll() {
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds must be an integer >= 1, got ${values.rounds}`);
  const shell = process.platform === 'win32';
  if (!existsSync(join(bench, 'node_modules'))) {
    const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
    execFileSync('npm', install, { cwd: bench, stdio: ['ignore', 2, 2], shell });
  }
  if (!values['no-build']) {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
  }
  const measured = new Map(Object.keys(SUBJECTS).map((id) => [id, []]));
  const failures = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [id, seen] of measured) {
      try {
        const args = [
          '--disable-warning=ExperimentalWarning',
          fileURLToPath(import.meta.url),
          '--subject',
          id,
        ];
        const { stdout } = await promisify(execFile)(process.execPath, args, {
          timeout: LIMIT_MS,
          killSignal: 'SIGKILL',
        });
        seen.push(JSON.parse(stdout.trim().split('\n').at(-1)));
      } catch (error) {
        failures.push({
          id,
          message: String(error.stderr || error.message)
            .trim()
            .split('\n')
            .slice(-4)
            .join('\n'),
        });
      }
    }
  }
  const report = { kind: 'feedback', machine: describeMachine(), rounds, rows: rowsOf(measured), failures };
  report.figures = figuresOf(report.rows);
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else print(report);
  if (failures.length > 0 || report.rows.some(({ dropped }) => dropped > 0)) process.exitCode = 1;
}

function rowsOf(measured) {
  return [...measured].flatMap(([id, seen]) => {
    if (seen.length === 0) return [];
    const rate = (of, unit) => Math.round(median(seen.map((each) => (each.count / of(each)[unit]) * 1_000)));
    return [
      {
        id,
        what: SUBJECTS[id].what,
        ours: SUBJECTS[id].ours === true,
        acceptedPerSecond: rate(({ accepted }) => accepted, 'wallMs'),
        learntPerSecond: rate(({ learnt }) => learnt, 'wallMs'),
        acceptedPerCpuSecond: rate(({ accepted }) => accepted, 'cpuMs'),
        learntPerCpuSecond: rate(({ learnt }) => learnt, 'cpuMs'),
        dropped: Math.max(...seen.map(({ dropped }) => dropped)),
      },
    ];
  });
}

function figuresOf(rows) {
  return rows
    .filter(({ id }) => ['single', 'concurrent', 'batch'].includes(id))
    .flatMap(({ id, acceptedPerCpuSecond: accepted, learntPerCpuSecond: learnt }) => [
      { id, figure: 'accepted', wanted: FIGURES.accepted, got: accepted, met: accepted >= FIGURES.accepted },
      { id, figure: 'learnt', wanted: FIGURES.learnt, got: learnt, met: learnt >= FIGURES.learnt },
    ]);
}

function print({ machine, rounds, rows, figures, failures }) {
  const number = (value) => Math.round(value).toLocaleString('en-US');
  const line = (cells) =>
    `${cells[0].padEnd(66)}${cells
      .slice(1)
      .map((cell) => cell.padStart(16))
      .join('')}\n`;
  const out = [
    `${machine.cpu}, ${machine.cores} cores, load ${machine.loadAverage}, Node ${machine.node}; medians of ${rounds} rounds\n\n`,
  ];
  out.push(line(['', 'accepted/s', 'learnt/s', 'accepted/CPU s', 'learnt/CPU s', 'dropped']));
  for (const row of rows) {
    const { acceptedPerSecond, learntPerSecond, acceptedPerCpuSecond, learntPerCpuSecond, dropped } = row;
    const rates = [acceptedPerSecond, learntPerSecond, acceptedPerCpuSecond, learntPerCpuSecond, dropped];
    out.push(line([row.what, ...rates.map(number)]));
  }
  out.push('\n');
  for (const { id, figure, wanted, got, met } of figures) {
    out.push(
      `${met ? 'met   ' : 'missed'} ${id}: ${number(got)} ${figure} per CPU second, ${number(wanted)} wanted\n`,
    );
  }
  for (const { id, message } of failures) out.push(`failed ${id}: ${message}\n`);
  process.stdout.write(out.join(''));
}
