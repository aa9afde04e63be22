import { shown } from '../option-checks.js';
import { AnalyticsOptionError, checkNumber, checkWhole } from './analytics-error.js';
import type { Metric } from './metric.js';

/** How urgent an alert is, from the least to the most. */
export type AlertSeverity = 'info' | 'warning' | 'critical';

/** What the threshold is compared with: each new point, or one number of the points of the last `windowMs`. */
export type AlertStatistic = 'each' | 'mean' | 'median' | 'p95';

/**
 * When a metric is an alarm. Which side of the threshold is bad is not said here: the direction of the metric says it,
 * so that no rule can fire while all is well.
 */
export interface AlertRule {
  /** @default metric and statistic */
  readonly id?: string;
  readonly metric: string;
  /** Worse than this is bad. For a metric with a target: the distance from it. */
  readonly threshold: number;
  /** As good as this is good again; between the two nothing changes. @default a tenth better than the threshold */
  readonly clearAt?: number;
  /** @default 'each' */
  readonly statistic?: AlertStatistic;
  /** For every statistic but `each`. @default 300000 */
  readonly windowMs?: number;
  /** @default 'warning' */
  readonly severity?: AlertSeverity;
  /** Bad values in a row until it fires. @default 2 */
  readonly badValues?: number;
  /** Good values in a row until it is resolved. @default 3 */
  readonly goodValues?: number;
  /** Within this time after its end the same alert opens again instead of a new one, and nobody is told. @default 900000 */
  readonly cooldownMs?: number;
  /** Without a point for this long it is resolved as `no-data`. @default 900000 */
  readonly staleAfterMs?: number;
}

/** A rule with every default filled in; `threshold` and `clearAt` so that more is worse. */
export interface ResolvedRule {
  readonly id: string;
  readonly metric: Metric;
  readonly threshold: number;
  readonly statistic: AlertStatistic;
  readonly windowMs: number;
  readonly severity: AlertSeverity;
  readonly badValues: number;
  readonly goodValues: number;
  readonly cooldownMs: number;
  readonly staleAfterMs: number;
  readonly badFrom: number;
  readonly goodFrom: number;
}

const MINUTE_MS = 60_000;
const STATISTICS: readonly string[] = ['each', 'mean', 'median', 'p95'];
const SEVERITIES: readonly string[] = ['info', 'warning', 'critical'];

/** The thresholds and cool-downs of the reference system, on the side where they mean harm. */
export const DEFAULT_ALERT_RULES: readonly AlertRule[] = [
  { metric: 'performance_score', threshold: 0.5, severity: 'critical' },
  { metric: 'call_duration_ms', threshold: 5_000 },
  { metric: 'call_failure_ratio', threshold: 0.1, severity: 'critical' },
  { metric: 'memory_ratio', threshold: 0.85, cooldownMs: 30 * MINUTE_MS },
  { metric: 'cpu_ratio', threshold: 0.8, cooldownMs: 30 * MINUTE_MS },
  { metric: 'disk_ratio', threshold: 0.9, cooldownMs: 30 * MINUTE_MS },
];

/** How bad a value of the metric is: more is worse. */
export function harmOf(metric: Metric, value: number): number {
  if (metric.direction === 'target') return Math.abs(value - (metric.target ?? 0));
  return metric.direction === 'lower-is-better' ? value : -value;
}

/** @throws {@link AnalyticsOptionError} for a rule that cannot work. */
export function resolveRule(rule: AlertRule, metric: Metric): ResolvedRule {
  const {
    statistic = 'each',
    severity = 'warning',
    id = `${rule.metric}:${statistic}`,
    windowMs = 5 * MINUTE_MS,
    badValues = 2,
    goodValues = 3,
    cooldownMs = 15 * MINUTE_MS,
    staleAfterMs = 15 * MINUTE_MS,
  } = rule;
  if (typeof id !== 'string' || id === '') {
    throw new AnalyticsOptionError(
      `The id of an alert rule is ${shown(id)}.`,
      'Give a string that is not empty.',
    );
  }
  const field = (option: string): string => `${option} of alert rule "${id}"`;
  if (!STATISTICS.includes(statistic) || !SEVERITIES.includes(severity)) {
    throw new AnalyticsOptionError(
      `Alert rule "${id}" has the statistic ${shown(statistic)} and the severity ${shown(severity)}.`,
      `Use one of ${STATISTICS.join(', ')}, and one of ${SEVERITIES.join(', ')}.`,
    );
  }
  const threshold = checkNumber(field('threshold'), rule.threshold, -1e300, 1e300);
  const scale = metric.direction === 'higher-is-better' ? -1 : 1;
  const badFrom = threshold * scale;
  const goodFrom =
    rule.clearAt === undefined
      ? badFrom - Math.abs(badFrom) / 10
      : checkNumber(field('clearAt'), rule.clearAt, -1e300, 1e300) * scale;
  if (goodFrom > badFrom) {
    throw new AnalyticsOptionError(
      `Alert rule "${id}" has a threshold of ${String(threshold)} and a clearAt of ${String(rule.clearAt)}, which is worse.`,
      `Give a clearAt ${scale === 1 ? 'below' : 'above'} the threshold: the metric is ${metric.direction}.`,
    );
  }
  return {
    id,
    metric,
    threshold,
    statistic,
    severity,
    windowMs: checkNumber(field('windowMs'), windowMs, 1),
    badValues: checkWhole(field('badValues'), badValues, 1),
    goodValues: checkWhole(field('goodValues'), goodValues, 1),
    cooldownMs: checkNumber(field('cooldownMs'), cooldownMs, 0),
    staleAfterMs: checkNumber(field('staleAfterMs'), staleAfterMs, 1),
    badFrom,
    goodFrom,
  };
}
