import {
  TELEMETRY_KINDS,
  TELEMETRY_SCOPES,
  type TelemetryKind,
  type TelemetryLabels,
  type TelemetryScope,
  TelemetrySeries,
} from './telemetry-series.js';
import { TelemetryError } from './telemetry-error.js';
import { type Unit, unitOf } from './unit.js';

/** What a metric is. */
export interface TelemetryMetric {
  /** Letters, digits and underscores, not beginning with a digit; 128 at most. */
  readonly name: string;
  readonly kind: TelemetryKind;
  /** @default 'application' */
  readonly scope?: TelemetryScope;
  /** `ms`, `%`, `MiB`, `B/s` and so on; `1` for a count or a share. @default '1', of a timer 'ms' */
  readonly unit?: string;
}

/** A metric with everything filled in. */
export interface DefinedMetric {
  readonly name: string;
  readonly kind: TelemetryKind;
  readonly scope: TelemetryScope;
  readonly unit: string;
  readonly measure: Unit;
}

export interface SeriesLimits {
  /** Series over all metrics; those of further ones are counted and left out. */
  readonly maxSeries: number;
  /** Points kept per series, 16 bytes each. */
  readonly pointsPerSeries: number;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const NO_LABELS: TelemetryLabels = Object.freeze({});
const MAX_METRICS = 10_000;
const MAX_LABELS = 16;
const MAX_LABEL_LENGTH = 256;

/** All series, by metric. Bounded in number and in points. */
export class SeriesStore {
  readonly #limits: SeriesLimits;
  readonly #metrics = new Map<string, DefinedMetric>();
  readonly #byKey = new Map<string, TelemetrySeries>();
  readonly #byName = new Map<string, TelemetrySeries[]>();
  #beyond = 0;

  constructor(limits: SeriesLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Observations left out because there were too many series. */
  get beyondMaxSeries(): number {
    return this.#beyond;
  }

  /** Points kept, as a share of what can be kept in the series there are; 0 to 1. */
  get fill(): number {
    let points = 0;
    for (const series of this.#byKey.values()) points += series.length;
    const room = this.#byKey.size * this.#limits.pointsPerSeries;
    return room === 0 ? 0 : points / room;
  }

  /**
   * Makes a metric known. The same again changes nothing.
   *
   * @throws TelemetryError `TELEMETRY_INPUT_INVALID` where it says too little, or the name is another metric's
   */
  define(metric: TelemetryMetric): DefinedMetric {
    const { name, kind, scope = 'application' } = metric;
    const unit = metric.unit ?? (kind === 'timer' ? 'ms' : '1');
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw invalid(
        `"${String(name).slice(0, 140)}" is no name of a metric: letters, digits and "_", 128 at most.`,
      );
    }
    if (!TELEMETRY_KINDS.includes(kind)) {
      throw invalid(`${name} is a "${String(kind)}". Make it one of ${TELEMETRY_KINDS.join(', ')}.`);
    }
    if (!TELEMETRY_SCOPES.includes(scope)) {
      throw invalid(`${name} has the scope "${String(scope)}". Use one of ${TELEMETRY_SCOPES.join(', ')}.`);
    }
    const measure = unitOf(unit);
    if (kind === 'timer' && (measure.dimension.time !== 1 || measure.dimension.bytes !== 0)) {
      throw invalid(`${name} is a timer with the unit "${unit}". Give it a unit of time.`);
    }
    const known = this.#metrics.get(name);
    if (known === undefined) {
      if (this.#metrics.size >= MAX_METRICS) {
        throw invalid(
          `${name} would be metric ${MAX_METRICS + 1}, and no more are kept. Tell series of one metric apart by labels.`,
        );
      }
      const defined = { name, kind, scope, unit, measure };
      this.#metrics.set(name, defined);
      return defined;
    }
    if (known.kind !== kind || known.unit !== unit || known.scope !== scope) {
      throw invalid(
        `${name} is a ${known.scope} ${known.kind} in ${known.unit} already, not a ${scope} ${kind} in ${unit}. Give one of them another name.`,
      );
    }
    return known;
  }

  metric(name: string): DefinedMetric | undefined {
    return this.#metrics.get(name);
  }

  get metrics(): IterableIterator<DefinedMetric> {
    return this.#metrics.values();
  }

  /** The series of a defined metric, made where it is new; `undefined` beyond the bound. */
  series(metric: DefinedMetric, labels: TelemetryLabels = NO_LABELS): TelemetrySeries | undefined {
    const key = keyOf(metric.name, labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.#limits.maxSeries) {
      this.#beyond += 1;
      return undefined;
    }
    checkLabels(metric.name, labels);
    const { name, kind, scope } = metric;
    const series = new TelemetrySeries(
      { name, kind, scope, labels: Object.freeze({ ...labels }) },
      this.#limits.pointsPerSeries,
    );
    this.#byKey.set(key, series);
    const same = this.#byName.get(name);
    if (same === undefined) this.#byName.set(name, [series]);
    else same.push(series);
    return series;
  }

  /** The series of a metric. */
  of(name: string): readonly TelemetrySeries[] {
    return this.#byName.get(name) ?? [];
  }

  all(): IterableIterator<TelemetrySeries> {
    return this.#byKey.values();
  }
}

/** The same text for the same labels in any order. */
export function labelsKey(labels: TelemetryLabels): string {
  const keys = Object.keys(labels);
  if (keys.length === 0) return '';
  if (keys.length > 1) keys.sort();
  let key = '';
  for (const label of keys) {
    const value = String(labels[label]);
    // With the length no value can pass for another one with a further label.
    key += `${label}\u0001${value.length}\u0001${value}\u0000`;
  }
  return key;
}

function keyOf(name: string, labels: TelemetryLabels): string {
  return `${name}\u0000${labelsKey(labels)}`;
}

function checkLabels(name: string, labels: TelemetryLabels): void {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS)
    throw invalid(`${name} has ${entries.length} labels, ${MAX_LABELS} at most.`);
  for (const [label, value] of entries) {
    if (!NAME.test(label)) throw invalid(`"${label.slice(0, 140)}" of ${name} is no name of a label.`);
    if (typeof value !== 'string' || value.length > MAX_LABEL_LENGTH) {
      throw invalid(`The label ${label} of ${name} is not a text of ${MAX_LABEL_LENGTH} characters at most.`);
    }
  }
}

function invalid(message: string): TelemetryError {
  return new TelemetryError('TELEMETRY_INPUT_INVALID', message);
}
