/**
 * Drives a host with mixed traffic for a while and looks at what the process holds: calls of all kinds, policies with
 * failures and time-outs, queues, background tasks, tracing that comes and goes, metrics that are scraped.
 *
 *   npm run soak                         three minutes
 *   npm run soak -- --minutes 30         so long; 0.1 at least. What it takes to warm up comes before that
 *   npm run soak -- --max-delay-ms 500   the bound for the p99 of the event loop's delay, where the machine is busy (default 100)
 *   npm run soak -- --json               the result as data
 *   npm run soak -- --leak               leaks on purpose, to see that it is noticed
 *   npm run soak -- --no-build           as the packages are, not compiled again
 *
 * The exit code is 1 where a verdict does not hold: the heap grows, the loop is late, something is left after the stop, or
 * the traffic was not what it should be. Progress goes to the standard error output.
 */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const LEAST_MINUTES = 0.1;
const MOST_MINUTES = 24 * 60;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    'max-delay-ms': { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
    leak: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
});
/** Wrong options end the program with exit code 2, so that nobody takes them for a verdict. */
function numberOf(name, least, most) {
  const text = values[name];
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= least && number <= most) return number;
  process.stderr.write(`--${name} must be a number from ${least} to ${most}, got ${JSON.stringify(text)}.\n`);
  process.exit(2);
}
const minutes = numberOf('minutes', LEAST_MINUTES, MOST_MINUTES);
const maxDelayMs = numberOf('max-delay-ms', 1, 60_000);
if (!values['no-build']) {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

const { soak } = await import('./soak/soak.mjs');
const { printSoak } = await import('./soak/print.mjs');
const report = await soak({
  minutes,
  maxDelayMs,
  leak: values.leak,
  onSample: ({ atMs, heapBytes, calls, loop }) => {
    const mebibytes = (heapBytes / 2 ** 20).toFixed(2);
    process.stderr.write(
      `${(atMs / 1_000).toFixed(1).padStart(7)} s  heap ${mebibytes} MiB  ${calls.toLocaleString('en')} calls  loop p99 ${loop.p99Ms.toFixed(1)} ms\n`,
    );
  },
});
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else printSoak(report);
// What was left behind, the verdict on it told, must not keep the program running.
process.stdout.write('', () => process.exit(report.holds ? 0 : 1));
