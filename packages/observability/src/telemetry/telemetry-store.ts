import type { Clock } from '@kapelle/core';
import { type DefinedMetric, SeriesStore, type TelemetryMetric } from './series-store.js';
import { TelemetryAlerts } from './telemetry-alerts.js';
import { TelemetryError } from './telemetry-error.js';
import type { TelemetryKind, TelemetryLabels, TelemetryScope } from './telemetry-series.js';

/** How much a store keeps, and what it knows from the beginning. */
export interface TelemetryStoreOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Over all metrics. 1 to 1,000,000. @default 10_000 */
  readonly maxSeries?: number;
  /** 16 bytes each. 2 to 1,000,000. @default 1_000 */
  readonly pointsPerSeries?: number;
  /** Resolved alerts kept. 1 to 100,000. @default 500 */
  readonly maxAlertHistory?: number;
}

/** Sums over a while. */
export interface TelemetrySummary {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** Points. */
  readonly total: number;
  readonly byScope: Readonly<Partial<Record<TelemetryScope, number>>>;
  readonly byKind: Readonly<Partial<Record<TelemetryKind, number>>>;
  /** The metrics with the most points, ten at most. */
  readonly top: readonly { readonly name: string; readonly points: number }[];
}

/** What a JavaScript date can say. */
const LATEST = 8.64e15;

/** Metrics in memory, for alerts and dashboards: counters, gauges, histograms, timers and distributions, with labels. */
export class TelemetryStore {
  readonly series: SeriesStore;
  readonly alerts: TelemetryAlerts;
  readonly #clock: Pick<Clock, 'now'>;

  /** @throws TelemetryError `TELEMETRY_OPTION_INVALID` */
  constructor(options: TelemetryStoreOptions) {
    if (typeof options !== 'object' || options === null || typeof options.clock?.now !== 'function') {
      throw new TelemetryError(
        'TELEMETRY_OPTION_INVALID',
        'A telemetry store needs the option clock. Give a Clock, or something else with now().',
      );
    }
    this.#clock = options.clock;
    this.series = new SeriesStore({
      maxSeries: whole('maxSeries', options.maxSeries ?? 10_000, 1, 1_000_000),
      pointsPerSeries: whole('pointsPerSeries', options.pointsPerSeries ?? 1_000, 2, 1_000_000),
    });
    this.alerts = new TelemetryAlerts(
      this.series,
      whole('maxAlertHistory', options.maxAlertHistory ?? 500, 1, 100_000),
    );
  }

  /** Makes a metric known. @throws TelemetryError `TELEMETRY_INPUT_INVALID` */
  define(metric: TelemetryMetric): DefinedMetric {
    return this.series.define(metric);
  }

  /**
   * Records a point of a defined metric: the growth of a counter, the value of anything else, in the unit of the metric.
   * `false` where there are too many series already.
   *
   * @throws TelemetryError `TELEMETRY_INPUT_INVALID` for a metric nobody defined, no finite number, or a negative growth
   */
  record(name: string, value: number, labels?: TelemetryLabels, at: number = this.#clock.now()): boolean {
    const metric = this.series.metric(name);
    if (metric === undefined) {
      throw new TelemetryError(
        'TELEMETRY_INPUT_INVALID',
        `The metric "${String(name).slice(0, 140)}" is not defined. Define it with its kind and unit first.`,
      );
    }
    const isCounter = metric.kind === 'counter';
    if (!Number.isFinite(value) || (isCounter && value < 0) || !(at >= 0 && at <= LATEST)) {
      throw new TelemetryError(
        'TELEMETRY_INPUT_INVALID',
        `${String(value)} at ${String(at)} is no ${isCounter ? 'growth of the counter' : 'value of'} ${name}. Record finite numbers${isCounter ? ' from 0' : ''}.`,
      );
    }
    const series = this.series.series(metric, labels);
    if (series === undefined) return false;
    const total = isCounter ? (series.last ?? 0) + value : value;
    if (total === Infinity) {
      throw new TelemetryError(
        'TELEMETRY_INPUT_INVALID',
        `${String(value)} more is beyond what the counter ${name} can hold. Record a smaller growth.`,
      );
    }
    series.push(total, at);
    return true;
  }

  /** What was recorded within the last while. @param windowMs default an hour */
  summary(windowMs = 3_600_000): TelemetrySummary {
    const to = this.#clock.now();
    const from = to - windowMs;
    const byScope: Partial<Record<TelemetryScope, number>> = {};
    const byKind: Partial<Record<TelemetryKind, number>> = {};
    const byName = new Map<string, number>();
    let total = 0;
    for (const series of this.series.all()) {
      const points = series.length - series.after(from);
      if (points === 0) continue;
      total += points;
      byScope[series.scope] = (byScope[series.scope] ?? 0) + points;
      byKind[series.kind] = (byKind[series.kind] ?? 0) + points;
      byName.set(series.name, (byName.get(series.name) ?? 0) + points);
    }
    const top = [...byName]
      .map(([name, points]) => ({ name, points }))
      .sort((a, b) => b.points - a.points || (a.name < b.name ? -1 : 1))
      .slice(0, 10);
    return { from, to, total, byScope, byKind, top };
  }
}

function whole(option: string, value: number, low: number, high: number): number {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
  throw new TelemetryError(
    'TELEMETRY_OPTION_INVALID',
    `${option} is ${String(value)}. Give a whole number from ${low} to ${high}.`,
  );
}
