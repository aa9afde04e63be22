import { quantileSorted } from 'simple-statistics';
import { type AlertSeverity, type AlertStatistic, harmOf, type ResolvedRule } from './alert-rule.js';
import { labelOf } from './analysis.js';
import type { MetricSeries, MetricTags, Points } from './metric-series.js';
import { medianOf } from './window.js';

/** An alarm, from its beginning to its end. */
export interface Alert {
  /** Unique within the process. */
  readonly id: string;
  readonly rule: string;
  readonly metric: string;
  readonly tags: MetricTags;
  readonly label: string;
  readonly severity: AlertSeverity;
  readonly state: 'firing' | 'resolved';
  readonly threshold: number;
  /** The value it fired at, and the worst since. */
  readonly value: number;
  readonly worst: number;
  /** Epoch ms. */
  readonly firedAt: number;
  readonly resolvedAt?: number;
  /** `recovered`: it was good long enough. `no-data`: nothing was observed any more. */
  readonly resolution?: 'recovered' | 'no-data';
  /** How often it opened: again within the cool-down counts here. */
  readonly occurrences: number;
}

/** What an evaluation changed. Alerts that opened again within their cool-down are not in `fired`. */
export interface AlertChanges {
  readonly fired: readonly Alert[];
  readonly resolved: readonly Alert[];
}

interface Watch {
  bad: number;
  good: number;
  /** Time of the newest point that was judged. */
  judgedAt: number;
  alert: Alert | undefined;
}

/** The state of every rule for every series, and what became of it. */
export class AlertBook {
  readonly #watches = new Map<string, Watch>();
  readonly #history: Alert[] = [];
  readonly #maxHistory: number;
  #fired = 0;

  constructor(maxHistory: number) {
    this.#maxHistory = maxHistory;
  }

  /** What is firing now, the oldest first. */
  get active(): readonly Alert[] {
    return [...this.#watches.values()]
      .flatMap(({ alert }) => (alert?.state === 'firing' ? [alert] : []))
      .sort((a, b) => a.firedAt - b.firedAt);
  }

  /** What was resolved, the oldest first; bounded. */
  get history(): readonly Alert[] {
    return [...this.#history];
  }

  /** Judges the points that came since the last time. */
  evaluate(rule: ResolvedRule, series: MetricSeries, points: Points, now: number): AlertChanges {
    const label = labelOf(series.metric.name, series.tags);
    const key = `${rule.id}\u0000${label}`;
    let watch = this.#watches.get(key);
    if (watch === undefined)
      this.#watches.set(key, (watch = { bad: 0, good: 0, judgedAt: -Infinity, alert: undefined }));
    const fired: Alert[] = [];
    const resolved: Alert[] = [];
    for (const value of newValues(rule, points, watch.judgedAt)) {
      const change = this.#judge(watch, rule, series, label, value, now);
      if (change === 'fired' && watch.alert !== undefined) fired.push(watch.alert);
      if (change === 'resolved' && watch.alert !== undefined) resolved.push(watch.alert);
    }
    watch.judgedAt = Math.max(watch.judgedAt, points.at[points.at.length - 1] ?? -Infinity);
    if (watch.alert?.state === 'firing' && now - watch.judgedAt > rule.staleAfterMs) {
      resolved.push(this.#resolve(watch, watch.alert, 'no-data', now));
    }
    return { fired, resolved };
  }

  #judge(
    watch: Watch,
    rule: ResolvedRule,
    series: MetricSeries,
    label: string,
    value: number,
    now: number,
  ): 'fired' | 'resolved' | undefined {
    const harm = harmOf(rule.metric, value);
    const isBad = harm > rule.badFrom;
    watch.bad = isBad ? watch.bad + 1 : 0;
    watch.good = harm <= rule.goodFrom ? watch.good + 1 : 0;
    const { alert } = watch;
    if (alert?.state === 'firing') {
      if (harm > harmOf(rule.metric, alert.worst)) watch.alert = { ...alert, worst: value };
      if (watch.good < rule.goodValues) return undefined;
      this.#resolve(watch, watch.alert ?? alert, 'recovered', now);
      return 'resolved';
    }
    if (watch.bad < rule.badValues) return undefined;
    if (alert?.resolvedAt !== undefined && now - alert.resolvedAt < rule.cooldownMs) {
      const at = this.#history.indexOf(alert);
      if (at >= 0) this.#history.splice(at, 1);
      watch.alert = reopened(alert, harm > harmOf(rule.metric, alert.worst) ? value : alert.worst);
      return undefined;
    }
    this.#fired += 1;
    watch.alert = {
      id: `${rule.id}-${String(now)}-${String(this.#fired)}`,
      rule: rule.id,
      metric: rule.metric.name,
      tags: series.tags,
      label,
      severity: rule.severity,
      state: 'firing',
      threshold: rule.threshold,
      value,
      worst: value,
      firedAt: now,
      occurrences: 1,
    };
    return 'fired';
  }

  #resolve(watch: Watch, alert: Alert, resolution: 'recovered' | 'no-data', now: number): Alert {
    const resolved: Alert = { ...alert, state: 'resolved', resolvedAt: now, resolution };
    watch.alert = resolved;
    watch.bad = watch.good = 0;
    this.#history.push(resolved);
    if (this.#history.length > this.#maxHistory) this.#history.shift();
    return resolved;
  }
}

function reopened(alert: Alert, worst: number): Alert {
  const { id, rule, metric, tags, label, severity, threshold, value, firedAt, occurrences } = alert;
  const kept = { id, rule, metric, tags, label, severity, threshold, value, firedAt };
  return { ...kept, state: 'firing', worst, occurrences: occurrences + 1 };
}

/** The values since `judgedAt` that the rule is about. */
function newValues(
  { statistic, windowMs }: ResolvedRule,
  { at, value }: Points,
  judgedAt: number,
): readonly number[] {
  const last = at[at.length - 1];
  if (last === undefined || last <= judgedAt) return [];
  if (statistic === 'each') {
    const first = at.findIndex((time) => time > judgedAt);
    return Array.from(value.subarray(first));
  }
  const from = at.findIndex((time) => time > last - windowMs);
  return [summary(statistic, value.subarray(from))];
}

function summary(statistic: Exclude<AlertStatistic, 'each'>, values: Float64Array): number {
  if (statistic === 'mean') return values.reduce((sum, value) => sum + value, 0) / values.length;
  if (statistic === 'median') return medianOf(values);
  return quantileSorted(
    Array.from(values).sort((a, b) => a - b),
    0.95,
  );
}
