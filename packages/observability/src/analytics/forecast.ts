import { AnalyticsOptionError, checkNumber, checkWhole } from './analytics-error.js';
import type { Points } from './metric-series.js';
import { degreesOf, errorAt, expectedAt, fitDampedHolt, type Grid } from './statistics/damped-holt.js';
import { linearFit, predictionReach, valueAt } from './statistics/linear-fit.js';
import { tQuantile } from './statistics/student-t.js';
import { type AnalysisWindow, insufficient, type InsufficientData, medianOf, windowOf } from './window.js';

/** How, how far and how surely is forecast. */
export interface ForecastOptions {
  /**
   * `damped` follows the last level and trend, and flattens; `linear` continues the line through the whole window.
   *
   * @default 'damped'
   */
  readonly method?: 'damped' | 'linear';
  /** Steps ahead; a step is the median time between points. @default 5 */
  readonly horizon?: number;
  /** @default 15 */
  readonly minPoints?: number;
  /** Share of the values to come that the intervals shall hold, 0 to 1. @default 0.95 */
  readonly confidence?: number;
  /** The newest points it is made from. @default 300 */
  readonly lastPoints?: number;
}

/** One value to come. */
export interface ForecastPoint {
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
  /** The prediction interval. */
  readonly low: number;
  readonly high: number;
}

/** Values that are expected, one per step, with their intervals. */
export interface ForecastMade {
  readonly status: 'ok';
  readonly method: 'damped' | 'linear';
  readonly stepMs: number;
  readonly confidence: number;
  readonly points: readonly ForecastPoint[];
  /**
   * Mean absolute error within the window, over that of saying "as before": below 1 it is worth something. For
   * `damped`, of forecasts of one step.
   */
  readonly scaledError: number;
  readonly window: AnalysisWindow;
}

/** What a forecast came to. */
export type Forecast = ForecastMade | InsufficientData;

/** More empty steps than values, and the grid says more than the data. */
const MAX_GRID = 4;

/** What comes next, with intervals. They hold where what comes is made as what came. */
export function forecastOf(all: Points, options: ForecastOptions = {}): Forecast {
  const { method = 'damped', confidence = 0.95 } = options;
  const horizon = checkWhole('horizon', options.horizon ?? 5, 1);
  const minPoints = checkWhole('minPoints', options.minPoints ?? 15, 10);
  const lastPoints = checkWhole('lastPoints', options.lastPoints ?? 300, minPoints);
  checkNumber('confidence', confidence, 0.5, 0.9999);
  if (method !== 'damped' && method !== 'linear') {
    throw new AnalyticsOptionError(`method is ${JSON.stringify(method)}.`, 'Use damped or linear.');
  }
  const points = { at: all.at.slice(-lastPoints), value: all.value.slice(-lastPoints) };
  const { at } = points;
  if (at.length < minPoints) return insufficient(at.length, minPoints);
  const stepMs = medianOf(at.subarray(1).map((time, index) => time - (at[index] as number)));
  if (!(stepMs > 0)) return insufficient(at.length, minPoints, 'most points have the same time');
  const made = method === 'damped' ? damped(points, stepMs, confidence) : linear(points, stepMs, confidence);
  if (made === undefined)
    return insufficient(at.length, minPoints, 'the points are too unevenly spread over time');
  const last = at[at.length - 1] as number;
  return {
    status: 'ok',
    method,
    stepMs,
    confidence,
    points: Array.from({ length: horizon }, (_none, index) => {
      const step = index + 1;
      const { value, reach } = made.ahead(step);
      return { at: last + step * stepMs, value, low: value - reach, high: value + reach };
    }),
    scaledError: made.scaledError,
    window: windowOf(points),
  };
}

interface Made {
  readonly scaledError: number;
  readonly ahead: (step: number) => { readonly value: number; readonly reach: number };
}

function damped(points: Points, stepMs: number, confidence: number): Made | undefined {
  const grid = gridOf(points, stepMs);
  if (grid === undefined) return undefined;
  const model = fitDampedHolt(grid);
  const t = tQuantile((1 + confidence) / 2, degreesOf(model));
  return {
    scaledError: model.scaledError,
    ahead: (step) => ({ value: expectedAt(model, step), reach: t * errorAt(model, step) }),
  };
}

function linear({ at, value }: Points, stepMs: number, confidence: number): Made | undefined {
  const last = at[at.length - 1] as number;
  const steps = at.map((time) => (time - last) / stepMs);
  const fit = linearFit(steps, value, { adjust: true });
  if (fit === undefined) return undefined;
  let [off, naive] = [0, 0];
  value.forEach((actual, index) => {
    off += Math.abs(actual - valueAt(fit, steps[index] as number));
    if (index > 0) naive += Math.abs(actual - (value[index - 1] as number));
  });
  return {
    scaledError: naive === 0 ? 0 : off / value.length / (naive / (value.length - 1)),
    ahead: (step) => ({ value: valueAt(fit, step), reach: predictionReach(fit, step, confidence) }),
  };
}

/** Points on even steps that end with the last one: those of one step averaged, none where there is none. */
function gridOf({ at, value }: Points, stepMs: number): Grid | undefined {
  const last = at[at.length - 1] as number;
  const size = Math.round((last - (at[0] as number)) / stepMs) + 1;
  if (size > MAX_GRID * at.length) return undefined;
  const sums = new Float64Array(size);
  const counts = new Uint32Array(size);
  at.forEach((time, index) => {
    const cell = size - 1 - Math.round((last - time) / stepMs);
    sums[cell] = (sums[cell] as number) + (value[index] as number);
    counts[cell] = (counts[cell] as number) + 1;
  });
  return Array.from(counts, (count, cell) => (count === 0 ? undefined : (sums[cell] as number) / count));
}
