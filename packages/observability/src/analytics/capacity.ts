import { checkNumber, checkWhole } from './analytics-error.js';
import { type Metric, worseBy } from './metric.js';
import type { Points } from './metric-series.js';
import { linearFit, valueAt } from './statistics/linear-fit.js';
import { tQuantile } from './statistics/student-t.js';
import { type AnalysisWindow, insufficient, type InsufficientData, windowOf } from './window.js';

/** How much has to be known before a limit is predicted. */
export interface CapacityOptions {
  /** @default 20 */
  readonly minPoints?: number;
  /** @default 0.95 */
  readonly confidence?: number;
  /**
   * How far ahead is looked, in lengths of the window: a line through an hour says nothing about a month.
   *
   * @default 3
   */
  readonly maxWindowsAhead?: number;
}

/** When a metric reaches its limit. */
export interface CapacityFound {
  /**
   * `reached`: the line is beyond the limit now. `approaching`: it gets there within what is looked ahead.
   * `far`: later, or not at all.
   */
  readonly status: 'reached' | 'approaching' | 'far';
  readonly limit: number;
  /** The value of the line at the last point. */
  readonly current: number;
  /** When the line crosses, epoch ms; only while approaching. */
  readonly at?: number;
  /** The interval of that time. */
  readonly earliest?: number;
  readonly latest?: number;
  readonly confidence: number;
  readonly window: AnalysisWindow;
}

/** When a limit is reached, where enough is known. */
export type Capacity = CapacityFound | InsufficientData;

/**
 * The time at which the regression line reaches the limit of the metric, with the interval that Fieller's theorem gives
 * (E. C. Fieller, J. R. Stat. Soc. B 16, 1954): the times at which the confidence band of the line crosses it.
 *
 * @returns `undefined` for a metric without a limit, or with a target direction.
 */
export function capacityOf(
  metric: Metric,
  points: Points,
  options: CapacityOptions = {},
): Capacity | undefined {
  const { limit } = metric;
  if (limit === undefined || metric.direction === 'target') return undefined;
  const minPoints = checkWhole('minPoints', options.minPoints ?? 20, 5);
  const confidence = checkNumber('confidence', options.confidence ?? 0.95, 0.5, 0.9999);
  const ahead = checkNumber('maxWindowsAhead', options.maxWindowsAhead ?? 3, 0.1);
  const { at } = points;
  if (at.length < minPoints) return insufficient(at.length, minPoints);
  const window = windowOf(points);
  const span = window.to - window.from;
  const hours = at.map((time) => (time - window.to) / 3_600_000);
  const fit = linearFit(hours, points.value, { adjust: true });
  if (fit === undefined) return insufficient(at.length, minPoints, 'all points have the same time');

  const current = valueAt(fit, 0);
  const common = { limit, current, confidence, window };
  if (worseBy(metric, current, limit) >= 0) return { status: 'reached', ...common };
  const toTime = (hoursFromMean: number): number => window.to + (hoursFromMean + fit.meanX) * 3_600_000;
  const missing = limit - fit.meanY;
  const crossing = fit.slope === 0 ? Infinity : toTime(missing / fit.slope);
  if (!(crossing > window.to && crossing <= window.to + ahead * span)) return { status: 'far', ...common };

  // (missing − slope · d)² = t² s² (1/n + d²/Sxx), solved for d.
  const t = fit.residualError === 0 ? 0 : tQuantile((1 + confidence) / 2, fit.degreesOfFreedom);
  const variance = (t * fit.residualError) ** 2;
  const a = fit.slope ** 2 - variance / fit.sumXX;
  const b = missing * fit.slope;
  const root = Math.sqrt(Math.max(0, b * b - a * (missing * missing - variance / fit.effectiveN)));
  if (a <= 0) {
    // The slope itself is uncertain: that it crosses is likely, not certain enough to speak of.
    return { status: 'far', ...common };
  }
  return {
    status: 'approaching',
    ...common,
    at: crossing,
    earliest: Math.max(window.to, toTime((b - root) / a)),
    latest: toTime((b + root) / a),
  };
}
