import { shown } from '../option-checks.js';
import { AnalyticsOptionError, checkNumber } from './analytics-error.js';
import { metricChecks as check } from './metric-checks.js';

/** Which way a metric is good. */
export type MetricDirection = 'higher-is-better' | 'lower-is-better' | 'target';

/** How the observations of one bucket become one point. */
export type MetricAggregate = 'mean' | 'min' | 'max' | 'sum' | 'count' | 'last';

interface MetricBase {
  /** Of the metric, such as `call_duration_ms`. */
  readonly name: string;
  /** What a value is counted in, for reports: `ms`, `%`, `calls`. */
  readonly unit?: string;
  /**
   * The value at which it is no longer acceptable. Capacity and load warnings exist only where there is one: a limit
   * made from the values themselves would always be near.
   */
  readonly limit?: number;
  /**
   * Observations of one bucket become one point, so that trends and forecasts look at minutes and hours however many
   * observations there are; quantiles are of the observations. 0 makes each observation a point.
   *
   * @default 0
   */
  readonly bucketMs?: number;
  /** @default 'mean' */
  readonly aggregate?: MetricAggregate;
  /** Length of a season in ms, such as 86,400,000 for a day: anomalies are then sought beside its pattern. */
  readonly seasonMs?: number;
}

/** A metric and which way it is good: without that nobody can say what improves, or what is an alarm. */
export type MetricDefinition =
  | (MetricBase & {
      readonly direction: 'higher-is-better' | 'lower-is-better';
      /** The value that is good enough; counts in the health score. */
      readonly target?: number;
    })
  | (MetricBase & {
      readonly direction: 'target';
      /** The value that is best: the farther away, the worse. */
      readonly target: number;
    });

/** A definition with every default filled in. */
export interface Metric {
  readonly name: string;
  readonly direction: MetricDirection;
  readonly target: number | undefined;
  readonly limit: number | undefined;
  readonly unit: string;
  readonly bucketMs: number;
  readonly aggregate: MetricAggregate;
  readonly seasonMs: number | undefined;
}

/**
 * Values farther from 0 than this are left out: their squares, which every variance is made of, would be beyond what a
 * number can hold, and all that is said of the others would be lost with them.
 */
export const LARGEST_VALUE = 1e100;

/** A number, and one that can be squared and added up. */
export const isUsable = (value: unknown): value is number =>
  typeof value === 'number' && value >= -LARGEST_VALUE && value <= LARGEST_VALUE;

const DIRECTIONS: readonly string[] = ['higher-is-better', 'lower-is-better', 'target'];
const AGGREGATES: readonly string[] = ['mean', 'min', 'max', 'sum', 'count', 'last'];
const MAX_NAME_CHARACTERS = 200;

/** @throws {@link AnalyticsOptionError} for a definition that says too little or contradicts itself. */
export function resolveMetric(definition: MetricDefinition): Metric {
  const {
    name,
    direction,
    target,
    limit,
    unit = '',
    bucketMs = 0,
    aggregate = 'mean',
    seasonMs,
  } = check.object('metric', definition);
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_CHARACTERS) {
    throw new AnalyticsOptionError(
      `The name of a metric is ${shown(name)}.`,
      `Give it a name of 1 to ${String(MAX_NAME_CHARACTERS)} characters.`,
    );
  }
  const field = (option: string): string => `${option} of metric "${name}"`;
  if (!DIRECTIONS.includes(direction)) {
    throw new AnalyticsOptionError(
      `${field('direction')} is ${shown(direction)}.`,
      `Use one of ${DIRECTIONS.join(', ')}.`,
    );
  }
  if (!AGGREGATES.includes(aggregate)) {
    throw new AnalyticsOptionError(
      `${field('aggregate')} is ${shown(aggregate)}.`,
      `Use one of ${AGGREGATES.join(', ')}.`,
    );
  }
  if (target !== undefined || direction === 'target')
    checkNumber(field('target'), target as number, -LARGEST_VALUE, LARGEST_VALUE);
  if (limit !== undefined) checkNumber(field('limit'), limit, -LARGEST_VALUE, LARGEST_VALUE);
  if (seasonMs !== undefined) checkNumber(field('seasonMs'), seasonMs, 1);
  checkNumber(field('bucketMs'), bucketMs, 0);
  check.text(field('unit'), unit);
  if (seasonMs !== undefined) check.order([field('bucketMs'), bucketMs], [field('seasonMs'), seasonMs]);
  if (target !== undefined && limit !== undefined && badness(direction, target, limit) <= 0) {
    throw new AnalyticsOptionError(
      `${field('limit')} is ${String(limit)}, which is not worse than its target of ${String(target)}.`,
      'Exchange the two, or correct the direction.',
    );
  }
  return { name, direction, target, limit, unit, bucketMs, aggregate, seasonMs };
}

/** How much worse `value` is than `reference`, in the unit of the metric; negative where it is better. */
function badness(direction: MetricDirection, reference: number, value: number): number {
  if (direction === 'target') return Math.abs(value - reference);
  return direction === 'lower-is-better' ? value - reference : reference - value;
}

/**
 * How much worse `value` is than `reference`, in the unit of the metric; negative where it is better. For a metric
 * with a target: how much farther from it.
 */
export function worseBy(metric: Metric, value: number, reference: number): number {
  const { direction, target = 0 } = metric;
  return direction === 'target'
    ? Math.abs(value - target) - Math.abs(reference - target)
    : badness(direction, reference, value);
}
