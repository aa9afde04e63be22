import { checkNumber, checkWhole } from './analytics-error.js';
import { metricChecks } from './metric-checks.js';
import { isUsable, type Metric, worseBy } from './metric.js';
import type { Points } from './metric-series.js';
import { compareSamples } from './statistics/two-samples.js';
import { type LinearFit, linearFit, valueAt } from './statistics/linear-fit.js';
import { normalQuantile } from './statistics/normal.js';
import { tCdf } from './statistics/student-t.js';
import { type AnalysisWindow, insufficient, type InsufficientData, medianOf, windowOf } from './window.js';

/** When a change of level is called one. */
export interface ChangeOptions {
  /**
   * How much evidence, in standard deviations summed up, is called a change. Fewer false alarms against a longer
   * delay: with 10, in independent noise, fewer than one in twenty windows of 1,000 points has a false alarm, a shift
   * of one standard deviation takes about 20 points, of two about 7.
   *
   * @default 10
   */
  readonly threshold?: number;
  /** The smallest shift worth finding, in standard deviations. @default 1 */
  readonly shift?: number;
  /** Points from which the first comparison is made. @default 20 */
  readonly warmUp?: number;
}

/** A time from which a metric lies elsewhere. */
export interface ChangePoint {
  /** Time of the first point of the new level, as well as it can be told; epoch ms. */
  readonly at: number;
  /** Time of the point with which the evidence was enough. */
  readonly detectedAt: number;
  /** Medians from the change before to this one, and from this one to the next. */
  readonly before: number;
  readonly after: number;
  readonly effect: 'better' | 'worse';
}

/** The changes of level of a series, the oldest first. */
export interface ChangesFound {
  readonly status: 'ok';
  readonly changes: readonly ChangePoint[];
  readonly window: AnalysisWindow;
}

/** What the search for changes of level came to. */
export type Changes = ChangesFound | InsufficientData;

/** One wild point adds no more than this. */
const MAX_SCORE = 3;

/**
 * A two-sided cumulative sum that needs to know neither mean nor scatter (D. M. Hawkins, "Self-starting CUSUM charts",
 * The Statistician 36, 1987): each value is compared with all before it. Scores are cut at 3, so that it takes more
 * than one wild point to look like a new level (J. M. Lucas, R. B. Crosier, 1982). Feed it one value at a time.
 *
 * It takes values for independent: in noise whose values resemble their predecessors it gives false alarms.
 */
export class CusumDetector {
  readonly #threshold: number;
  readonly #slack: number;
  readonly #warmUp: number;
  #count = 0;
  #mean = 0;
  #squares = 0;
  #up = 0;
  #down = 0;
  #upSince = 0;
  #downSince = 0;

  /** @throws {@link AnalyticsOptionError} */
  constructor(options: ChangeOptions = {}) {
    const { threshold = 10, shift = 1, warmUp = 20 } = metricChecks.object('options', options);
    this.#threshold = checkNumber('threshold', threshold, 1);
    this.#slack = checkNumber('shift', shift, 0.1) / 2;
    this.#warmUp = checkWhole('warmUp', warmUp, 5);
  }

  /**
   * Takes the next value.
   *
   * @returns how many values ago the new level began, this one included, where there is one; the detector then starts
   * anew and knows those values alone. Else 0, and for what is no finite number or one beyond ±1e100, which it leaves out.
   */
  next(value: number): number {
    if (!isUsable(value)) return 0;
    const score = this.#score(value);
    this.#learn(value, score);
    if (score === undefined) return 0;
    this.#up += score - this.#slack;
    if (this.#up <= 0) [this.#up, this.#upSince] = [0, 0];
    else this.#upSince += 1;
    this.#down += -score - this.#slack;
    if (this.#down <= 0) [this.#down, this.#downSince] = [0, 0];
    else this.#downSince += 1;
    const since =
      this.#up >= this.#threshold ? this.#upSince : this.#down >= this.#threshold ? this.#downSince : 0;
    if (since > 0) this.reset();
    return since;
  }

  /** Forgets everything. */
  reset(): void {
    this.#count = this.#mean = this.#squares = 0;
    this.#up = this.#down = this.#upSince = this.#downSince = 0;
  }

  /** A standard normal number where the value comes from where the others come from. */
  #score(value: number): number | undefined {
    const n = this.#count;
    if (n < this.#warmUp) return undefined;
    const sigma = Math.sqrt(this.#squares / (n - 1));
    if (sigma <= 1e-12 * Math.abs(this.#mean)) {
      // Nothing has scattered so far: the same again is no evidence, anything else is as much as one value can be.
      return Math.abs(value - this.#mean) <= 1e-9 * Math.abs(this.#mean)
        ? 0
        : MAX_SCORE * Math.sign(value - this.#mean);
    }
    const t = Math.sqrt(n / (n + 1)) * ((value - this.#mean) / sigma);
    const score = n > 200 ? t : normalQuantile(tCdf(t, n - 1));
    return Math.max(-MAX_SCORE, Math.min(MAX_SCORE, score));
  }

  #learn(value: number, score: number | undefined): void {
    const sigma = this.#count > 1 ? Math.sqrt(this.#squares / (this.#count - 1)) : 0;
    // A wild value must not hide the next ones by widening the scatter.
    const taken =
      score !== undefined && Math.abs(score) === MAX_SCORE && sigma > 0
        ? this.#mean + MAX_SCORE * Math.sign(score) * sigma
        : value;
    this.#count += 1;
    const away = taken - this.#mean;
    this.#mean += away / this.#count;
    this.#squares += away * (taken - this.#mean);
  }
}

/** A line explains three quarters of a single step at best: from here on it is a line, and levels are sought beside it. */
const IS_A_LINE = 0.8;

/**
 * Every change of level in the window, oldest first. Where the points lie along a line, changes are those beside it: a
 * steady rise is a trend, not a row of steps.
 */
export function changesOf(metric: Metric, points: Points, options: ChangeOptions = {}): Changes {
  const detector = new CusumDetector(options);
  const needed = (options.warmUp ?? 20) + 1;
  const { at, value } = points;
  if (at.length < needed) return insufficient(at.length, needed);
  const start = at[0] as number;
  const times = at.map((time) => time - start);
  const fit = linearFit(times, value);
  const line = fit !== undefined && fit.rSquared > IS_A_LINE ? fit : undefined;
  const beside = line === undefined ? value : besideLine(line, times, value);
  const found = stepsIn(beside, detector);
  const starts = [0, ...found.map((step) => step.start), at.length];
  const changes = found.map((step, index): ChangePoint => {
    const there = line === undefined ? 0 : valueAt(line, times[step.start] as number);
    const before = there + medianOf(beside.subarray(starts[index], step.start));
    const after = there + medianOf(beside.subarray(step.start, starts[index + 2]));
    return {
      at: at[step.start] as number,
      detectedAt: at[step.seen] as number,
      before,
      after,
      effect: worseBy(metric, after, before) > 0 ? 'worse' : 'better',
    };
  });
  return { status: 'ok', changes, window: windowOf(points) };
}

/** What the line does not explain; nothing where that is rounding. */
function besideLine(line: LinearFit, times: Float64Array, value: Float64Array): Float64Array {
  const explained = Math.abs(line.slope) * Math.sqrt(line.sumXX / line.n);
  if (line.residualError <= 1e-9 * explained) return new Float64Array(value.length);
  return value.map((each, index) => each - valueAt(line, times[index] as number));
}

function stepsIn(value: Float64Array, detector: CusumDetector): readonly { start: number; seen: number }[] {
  const found: { start: number; seen: number }[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const since = detector.next(value[index] as number);
    if (since === 0) continue;
    const start = index - since + 1;
    found.push({ start, seen: index });
    // The new level is known by the points since it began.
    for (let again = start; again <= index; again += 1) detector.next(value[again] as number);
  }
  return found;
}

/** When a change of distribution is called one. */
export interface DriftOptions {
  /** Of both halves together. @default 50 */
  readonly minPoints?: number;
  /** The distance must be larger than this, 0 to 1. @default 0.15 */
  readonly minDistance?: number;
  /** And the p-value smaller than this. @default 0.05 */
  readonly significance?: number;
}

/** Whether the newer half of a window is distributed as the older half. */
export interface DriftFound {
  readonly status: 'stable' | 'drifted';
  /** Kolmogorov–Smirnov, 0 to 1. */
  readonly distance: number;
  readonly pValue: number;
  /** How far values have moved on average, in the unit of the metric (Wasserstein distance). */
  readonly shift: number;
  readonly before: AnalysisWindow;
  readonly after: AnalysisWindow;
}

/** What the comparison of the two halves came to. */
export type Drift = DriftFound | InsufficientData;

/** Compares the older half of the points with the newer one; finds changes of scatter and shape, not of level alone. */
export function driftOf(points: Points, options: DriftOptions = {}): Drift {
  const minPoints = checkWhole('minPoints', options.minPoints ?? 50, 20);
  const minDistance = checkNumber('minDistance', options.minDistance ?? 0.15, 0, 1);
  const significance = checkNumber('significance', options.significance ?? 0.05, 0, 1);
  const { at, value } = points;
  if (at.length < minPoints) return insufficient(at.length, minPoints);
  const middle = at.length >> 1;
  const { distance, pValue, shift } = compareSamples(value.subarray(0, middle), value.subarray(middle));
  return {
    status: distance > minDistance && pValue < significance ? 'drifted' : 'stable',
    distance,
    pValue,
    shift,
    before: windowOf({ at: at.subarray(0, middle), value: value.subarray(0, middle) }),
    after: windowOf({ at: at.subarray(middle), value: value.subarray(middle) }),
  };
}
