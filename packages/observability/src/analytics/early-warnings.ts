import { checkNumber } from './analytics-error.js';
import type { Capacity } from './capacity.js';
import type { Forecast } from './forecast.js';
import { type Metric, worseBy } from './metric.js';
import type { Points } from './metric-series.js';
import { type AnalysisWindow, medianOf } from './window.js';

/** From which share on somebody is warned early. */
export interface WarningOptions {
  /** Share by which a higher-is-better metric is about to fall. @default { warning: 0.15, critical: 0.25 } */
  readonly fall?: { readonly warning: number; readonly critical: number };
  /** Share by which a lower-is-better metric is about to rise. @default { warning: 0.3, critical: 0.5 } */
  readonly rise?: { readonly warning: number; readonly critical: number };
  /** Share of the limit from which load is spoken of; lower-is-better metrics. @default 0.7 */
  readonly load?: number;
}

/** Something that is likely to go wrong, before it does. */
export interface EarlyWarning {
  readonly kind: 'forecast' | 'load' | 'capacity';
  readonly severity: 'warning' | 'critical';
  /** What was usual, and what is expected or reached: the numbers the warning is made of. */
  readonly usual: number;
  readonly expected: number;
  /** When it is expected, epoch ms. */
  readonly at: number;
  /** Of the expected value, or of its time for `capacity`. */
  readonly interval?: readonly [number, number];
  readonly window: AnalysisWindow;
}

const DEFAULTS = {
  fall: { warning: 0.15, critical: 0.25 },
  rise: { warning: 0.3, critical: 0.5 },
  load: 0.7,
};

/**
 * Warnings from a forecast, the load and the capacity. A forecast warns only where its whole interval is on the bad
 * side of what was usual: a wide interval is no warning.
 */
export function warningsOf(
  metric: Metric,
  points: Points,
  forecast: Forecast,
  capacity: Capacity | undefined,
  options: WarningOptions = {},
): readonly EarlyWarning[] {
  const { fall = DEFAULTS.fall, rise = DEFAULTS.rise } = options;
  const load = checkNumber('load', options.load ?? DEFAULTS.load, 0, 1);
  if (forecast.status !== 'ok' || metric.direction === 'target') return [];
  const { window } = forecast;
  const usual = medianOf(points.value);
  const warnings: EarlyWarning[] = [];

  const end = forecast.points[forecast.points.length - 1];
  const bounds = metric.direction === 'higher-is-better' ? fall : rise;
  if (end !== undefined && usual !== 0) {
    const worse = worseBy(metric, end.value, usual) / Math.abs(usual);
    const nearest = metric.direction === 'higher-is-better' ? end.high : end.low;
    if (worse >= bounds.warning && worseBy(metric, nearest, usual) > 0) {
      warnings.push({
        kind: 'forecast',
        severity: worse >= bounds.critical ? 'critical' : 'warning',
        usual,
        expected: end.value,
        at: end.at,
        interval: [end.low, end.high],
        window,
      });
    }
  }

  const { limit } = metric;
  if (
    limit !== undefined &&
    limit > 0 &&
    metric.direction === 'lower-is-better' &&
    points.value.length >= 5
  ) {
    const recent = medianOf(points.value.slice(-5));
    if (recent / limit > load) {
      warnings.push({
        kind: 'load',
        severity: recent >= limit ? 'critical' : 'warning',
        usual: limit,
        expected: recent,
        at: window.to,
        window,
      });
    }
  }
  if (capacity?.status === 'approaching' && capacity.at !== undefined) {
    warnings.push({
      kind: 'capacity',
      severity: 'warning',
      usual: capacity.current,
      expected: capacity.limit,
      at: capacity.at,
      ...(capacity.earliest === undefined || capacity.latest === undefined
        ? {}
        : { interval: [capacity.earliest, capacity.latest] }),
      window: capacity.window,
    });
  }
  return warnings;
}
