import {
  BanditRandom,
  evaluatePolicy,
  type IntervalMethod,
  type LoggedDecision,
} from '@kapelle/orchestrators';

import { meanOf } from './play.js';
import { linearClicks } from './simulators.js';

/** How an estimator does over many logs. */
export interface EstimatorRow {
  readonly estimator: 'ips' | 'snips' | 'dr';
  readonly bias: number;
  readonly sd: number;
  /** Share of intervals that hold the truth. */
  readonly coverage: number;
  readonly width: number;
}

/**
 * Evaluates a policy that mostly takes the best of linear clicks, on logs of another that takes it rarely; the truth is
 * the mean over 200,000 rounds.
 */
export function evaluationQuality(
  logs: number,
  rows: number,
  interval: IntervalMethod,
): { readonly truth: number; readonly nominal: number; readonly rows: readonly EstimatorRow[] } {
  const nominal = 0.95;
  const random = BanditRandom.seeded('evaluation');
  const simulator = linearClicks(5, 4, BanditRandom.seeded('evaluated'));
  const policies = (means: Float64Array): { target: Float64Array; logging: Float64Array } => {
    const best = means.indexOf(Math.max(...means));
    const worst = means.indexOf(Math.min(...means));
    return {
      target: means.map((_, action) => (action === best ? 0.85 : 0.05)),
      logging: means.map((_, action) => (action === worst ? 0.55 : 0.15)),
    };
  };
  let truth = 0;
  for (let n = 0; n < 200_000; n += 1) {
    const { means } = simulator.next();
    const { target } = policies(means);
    truth += means.reduce((sum, mean, action) => sum + mean * (target[action] as number), 0) / 200_000;
  }
  const evaluations = Array.from({ length: logs }, () => {
    const log = Array.from({ length: rows }, (): LoggedDecision => {
      const { x, means, rewards } = simulator.next();
      const { target, logging } = policies(means);
      const action = random.pick(logging);
      return {
        x,
        action,
        reward: rewards[action] as number,
        probability: logging[action] as number,
        target,
      };
    });
    return evaluatePolicy(log, { confidence: nominal, interval, resamples: 300, random, actions: 4 });
  });
  return {
    truth,
    nominal,
    rows: (['ips', 'snips', 'dr'] as const).map((estimator) => {
      const estimates = evaluations.map((each) => each[estimator]);
      const { mean, sd } = meanOf(estimates.map(({ value }) => value));
      return {
        estimator,
        bias: mean - truth,
        sd,
        coverage: estimates.filter(({ low, high }) => low <= truth && truth <= high).length / logs,
        width: meanOf(estimates.map(({ low, high }) => high - low)).mean,
      };
    }),
  };
}
