import type { Anomalies } from './anomalies.js';
import { type Metric, worseBy } from './metric.js';
import type { Points } from './metric-series.js';
import { robustScale } from './statistics/robust-scale.js';
import type { Trend } from './trend.js';

/** The score in words, from the best to the worst. */
export type HealthBand = 'excellent' | 'good' | 'fair' | 'degraded' | 'critical';

/** Parts of the score, each 0 to 1; those there is nothing to say of are left out and do not count. */
export interface HealthParts {
  /** 1 unless the trend is worsening, then less by the share it changed. */
  readonly trend?: number;
  /** 1 less a tenth for each harmful critical anomaly. */
  readonly anomaly?: number;
  /** 1 at the target or better, 0 at the limit or worse; needs both. */
  readonly performance?: number;
  /** 1 less the scatter as a share of the median. */
  readonly stability?: number;
}

/** How much each part of the score counts. */
export type HealthWeights = Readonly<Record<keyof HealthParts, number>>;

/** How one metric, or all, are doing. */
export interface MetricHealth {
  /** 0 to 1: the weighted mean of the parts. */
  readonly score: number;
  readonly band: HealthBand;
  readonly parts: HealthParts;
}

/** Without the dashboard's share of the original, which nothing here measures. */
export const DEFAULT_HEALTH_WEIGHTS: HealthWeights = {
  trend: 0.3,
  anomaly: 0.25,
  performance: 0.25,
  stability: 0.2,
};

/** From these scores on. */
const BANDS: readonly (readonly [number, HealthBand])[] = [
  [0.9, 'excellent'],
  [0.8, 'good'],
  [0.7, 'fair'],
  [0.5, 'degraded'],
];

export const bandOf = (score: number): HealthBand => BANDS.find(([from]) => score >= from)?.[1] ?? 'critical';

const RECENT_POINTS = 5;
const MIN_POINTS = 10;

const unit = (value: number): number => Math.min(1, Math.max(0, value));

/** `undefined` where nothing at all can be said. */
export function metricHealth(
  metric: Metric,
  points: Points,
  trend: Trend,
  anomalies: Anomalies,
  weights: HealthWeights = DEFAULT_HEALTH_WEIGHTS,
): MetricHealth | undefined {
  const performance = performanceOf(metric, points);
  const stability = stabilityOf(points);
  const parts: HealthParts = {
    ...(trend.status === 'insufficient-data'
      ? {}
      : { trend: trend.status === 'worsening' ? 1 - unit(Math.abs(trend.changeRatio ?? 1)) : 1 }),
    ...(anomalies.status === 'insufficient-data'
      ? {}
      : {
          anomaly: unit(
            1 -
              anomalies.anomalies.filter((each) => each.isHarmful && each.severity === 'critical').length /
                10,
          ),
        }),
    ...(performance === undefined ? {} : { performance }),
    ...(stability === undefined ? {} : { stability }),
  };
  let [sum, total] = [0, 0];
  for (const name of Object.keys(parts) as (keyof HealthParts)[]) {
    sum += weights[name] * (parts[name] ?? 0);
    total += weights[name];
  }
  if (total === 0) return undefined;
  return { score: sum / total, band: bandOf(sum / total), parts };
}

/** Of the median of the last five points. */
function performanceOf(metric: Metric, { value }: Points): number | undefined {
  const { target, limit } = metric;
  if (target === undefined || limit === undefined || value.length < RECENT_POINTS) return undefined;
  const { median } = robustScale(value.slice(-RECENT_POINTS).sort());
  return unit(1 - worseBy(metric, median, target) / worseBy(metric, limit, target));
}

function stabilityOf({ value }: Points): number | undefined {
  if (value.length < MIN_POINTS) return undefined;
  const { median, sigma } = robustScale(value.slice().sort());
  if (sigma === 0) return 1;
  // Scatter about 0 is no share of anything.
  return median === 0 ? undefined : unit(1 - sigma / Math.abs(median));
}
