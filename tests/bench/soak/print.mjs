/** The result of a soak on a terminal. */
import { withUnit } from '../report/numbers.mjs';
import { printTable } from '../report/table.mjs';

const ROWS = 12;

/** @param report as `--json` gives it */
export function printSoak({ machine, minutes, calls, outcomes, happened, samples, verdicts, holds }) {
  console.log(
    `Node ${machine.node}, ${machine.cores} × ${machine.cpu}, load ${machine.loadAverage} at the start`,
  );
  console.log(`${minutes} min, ${calls.toLocaleString('en')} calls\n`);
  printTable(
    ['traffic', 'outcomes'],
    Object.entries(outcomes).map(([kind, counts]) => [
      kind,
      Object.entries(counts)
        .map(([outcome, count]) => `${outcome} ${count.toLocaleString('en')}`)
        .join(', '),
    ]),
  );
  console.log(
    `\n${Object.entries(happened)
      .map(([what, count]) => `${what} ${count.toLocaleString('en')}`)
      .join(', ')}\n`,
  );
  const every = Math.max(1, Math.ceil(samples.length / ROWS));
  printTable(
    ['at', 'heap after gc', 'handles', 'calls', 'loop p99', 'loop max'],
    samples
      .filter((_, index) => index % every === 0 || index === samples.length - 1)
      .map(({ atMs, heapBytes, handles, calls: made, loop }) => [
        `${(atMs / 1_000).toFixed(1)} s`,
        withUnit(heapBytes, 'bytes'),
        String(handles),
        made.toLocaleString('en'),
        withUnit(loop.p99Ms, 'ms'),
        withUnit(loop.maxMs, 'ms'),
      ]),
  );
  const { details } = verdicts.find(({ id }) => id === 'heap');
  const perMinute = (bytes) => `${withUnit(bytes, 'bytes')}`;
  console.log(
    `\nSlope of the heap over the second half: ${perMinute(details.bytesPerMinute)} a minute (90 % sure: from ${perMinute(details.bytesPerMinuteAtLeast)} to ${perMinute(details.bytesPerMinuteAtMost)})\n`,
  );
  printTable(
    ['verdict', 'bound', 'seen', ''],
    verdicts.map(({ what, limit, unit, seen, holds: each }) => [
      what,
      limit === 0 ? '0' : `≤ ${withUnit(limit, unit)}`,
      withUnit(seen, unit),
      each ? 'holds' : 'FAILS',
    ]),
  );
  for (const { what, holds: each, details: why } of verdicts) {
    if (!each && (Array.isArray(why) || typeof why === 'object'))
      console.log(`\n${what}: ${JSON.stringify(why)}`);
  }
  console.log(holds ? '\nEverything holds.' : '\nSomething does not hold.');
}
