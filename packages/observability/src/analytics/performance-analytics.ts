import { type Clock, type OrchestrationFacade, systemClock, type Unsubscribe } from '@kapelle/core';
import { type Alert, AlertBook, type AlertChanges } from './alert-book.js';
import { type AlertRule, DEFAULT_ALERT_RULES, type ResolvedRule, resolveRule } from './alert-rule.js';
import { type AnalysisOptions, analyseSeries, type MetricAnalysis } from './analysis.js';
import { checkAnalysisOptions, checkWindow } from './analysis-options.js';
import { AnalyticsOptionError } from './analytics-error.js';
import { feedCalls, type FeedOptions } from './call-feed.js';
import { LONGEST_MS, shown } from '../option-checks.js';
import { type Metric, type MetricDefinition, resolveMetric } from './metric.js';
import { metricChecks as check } from './metric-checks.js';
import { MetricSeries, type MetricTags, type SeriesLimits } from './metric-series.js';
import { rankSeries, type SeriesComparison } from './rank-series.js';
import { type AnalyticsReport, reportOf } from './report/report.js';

/** One measurement. */
export interface Observation {
  /** Of a metric that was defined. */
  readonly name: string;
  readonly value: number;
  /** When it was made, epoch ms. @default now */
  readonly at?: number;
  readonly tags?: MetricTags;
}

/** What is analysed, and how; all of it may be left out. */
export interface PerformanceAnalyticsOptions {
  readonly metrics?: readonly MetricDefinition[];
  readonly alertRules?: readonly AlertRule[];
  /** Whether {@link DEFAULT_ALERT_RULES} hold for the metrics of these names. @default true */
  readonly defaultAlertRules?: boolean;
  /** @default the machine's */
  readonly clock?: Clock;
  /** Points kept per series: 16 bytes each. @minimum 20 @maximum 10000000 @default 1000 */
  readonly windowPoints?: number;
  /** Series, over all metrics; observations of further ones are counted and left out. @default 1000 */
  readonly maxSeries?: number;
  /** Quantiles are of the observations of one to two of these. @default 3600000 */
  readonly quantilePeriodMs?: number;
  /** Of quantiles, 0.0001 to 1. @default 0.01 */
  readonly relativeError?: number;
  /** Resolved alerts kept. @default 500 */
  readonly maxAlertHistory?: number;
  readonly analysis?: AnalysisOptions;
  /** Told once for each alert that fires or is resolved. What it throws is counted. */
  readonly onAlert?: (alert: Alert) => void;
}

/** What was not taken, and why. */
export interface AnalyticsStats {
  readonly series: number;
  readonly observed: number;
  /** Of a metric that nobody defined. */
  readonly undefinedMetric: number;
  /** No finite number or one beyond ±1e100, no time, for a bucket that is closed, or unreadable. */
  readonly unusable: number;
  /** Of a series beyond `maxSeries`. */
  readonly beyondMaxSeries: number;
  readonly listenerFailures: number;
}

/** Of points, series and alerts. */
const MOST_KEPT = 10_000_000;

const NO_TAGS: MetricTags = Object.freeze({});

/**
 * Trends, anomalies, forecasts, changes, capacity and alerts of metrics, from real observations at their real times.
 * Memory is bounded, and where there is too little to say anything, that is said.
 */
export class PerformanceAnalytics {
  readonly #clock: Clock;
  readonly #limits: SeriesLimits;
  readonly #maxSeries: number;
  readonly #options: PerformanceAnalyticsOptions;
  readonly #metrics = new Map<string, Metric>();
  readonly #series = new Map<string, MetricSeries>();
  readonly #rules = new Map<string, ResolvedRule>();
  readonly #alerts: AlertBook;
  #undefinedMetric = 0;
  #beyondMaxSeries = 0;
  #listenerFailures = 0;
  #unreadable = 0;

  /** @throws {@link AnalyticsOptionError} for an option, metric or rule that cannot be used. */
  constructor(options: PerformanceAnalyticsOptions = {}) {
    const {
      metrics = [],
      alertRules = [],
      defaultAlertRules = true,
      clock = systemClock,
      windowPoints = 1_000,
      maxSeries = 1_000,
      quantilePeriodMs = 3_600_000,
      relativeError = 0.01,
      maxAlertHistory = 500,
      analysis = {},
      onAlert,
    } = check.object('options', options);
    this.#options = options;
    this.#clock = check.clock('clock', clock);
    this.#limits = {
      windowPoints: check.whole('windowPoints', windowPoints, 20, MOST_KEPT),
      quantilePeriodMs: check.number('quantilePeriodMs', quantilePeriodMs, 1, Number.MAX_SAFE_INTEGER),
      relativeError: check.number('relativeError', relativeError, 0.0001, 0.99),
    };
    this.#maxSeries = check.whole('maxSeries', maxSeries, 1, MOST_KEPT);
    this.#alerts = new AlertBook(check.whole('maxAlertHistory', maxAlertHistory, 1, MOST_KEPT));
    check.flag('defaultAlertRules', defaultAlertRules);
    if (onAlert !== undefined) check.callable('onAlert', onAlert);
    checkWindow(windowPoints, checkAnalysisOptions(analysis));
    for (const metric of check.list('metrics', metrics)) this.define(metric);
    for (const rule of check.list('alertRules', alertRules)) this.addAlertRule(rule);
  }

  /**
   * Makes a metric known. The same definition again changes nothing.
   *
   * @throws {@link AnalyticsOptionError} where the name is taken by another definition, or it says too little.
   */
  define(definition: MetricDefinition): void {
    const metric = resolveMetric(definition);
    const known = this.#metrics.get(metric.name);
    if (known !== undefined) {
      if (JSON.stringify(known) === JSON.stringify(metric)) return;
      throw new AnalyticsOptionError(
        `The metric "${metric.name}" is defined already, in another way.`,
        'Give one of them another name.',
      );
    }
    this.#metrics.set(metric.name, metric);
    if (this.#options.defaultAlertRules === false) return;
    for (const rule of DEFAULT_ALERT_RULES) if (rule.metric === metric.name) this.addAlertRule(rule);
  }

  isDefined(name: string): boolean {
    return this.#metrics.has(name);
  }

  /**
   * Adds a rule, or replaces that of the same id.
   *
   * @throws {@link AnalyticsOptionError} for a metric that is not defined, or a rule that cannot work.
   */
  addAlertRule(rule: AlertRule): void {
    check.object('alertRule', rule);
    const metric = this.#metrics.get(rule.metric);
    if (metric === undefined) {
      throw new AnalyticsOptionError(
        `The metric of an alertRule is ${shown(rule.metric)}, which is not defined.`,
        'Define the metric first: its direction says which side of the threshold is bad.',
      );
    }
    const resolved = resolveRule(rule, metric);
    this.#rules.set(resolved.id, resolved);
  }

  /** Takes one observation; whether it could be used. Never throws for one. */
  observe(observation: Observation): boolean {
    try {
      const { name, value, at, tags } = observation;
      const series = this.series(name, tags);
      return series !== undefined && series.observe(value, at ?? this.#clock.now());
    } catch {
      this.#unreadable += 1; // No object, or one that lets nobody look at it.
      return false;
    }
  }

  /**
   * The series of a metric with these tags, made where it is new: for who observes often and looks it up once.
   * `undefined` for a metric that is not defined, or beyond `maxSeries`.
   */
  series(name: string, tags: MetricTags = NO_TAGS): MetricSeries | undefined {
    const key = keyOf(name, tags);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const metric = this.#metrics.get(name);
    if (metric === undefined) {
      this.#undefinedMetric += 1;
      return undefined;
    }
    if (this.#series.size >= this.#maxSeries) {
      this.#beyondMaxSeries += 1;
      return undefined;
    }
    // As text, which the key is made of: reports could not write a symbol.
    const texts = Object.entries(tags).map(([tag, value]) => [tag, String(value)] as const);
    const series = new MetricSeries(metric, Object.freeze(Object.fromEntries(texts)), this.#limits);
    this.#series.set(key, series);
    return series;
  }

  /** Listens to the calls of a facade: how long they take and how many fail, by orchestrator. */
  feed(facade: Pick<OrchestrationFacade, 'events'>, options?: FeedOptions): Unsubscribe {
    return feedCalls(this, facade, options);
  }

  /**
   * Everything about one series; `undefined` where nothing was ever observed.
   *
   * @throws {@link AnalyticsOptionError} for options that cannot be used.
   */
  analyse(name: string, tags: MetricTags = NO_TAGS, options?: AnalysisOptions): MetricAnalysis | undefined {
    if (options !== undefined) checkAnalysisOptions(options);
    const series = this.#series.get(keyOf(name, tags));
    return series === undefined
      ? undefined
      : analyseSeries(series, this.#clock.now(), { ...this.#options.analysis, ...options });
  }

  /**
   * The series of a metric beside each other, the best first: which model answers best, which queue is slowest.
   * `undefined` for a metric that is not defined.
   */
  compare(name: string): SeriesComparison | undefined {
    const metric = this.#metrics.get(name);
    if (metric === undefined) return undefined;
    const series = [...this.#series.values()].filter((each) => each.metric === metric);
    return rankSeries(metric, series, this.#clock.now());
  }

  /** Everything about every series, as plain data for {@link reportToJson}, Markdown and HTML. */
  report(): AnalyticsReport {
    const now = this.#clock.now();
    const analyses = [...this.#series.values()].map((series) =>
      analyseSeries(series, now, this.#options.analysis),
    );
    return reportOf(analyses, {
      now,
      active: this.#alerts.active,
      history: this.#alerts.history,
      stats: this.stats,
    });
  }

  /** What is firing, the oldest first. */
  get activeAlerts(): readonly Alert[] {
    return this.#alerts.active;
  }

  /** Resolved alerts, the oldest first; bounded. */
  get alertHistory(): readonly Alert[] {
    return this.#alerts.history;
  }

  /** Judges the points that came since the last time by every rule. */
  evaluateAlerts(): AlertChanges {
    const now = this.#clock.now();
    const fired: Alert[] = [];
    const resolved: Alert[] = [];
    for (const series of this.#series.values()) {
      const rules = [...this.#rules.values()].filter(({ metric }) => metric === series.metric);
      if (rules.length === 0) continue;
      const points = series.points(now);
      for (const rule of rules) {
        const changes = this.#alerts.evaluate(rule, series, points, now);
        fired.push(...changes.fired);
        resolved.push(...changes.resolved);
      }
    }
    for (const alert of [...fired, ...resolved]) this.#tell(alert);
    return { fired, resolved };
  }

  /**
   * Evaluates the alerts again and again; the timer does not hold the process.
   *
   * @param everyMs default 30,000
   * @returns ends it
   */
  watch(everyMs = 30_000): () => void {
    const delay = check.number('everyMs', everyMs, 1, LONGEST_MS);
    let isOn = true;
    let timer: unknown;
    const arm = (): void => {
      timer = this.#clock.setTimeout(() => {
        this.evaluateAlerts();
        if (isOn) arm();
      }, delay);
      this.#clock.keepAlive?.(timer, false);
    };
    arm();
    return () => {
      isOn = false;
      this.#clock.clearTimeout(timer);
    };
  }

  get stats(): AnalyticsStats {
    let [observed, unusable] = [0, this.#unreadable];
    for (const series of this.#series.values()) {
      observed += series.observed;
      unusable += series.refused;
    }
    return {
      series: this.#series.size,
      observed,
      unusable,
      undefinedMetric: this.#undefinedMetric,
      beyondMaxSeries: this.#beyondMaxSeries,
      listenerFailures: this.#listenerFailures,
    };
  }

  #tell(alert: Alert): void {
    try {
      this.#options.onAlert?.(alert);
    } catch {
      this.#listenerFailures += 1;
    }
  }
}

/** Tags in any order are the same series. */
function keyOf(name: string, tags: MetricTags): string {
  if (tags === NO_TAGS) return name;
  check.object('tags', tags);
  const keys = Object.keys(tags);
  if (keys.length === 0) return name;
  if (keys.length > 1) keys.sort();
  let key = name;
  for (const tag of keys) {
    const text = String(tags[tag]);
    // With their lengths: no value can pass for another tag.
    key += `\u0000${tag.length}:${tag}${text.length}:${text}`;
  }
  return key;
}
