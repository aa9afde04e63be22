import { checkNumber, checkWhole } from './analytics-error.js';
import type { Metric } from './metric.js';
import type { Points } from './metric-series.js';
import { linearFit, slopeInterval, valueAt } from './statistics/linear-fit.js';
import { theilSen } from './statistics/theil-sen.js';
import { type AnalysisWindow, insufficient, type InsufficientData, windowOf } from './window.js';

/** How a trend is estimated, and when it is called one. */
export interface TrendOptions {
  /**
   * `least-squares` allows for points that resemble the ones before; `theil-sen` for wild points, but not for the
   * former, and it looks at 400 points at most, evenly taken.
   *
   * @default 'least-squares'
   */
  readonly method?: 'least-squares' | 'theil-sen';
  /** @default 10 */
  readonly minPoints?: number;
  /** Of the interval; a slope is significant where its p-value is below 1 minus this. 0 to 1. @default 0.95 */
  readonly confidence?: number;
  /** Changes over the window that are smaller than this share of the value are called stable. @default 0.01 */
  readonly minChangeRatio?: number;
}

/** Where a metric is heading. */
export interface TrendFound {
  /** By the direction of the metric, where the slope is significant and the change is large enough. */
  readonly status: 'stable' | 'improving' | 'worsening';
  readonly method: 'least-squares' | 'theil-sen';
  /** In the unit of the metric. For a metric with a target: of the distance to it. */
  readonly slopePerHour: number;
  /** Holds the true slope with the given confidence. */
  readonly interval: readonly [number, number];
  readonly confidence: number;
  /** Of no trend. */
  readonly pValue: number;
  /** Share of the variance that the line explains; least squares only. */
  readonly rSquared?: number;
  /** From the beginning of the line to its end. */
  readonly change: number;
  /** `change` as a share of the value at the beginning; left out where that is 0, but for rounding. */
  readonly changeRatio?: number;
  readonly window: AnalysisWindow;
}

/** What the search for a trend came to. */
export type Trend = TrendFound | InsufficientData;

const HOUR_MS = 3_600_000;
/** A line that begins at 0 begins this share of its height away from it: no base for a ratio. */
const ROUNDING = 1e-9;
/** Pairs grow with the square. */
const THEIL_SEN_POINTS = 400;

/** Linear regression over the real times of the points. */
export function trendOf(metric: Metric, all: Points, options: TrendOptions = {}): Trend {
  const { method = 'least-squares', confidence = 0.95, minChangeRatio = 0.01 } = options;
  const minPoints = checkWhole('minPoints', options.minPoints ?? 10, 4);
  checkNumber('confidence', confidence, 0.5, 0.9999);
  checkNumber('minChangeRatio', minChangeRatio, 0);
  const points = method === 'theil-sen' ? evenly(all, THEIL_SEN_POINTS) : all;
  const { at } = points;
  if (at.length < minPoints) return insufficient(at.length, minPoints);
  const { direction, target = 0 } = metric;
  const y = direction === 'target' ? points.value.map((value) => Math.abs(value - target)) : points.value;
  const start = at[0] as number;
  const hours = at.map((time) => (time - start) / HOUR_MS);
  const line = method === 'theil-sen' ? robustLine(hours, y, confidence) : straightLine(hours, y, confidence);
  if (line === undefined) return insufficient(at.length, minPoints, 'all points have the same time');

  const span = hours[hours.length - 1] as number;
  const change = line.slope * span;
  const hasBase = Math.abs(line.first) > Math.abs(change) * ROUNDING;
  const changeRatio = hasBase ? change / Math.abs(line.first) : undefined;
  const isSignificant = line.pValue < 1 - confidence;
  const isLarge = changeRatio === undefined || Math.abs(changeRatio) >= minChangeRatio;
  const isGood = direction === 'higher-is-better' ? change > 0 : change < 0;
  return {
    status: isSignificant && isLarge && change !== 0 ? (isGood ? 'improving' : 'worsening') : 'stable',
    method,
    slopePerHour: line.slope,
    interval: line.interval,
    confidence,
    pValue: line.pValue,
    ...(line.rSquared === undefined ? {} : { rSquared: line.rSquared }),
    change,
    ...(changeRatio === undefined ? {} : { changeRatio }),
    window: windowOf(points),
  };
}

interface Line {
  readonly slope: number;
  readonly interval: readonly [number, number];
  readonly pValue: number;
  readonly rSquared?: number;
  /** At the time of the first point. */
  readonly first: number;
}

function straightLine(x: Float64Array, y: Float64Array, confidence: number): Line | undefined {
  const fit = linearFit(x, y, { adjust: true });
  if (fit === undefined) return undefined;
  const { slope, pValue, rSquared } = fit;
  return { slope, pValue, rSquared, interval: slopeInterval(fit, confidence), first: valueAt(fit, 0) };
}

function robustLine(x: Float64Array, y: Float64Array, confidence: number): Line | undefined {
  const fit = theilSen(x, y, confidence);
  if (fit === undefined) return undefined;
  const { slope, pValue, interval } = fit;
  return { slope, pValue, interval, first: fit.value - slope * fit.at };
}

/** At most `count` of the points, the first and the last among them. */
export function evenly(points: Points, count: number): Points {
  const { length } = points.at;
  if (length <= count) return points;
  const pick = (array: Float64Array): Float64Array =>
    Float64Array.from(
      { length: count },
      (_none, index) => array[Math.round((index * (length - 1)) / (count - 1))] as number,
    );
  return { at: pick(points.at), value: pick(points.value) };
}
