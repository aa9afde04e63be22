import {
  bernoulliRegret,
  costs,
  delayedRegret,
  facadeCosts,
  publishedWheel,
  regretTable,
  SIMULATORS,
} from './measure.js';
import { evaluationQuality } from './measure-evaluation.js';
import { type Measured, reportOf } from './report.js';
import { laiRobbins, RARE_ARMS } from './simulators.js';

/** Measures everything; `quick` with few seeds, for a look. */
export async function measureAll(quick: boolean, say: (text: string) => void): Promise<Measured> {
  const seeds = quick ? 4 : 12;
  const delays = [1, 10, 100, 1_000];
  const timed = <T>(name: string, run: () => T): T => {
    const begun = performance.now();
    const result = run();
    say(`${name}: ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
    return result;
  };
  const wheels = quick ? 5 : 30;
  const logs = quick ? 100 : 1_000;
  const bootstrapped = quick ? 50 : 300;
  return {
    node: process.version,
    seeds,
    published: { ...timed('the wheel of the paper', () => publishedWheel(wheels)), seeds: wheels },
    bernoulli: timed('Bernoulli arms', () => bernoulliRegret(quick ? 5 : 24, quick ? 2_000 : 10_000)),
    tables: Object.entries(SIMULATORS).map(([name, make]) =>
      timed(name, () => regretTable(make, seeds, quick ? 1_600 : 8_000)),
    ),
    delayed: timed('delays', () => delayedRegret(seeds, quick ? 1_600 : 8_000, delays)),
    delays,
    evaluation: (['normal', 'bootstrap'] as const).map((interval) => {
      const count = interval === 'normal' ? logs : bootstrapped;
      return {
        interval,
        logs: count,
        logRows: 500,
        quality: timed(`evaluation, ${interval}`, () => evaluationQuality(count, 500, interval)),
      };
    }),
    costs: [
      { dimension: 8, actions: 4, rows: timed('cost', () => costs(8, 4)) },
      { dimension: 32, actions: 8, rows: timed('cost', () => costs(32, 8)) },
    ],
    facade: await facadeCosts(),
  };
}

export { reportOf };

/** The part that the tests look at: seconds, and the same seeds each time. */
export function measureFast() {
  return {
    linear: regretTable(SIMULATORS.linearClicks, 6, 2_400, ['doubly_robust', 'linucb', 'thompson_gaussian']),
    bands: regretTable(SIMULATORS.bands, 12, 8_000, ['doubly_robust', 'offset_tree', 'linucb']),
    wheel: publishedWheel(12),
    bernoulli: bernoulliRegret(6, 2_000),
    bernoulliSlope: laiRobbins(RARE_ARMS),
    evaluation: (['normal', 'bootstrap'] as const).map((interval) => {
      const logs = interval === 'normal' ? 400 : 150;
      return { logs, quality: evaluationQuality(logs, 300, interval) };
    }),
  };
}
