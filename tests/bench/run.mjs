/**
 * Runs every benchmark and prints one table of ratios. Each case has a process of its own per round and the rounds
 * are interleaved, so that a busy moment of the machine hits all of them.
 *
 *   npm run bench                    everything, as a table
 *   npm run bench -- --json          the same as data
 *   npm run bench -- --only calls    calls | scale | leak
 *   npm run bench -- --rounds 7      rounds per case (default 5)
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new RangeError(`--rounds must be an integer >= 1, got ${values.rounds}`);

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const shell = process.platform === 'win32';
execFileSync(process.execPath, [join(here, '../../node_modules/typescript/bin/tsc'), '-b'], {
  cwd: join(here, '../..'),
});
if (!existsSync(join(here, 'node_modules'))) {
  process.stderr.write('Installing the peers of the benchmark …\n');
  execFileSync(npm, ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: here, stdio: 'inherit', shell });
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const worker = (file, args, flags = []) =>
  JSON.parse(
    execFileSync(process.execPath, [...flags, join(here, file), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );

async function calls() {
  const { callCases } = await import('./call-cases.mjs');
  const samples = new Map(Object.keys(callCases).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of samples.keys()) {
      process.stderr.write(`\r\x1b[Kround ${round + 1}/${rounds}: ${name}`);
      samples.get(name).push(median(worker('worker.mjs', [name, '5'])));
    }
  }
  process.stderr.write('\r\x1b[K');
  const ns = Object.fromEntries([...samples].map(([name, all]) => [name, median(all)]));
  const spread = Object.fromEntries(
    [...samples].map(([name, all]) => [name, (Math.max(...all) - Math.min(...all)) / median(all)]),
  );
  const ratio = (name, to) => ns[name] / ns[to];
  return {
    cases: Object.entries(callCases).map(([name, { what }]) => ({
      name,
      what,
      ns: ns[name],
      spread: spread[name],
    })),
    // A process whose AsyncLocalStorage is on pays for every promise in it: peers that run beside it do too.
    oneProcess: worker('one-process.mjs', []),
    ratios: [
      { what: 'default call / raw awaited function', value: ratio('kapelle-default', 'raw') },
      { what: 'default call / NestJS CQRS', value: ratio('kapelle-default', 'nest-cqrs') },
      { what: 'explicit context / NestJS CQRS', value: ratio('kapelle-explicit', 'nest-cqrs') },
      {
        what: 'full call / Moleculer with validation, metrics, timeout',
        value: ratio('kapelle-full', 'moleculer-full'),
      },
      { what: 'full call / NestJS CQRS with ValidationPipe', value: ratio('kapelle-full', 'nest-cqrs-pipe') },
      {
        what: 'validation alone / Moleculer with validation alone',
        value: ratio('kapelle-validated', 'moleculer-valid'),
      },
      { what: 'overhead on 50 µs of work', value: ratio('work50-full', 'work50-raw') - 1 },
      { what: 'overhead on 500 µs of work', value: ratio('work500-full', 'work500-raw') - 1 },
    ],
  };
}

function scale() {
  return [1_000, 10_000].map((orchestrators) => {
    const runs = Array.from({ length: rounds }, () =>
      worker('scale.mjs', [String(orchestrators)], ['--expose-gc']),
    );
    return {
      orchestrators,
      registerToStartedMs: median(runs.map((run) => run.registerToStartedMs)),
      graphCheckMs: median(runs.map((run) => run.graphCheckMs)),
      stopMs: median(runs.map((run) => run.stopMs)),
      bytesBeyondInversify: median(runs.map((run) => run.bytesBeyondInversify)),
    };
  });
}

const leak = () => worker('leak.mjs', ['1000000'], ['--expose-gc']);

const wants = (part) => values.only === undefined || values.only === part;
const report = {
  machine: { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
  rounds,
  ...(wants('calls') ? { calls: await calls() } : {}),
  ...(wants('scale') ? { scale: scale() } : {}),
  ...(wants('leak') ? { millionCalls: leak() } : {}),
};

if (values.json) {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  const line = (left, right) => console.log(`  ${left.padEnd(62)}${right}`);
  console.log(
    `Node ${report.machine.node}, ${report.machine.cores} × ${report.machine.cpu}, median of ${rounds} rounds\n`,
  );
  if (report.calls) {
    console.log('Calls, a process each');
    for (const { what, ns, spread } of report.calls.cases)
      line(what, `${Math.round(ns).toLocaleString('en').padStart(9)} ns  ± ${Math.round(spread * 50)} %`);
    console.log('\nCalls side by side in one process (AsyncLocalStorage on for all)');
    for (const { what, ns } of report.calls.oneProcess)
      line(what, `${Math.round(ns).toLocaleString('en').padStart(9)} ns`);
    console.log('\nRatios of the first table');
    for (const { what, value } of report.calls.ratios)
      line(what, what.startsWith('overhead') ? `${(value * 100).toFixed(1)} %` : `${value.toFixed(2)} ×`);
  }
  for (const each of report.scale ?? []) {
    console.log(`\n${each.orchestrators.toLocaleString('en')} orchestrators`);
    line('register → started', `${each.registerToStartedMs.toFixed(0)} ms`);
    line('graph check', `${each.graphCheckMs.toFixed(1)} ms`);
    line('stop', `${each.stopMs.toFixed(0)} ms`);
    line('memory each, beyond the Inversify bindings', `${each.bytesBeyondInversify.toFixed(0)} bytes`);
  }
  if (report.millionCalls) {
    console.log('\nA million calls');
    line('heap after − heap before', `${(report.millionCalls.heapGrowthBytes / 1024).toFixed(0)} KiB`);
    line('handles left', report.millionCalls.handlesLeft.join(', ') || 'none');
  }
}
