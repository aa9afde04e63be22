import { seededRandom } from './seeded-random.js';

/** Two ways of doing the same things, compared. */
export interface ScoreComparison {
  /** Things that were done both ways. */
  readonly n: number;
  /** Mean score before and after, 0 to 1. */
  readonly before: number;
  readonly after: number;
  /** `after - before`. */
  readonly difference: number;
  /** Holds the true difference with `confidence`: percentile bootstrap over pairs. */
  readonly interval: readonly [number, number];
  readonly confidence: number;
  /** `better` or `worse` where the interval is on one side of 0; `unproven` otherwise. */
  readonly verdict: 'better' | 'worse' | 'unproven';
}

const RESAMPLES = 2_000;

/**
 * Compares scores of the same things, pair by pair (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993). The
 * same scores always give the same interval.
 *
 * @param confidence of the interval, 0.5 to 0.9999
 */
export function compareScores(
  before: readonly number[],
  after: readonly number[],
  confidence = 0.95,
): ScoreComparison {
  const n = Math.min(before.length, after.length);
  const differences = Array.from({ length: n }, (_none, i) => (after[i] as number) - (before[i] as number));
  const difference = mean(differences);
  const interval = n === 0 ? ([0, 0] as const) : bootstrap(differences, confidence);
  return {
    n,
    before: mean(before.slice(0, n)),
    after: mean(after.slice(0, n)),
    difference,
    interval,
    confidence,
    verdict: interval[0] > 0 ? 'better' : interval[1] < 0 ? 'worse' : 'unproven',
  };
}

function bootstrap(differences: readonly number[], confidence: number): readonly [number, number] {
  const random = seededRandom(`bootstrap ${differences.length}`);
  const { length } = differences;
  const means = new Float64Array(RESAMPLES);
  for (let round = 0; round < RESAMPLES; round += 1) {
    let sum = 0;
    for (let i = 0; i < length; i += 1) sum += differences[Math.floor(random() * length)] as number;
    means[round] = sum / length;
  }
  return middle(means, confidence);
}

/** Between which values the given share of all lies, as much being below as above. */
function middle(values: Float64Array, share: number): readonly [number, number] {
  values.sort();
  const tail = (1 - share) / 2;
  const last = values.length - 1;
  const low = values[Math.floor(tail * values.length)] as number;
  const high = values[Math.min(last, Math.ceil((1 - tail) * values.length) - 1)] as number;
  return [low, high];
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

/**
 * Compares scores of different things: percentile bootstrap of the difference of the means. The same scores always give the
 * same interval.
 *
 * @param confidence of the interval, 0.5 to 0.9999
 */
export function compareSamples(
  before: readonly number[],
  after: readonly number[],
  confidence = 0.95,
): ScoreComparison {
  const n = Math.min(before.length, after.length);
  const difference = mean(after) - mean(before);
  let interval: readonly [number, number] = [0, 0];
  if (n > 0) {
    const random = seededRandom(`samples ${before.length} ${after.length}`);
    const resampled = (scores: readonly number[]): number => {
      let sum = 0;
      for (let i = 0; i < scores.length; i += 1)
        sum += scores[Math.floor(random() * scores.length)] as number;
      return sum / scores.length;
    };
    const differences = Float64Array.from({ length: RESAMPLES }, () => resampled(after) - resampled(before));
    interval = middle(differences, confidence);
  }
  return {
    n,
    before: mean(before),
    after: mean(after),
    difference,
    interval,
    confidence,
    verdict: interval[0] > 0 ? 'better' : interval[1] < 0 ? 'worse' : 'unproven',
  };
}
