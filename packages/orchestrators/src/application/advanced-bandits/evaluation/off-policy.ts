import { BanditError } from '../bandit-error.js';
import type { BanditRandom } from '../learning/bandit-random.js';
import { normalQuantile } from '../learning/normal-distribution.js';
import { RidgeRegression } from '../learning/ridge-regression.js';

/** One logged decision, and what the policy that is evaluated would have done in its place. */
export interface LoggedDecision {
  readonly x: Float64Array;
  /** Index of the action that was taken. */
  readonly action: number;
  readonly reward: number;
  /** How likely that action was to be taken; 0.000001 to 1. */
  readonly probability: number;
  /** How likely the policy takes each action; they sum to 1. */
  readonly target: Float64Array;
}

/** How the interval of an estimate is made. */
export const INTERVAL_METHODS = ['normal', 'bootstrap'] as const;
/** Name of one of them. */
export type IntervalMethod = (typeof INTERVAL_METHODS)[number];

/** An estimate of the mean reward of a policy. */
export interface PolicyEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly low: number;
  readonly high: number;
}

/** What an evaluation gives. */
export interface PolicyEvaluation {
  readonly rows: number;
  /** Mean reward of the log itself. */
  readonly logged: number;
  /** Inverse propensity scoring. */
  readonly ips: PolicyEstimate;
  /** The same with weights that are divided by their sum: a little bias for much less variance. */
  readonly snips: PolicyEstimate;
  /** Doubly robust, with reward models that have not seen the row they are asked about. */
  readonly dr: PolicyEstimate;
  readonly confidence: number;
  readonly interval: IntervalMethod;
  /** (Σw)² / Σw²: how many rows of the policy's own the log is worth. */
  readonly effectiveRows: number;
  readonly greatestWeight: number;
}

/** How an evaluation is made. */
export interface EvaluationSettings {
  /** Share of intervals that hold the truth, if all is as assumed; above 0, below 1. */
  readonly confidence: number;
  readonly interval: IntervalMethod;
  /** Samples of the bootstrap. */
  readonly resamples: number;
  /** Draws the samples of the bootstrap. */
  readonly random: BanditRandom;
  readonly actions: number;
}

const FOLDS = 5;
const RIDGE = 1;

/**
 * What a policy would have earned on average, from decisions of another.
 *
 * IPS: Horvitz and Thompson (1952); SNIPS: Swaminathan and Joachims, "The self-normalized estimator for counterfactual
 * learning", NIPS 2015; DR: Dudík, Langford and Li, ICML 2011, its reward model cross-fitted over 5 folds
 * (Chernozhukov et al., 2018) so that its guesses do not know the reward they are compared with. Intervals: normal,
 * with the delta method for SNIPS; or percentiles of the bootstrap (Efron and Tibshirani, 1993) over rows.
 *
 * @throws BanditError `BANDIT_LOG_INVALID` for fewer than 2 rows, or where the policy takes none of the logged actions
 */
export function evaluatePolicy(
  rows: readonly LoggedDecision[],
  settings: EvaluationSettings,
): PolicyEvaluation {
  if (rows.length < 2) {
    throw new BanditError(
      'BANDIT_LOG_INVALID',
      `A log of ${rows.length} rows says nothing about chance. Give 2 at least; hundreds for a useful interval.`,
      { details: { rows: rows.length } },
    );
  }
  const weights = rows.map(({ action, probability, target }) => (target[action] as number) / probability);
  const total = sumOf(weights);
  const squares = sumOf(weights.map((weight) => weight * weight));
  if (total === 0) {
    throw new BanditError(
      'BANDIT_LOG_INVALID',
      `The policy never takes an action of the ${rows.length} that were logged. Evaluate it on a log with exploration.`,
      { details: { rows: rows.length } },
    );
  }
  const weighted = rows.map(({ reward }, at) => (weights[at] as number) * reward);
  const robust = doublyRobustTerms(rows, weights, settings.actions);
  const intervals = intervalsOf(weights, weighted, robust, settings);
  return {
    rows: rows.length,
    logged: sumOf(rows.map(({ reward }) => reward)) / rows.length,
    ...intervals,
    confidence: settings.confidence,
    interval: settings.interval,
    effectiveRows: (total * total) / squares,
    greatestWeight: weights.reduce((most, weight) => Math.max(most, weight), 0),
  };
}

/** By row: what the model expects of the policy, corrected by what it missed of the logged reward. */
function doublyRobustTerms(
  rows: readonly LoggedDecision[],
  weights: readonly number[],
  actions: number,
): readonly number[] {
  const folds = Math.min(FOLDS, rows.length);
  const dimension = (rows[0] as LoggedDecision).x.length;
  const terms = new Array<number>(rows.length).fill(0);
  for (let fold = 0; fold < folds; fold += 1) {
    const guesses = Array.from({ length: actions }, () => new RidgeRegression(dimension, 1, RIDGE));
    for (const [at, { x, action, reward }] of rows.entries()) {
      if (at % folds !== fold) guesses[action]?.update(x, [reward]);
    }
    for (let at = fold; at < rows.length; at += folds) {
      const { x, action, reward, target } = rows[at] as LoggedDecision;
      const expected = guesses.map((guess) => guess.predict(x));
      const direct = sumOf(expected.map((value, each) => value * (target[each] as number)));
      terms[at] = direct + (weights[at] as number) * (reward - (expected[action] as number));
    }
  }
  return terms;
}

function intervalsOf(
  weights: readonly number[],
  weighted: readonly number[],
  robust: readonly number[],
  { confidence, interval, resamples, random }: EvaluationSettings,
): Pick<PolicyEvaluation, 'ips' | 'snips' | 'dr'> {
  const rows = weights.length;
  const total = sumOf(weights);
  const snips = sumOf(weighted) / total;
  const errors = {
    ips: errorOfMean(weighted),
    snips:
      Math.sqrt(sumOf(weighted.map((each, at) => (each - (weights[at] as number) * snips) ** 2))) / total,
    dr: errorOfMean(robust),
  };
  const values = { ips: sumOf(weighted) / rows, snips, dr: sumOf(robust) / rows };
  if (interval === 'normal') {
    const reach = normalQuantile((1 + confidence) / 2);
    const around = (name: keyof typeof values): PolicyEstimate => ({
      value: values[name],
      standardError: errors[name],
      low: values[name] - reach * errors[name],
      high: values[name] + reach * errors[name],
    });
    return { ips: around('ips'), snips: around('snips'), dr: around('dr') };
  }
  const samples = {
    ips: new Float64Array(resamples),
    snips: new Float64Array(resamples),
    dr: new Float64Array(resamples),
  };
  for (let sample = 0; sample < resamples; sample += 1) {
    let weight = 0;
    let reward = 0;
    let term = 0;
    for (let row = 0; row < rows; row += 1) {
      const at = Math.floor(random.next() * rows);
      weight += weights[at] as number;
      reward += weighted[at] as number;
      term += robust[at] as number;
    }
    samples.ips[sample] = reward / rows;
    samples.snips[sample] = weight > 0 ? reward / weight : values.snips;
    samples.dr[sample] = term / rows;
  }
  const between = (name: keyof typeof values): PolicyEstimate => {
    const sorted = samples[name].sort();
    const at = (share: number): number =>
      sorted[Math.min(resamples - 1, Math.max(0, Math.round(share * (resamples - 1))))] as number;
    return {
      value: values[name],
      standardError: deviationOf([...sorted]),
      low: at((1 - confidence) / 2),
      high: at((1 + confidence) / 2),
    };
  };
  return { ips: between('ips'), snips: between('snips'), dr: between('dr') };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function deviationOf(values: readonly number[]): number {
  const mean = sumOf(values) / values.length;
  return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1));
}

function errorOfMean(values: readonly number[]): number {
  return deviationOf(values) / Math.sqrt(values.length);
}
