import { type Anomalies, anomaliesOf, type AnomalyOptions } from './anomalies.js';
import { type HealthWeights, type MetricHealth, metricHealth } from './analytics-health.js';
import { type Capacity, capacityOf, type CapacityOptions } from './capacity.js';
import {
  type ChangeOptions,
  type Changes,
  changesOf,
  type Drift,
  type DriftOptions,
  driftOf,
} from './change-points.js';
import { type EarlyWarning, type WarningOptions, warningsOf } from './early-warnings.js';
import { type Forecast, forecastOf, type ForecastOptions } from './forecast.js';
import type { Metric } from './metric.js';
import type { MetricSeries, MetricTags, Points } from './metric-series.js';
import { type Trend, trendOf, type TrendOptions } from './trend.js';

/** The quantiles of the observations of one to two periods; `undefined` without observations. */
export interface QuantileSummary {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  /** Of p50 to p99, 0 to 1. */
  readonly relativeError: number;
}

/** Options of every analysis, each with defaults of its own. */
export interface AnalysisOptions {
  readonly trend?: TrendOptions;
  readonly anomalies?: AnomalyOptions;
  readonly forecast?: ForecastOptions;
  readonly changes?: ChangeOptions;
  readonly drift?: DriftOptions;
  readonly capacity?: CapacityOptions;
  readonly warnings?: WarningOptions;
  readonly healthWeights?: HealthWeights;
}

/** Everything that can be said of one series. */
export interface MetricAnalysis {
  readonly metric: Metric;
  readonly tags: MetricTags;
  /** `name{tag="value"}`. */
  readonly label: string;
  readonly observed: number;
  readonly refused: number;
  /** The latest point. */
  readonly latest?: number;
  readonly quantiles?: QuantileSummary;
  readonly trend: Trend;
  readonly anomalies: Anomalies;
  readonly forecast: Forecast;
  readonly changes: Changes;
  readonly drift: Drift;
  /** For metrics with a limit. */
  readonly capacity?: Capacity;
  readonly warnings: readonly EarlyWarning[];
  /** Left out where nothing can be said. */
  readonly health?: MetricHealth;
  /** What it was made from. */
  readonly points: Points;
}

export function labelOf(name: string, tags: MetricTags): string {
  const pairs = Object.keys(tags)
    .sort()
    .map((key) => `${key}="${String(tags[key])}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

export function quantilesOf(series: MetricSeries): QuantileSummary | undefined {
  const sketch = series.sketch();
  const { count, relativeError } = sketch;
  if (count === 0) return undefined;
  const at = (q: number): number => sketch.quantile(q) ?? 0;
  return {
    count,
    min: sketch.min ?? 0,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max: sketch.max ?? 0,
    mean: sketch.mean ?? 0,
    relativeError,
  };
}

/** Runs every analysis on the points a series has by `now`. */
export function analyseSeries(
  series: MetricSeries,
  now: number,
  options: AnalysisOptions = {},
): MetricAnalysis {
  const { metric, tags } = series;
  const points = series.points(now);
  const trend = trendOf(metric, points, options.trend);
  const anomalies = anomaliesOf(metric, points, options.anomalies);
  const forecast = forecastOf(points, options.forecast);
  const changes = changesOf(metric, points, options.changes);
  const capacity = capacityOf(metric, sinceLastChange(points, changes), options.capacity);
  const health = metricHealth(metric, points, trend, anomalies, options.healthWeights);
  const quantiles = quantilesOf(series);
  const latest = points.value[points.value.length - 1];
  return {
    metric,
    tags,
    label: labelOf(metric.name, tags),
    observed: series.observed,
    refused: series.refused,
    ...(latest === undefined ? {} : { latest }),
    ...(quantiles === undefined ? {} : { quantiles }),
    trend,
    anomalies,
    forecast,
    changes,
    drift: driftOf(points, options.drift),
    ...(capacity === undefined ? {} : { capacity }),
    warnings: warningsOf(metric, points, forecast, capacity, options.warnings),
    ...(health === undefined ? {} : { health }),
    points,
  };
}

/** A step is no slope: what goes on like this is what came after it. */
function sinceLastChange(points: Points, changes: Changes): Points {
  const last = changes.status === 'ok' ? changes.changes[changes.changes.length - 1] : undefined;
  if (last === undefined) return points;
  const from = points.at.findIndex((time) => time >= last.at);
  return { at: points.at.slice(from), value: points.value.slice(from) };
}
