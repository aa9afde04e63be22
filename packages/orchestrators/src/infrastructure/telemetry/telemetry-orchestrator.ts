import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  type Interceptor,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import {
  feedTelemetry,
  NodeSystemReader,
  type SystemReader,
  type SystemReading,
  type TelemetryAlert,
  type TelemetryAlertChanges,
  TelemetryError,
  type TelemetrySpan,
  TelemetryStore,
  type TelemetrySummary,
  TraceBook,
  type TraceSummary,
} from '@kapelle/observability';
import { inject, optional } from 'inversify';
import { randomUUID } from 'node:crypto';
import { readRequiredScopes, type RequiredScopes, requireScopes } from '../../required-scopes.js';
import {
  DEFAULT_TELEMETRY_RULES,
  maxTenantsOf,
  refuseOption,
  TELEMETRY_OPTIONS,
  type TelemetryOptions,
} from './telemetry-options.js';
import {
  AddAlertRuleParams,
  DefineMetricParams,
  FinishSpanParams,
  RecordMetricParams,
  SpanLogParams,
  StartSpanParams,
  SummaryParams,
  TelemetryIdParams,
} from './telemetry-params.js';
import {
  alertSummary,
  type AlertSummary,
  dashboard,
  systemHealth,
  type SystemHealth,
  type TelemetryDashboard,
  telemetryHealth,
  type TelemetryHealth,
} from './telemetry-report.js';

/** What a cycle of telemetry found. */
export interface TelemetryCycle {
  readonly system_telemetry: SystemReading;
  readonly metrics_summary: TelemetrySummary;
  readonly trace_summary: TraceSummary;
  readonly alert_summary: AlertSummary;
  readonly triggered_alerts: readonly TelemetryAlert[];
  readonly resolved_alerts: readonly TelemetryAlert[];
  readonly dashboard_data: TelemetryDashboard;
  readonly telemetry_health: TelemetryHealth;
}

const CYCLE_EVERY_MS = 15_000;

/** Gauges of the machine and the process. */
const SYSTEM_METRICS = [
  { name: 'cpu_usage', kind: 'gauge', unit: '1', scope: 'system' },
  { name: 'memory_usage', kind: 'gauge', unit: '1', scope: 'system' },
  { name: 'disk_usage', kind: 'gauge', unit: '1', scope: 'system' },
  { name: 'event_loop_usage', kind: 'gauge', unit: '1', scope: 'system' },
  { name: 'heap_used', kind: 'gauge', unit: 'B', scope: 'system' },
  { name: 'resident_memory', kind: 'gauge', unit: 'B', scope: 'system' },
] as const;

/**
 * Collects metrics and spans of its host's calls, of the machine, and of whoever records some; evaluates alert rules every
 * 15 seconds, which resolve themselves; and gives what a dashboard shows.
 */
@orchestrator('infrastructure', 'monitoring', {
  name: 'telemetry',
  description: 'Collects metrics and spans, evaluates alert rules, and gives dashboards.',
})
export class TelemetryOrchestrator extends BaseOrchestrator {
  /** For infrastructure code that records often: without a call of the facade. */
  readonly store: TelemetryStore;
  readonly #traces: TraceBook;
  readonly #clock: Clock;
  readonly #system: SystemReader;
  readonly #facade: OrchestrationFacade | undefined;
  readonly #onAlert: TelemetryOptions['onAlert'];
  readonly #feed: Interceptor;
  #reading: SystemReading | undefined;
  readonly #requiredScopes: RequiredScopes;
  #detach: Unsubscribe | undefined;
  #scopes: Unsubscribe | undefined;

  constructor(
    @inject(TELEMETRY_OPTIONS) @optional() options: TelemetryOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
  ) {
    super();
    const { maxSeries, pointsPerSeries, maxSpans = 1_000, metrics = [], rules = [] } = options;
    if (!Number.isSafeInteger(maxSpans) || maxSpans < 1 || maxSpans > 1_000_000) {
      throw new TelemetryError(
        'TELEMETRY_OPTION_INVALID',
        `maxSpans is ${String(maxSpans)}. Give a whole number from 1 to 1000000.`,
      );
    }
    this.#requiredScopes = readRequiredScopes(options.requiredScopes, refuseOption);
    this.#clock = clock;
    this.#facade = facade;
    this.#system = options.system ?? new NodeSystemReader();
    this.#onAlert = options.onAlert;
    this.#traces = new TraceBook(maxSpans, randomUUID);
    this.store = new TelemetryStore({
      clock,
      ...(maxSeries === undefined ? {} : { maxSeries }),
      ...(pointsPerSeries === undefined ? {} : { pointsPerSeries }),
    });
    this.#feed = feedTelemetry({
      store: this.store,
      traces: this.#traces,
      monotonic: () => clock.monotonic(),
      now: () => clock.now(),
      except: ['telemetry'],
      maxTenants: maxTenantsOf(options),
    });
    for (const metric of [...SYSTEM_METRICS, ...metrics]) this.store.define(metric);
    const all = options.defaultRules === false ? rules : [...DEFAULT_TELEMETRY_RULES, ...rules];
    for (const rule of all) this.store.alerts.add(rule, clock.now());
  }

  override start(): void {
    this.#detach = this.#facade?.use(this.#feed);
    this.#scopes = requireScopes(this.name, this.#requiredScopes, this.#facade, refuseOption);
  }

  override cleanup(): void {
    this.#scopes?.();
    this.#detach?.();
    this.#detach = undefined;
  }

  override health(): HealthAnswer {
    const { beyondMaxSeries, ...details } = telemetryHealth(this.store, this.#traces);
    return beyondMaxSeries === 0
      ? { status: 'healthy', details }
      : {
          status: 'degraded',
          message: `${beyondMaxSeries} observations were left out: there are too many series. Use fewer labels, or raise maxSeries.`,
          details: { ...details, beyondMaxSeries },
        };
  }

  /** Reads the machine, evaluates the rules, and gives everything. */
  @operation({ default: true, description: 'Reads, evaluates the rules, and gives everything.' })
  async run_telemetry_cycle(): Promise<TelemetryCycle> {
    const { reading, changes } = await this.#cycle();
    return {
      system_telemetry: reading,
      metrics_summary: this.store.summary(),
      trace_summary: this.#traces.summary(),
      alert_summary: alertSummary(this.store),
      triggered_alerts: changes.fired,
      resolved_alerts: changes.resolved,
      dashboard_data: dashboard(this.store, this.#traces, this.#clock.now(), reading),
      telemetry_health: telemetryHealth(this.store, this.#traces),
    };
  }

  /** Makes a metric known. */
  @operation({ params: DefineMetricParams, description: 'Makes a metric known.' })
  define_metric(
    _context: OperationContext,
    params: DefineMetricParams,
  ): StepResult<{ readonly unit: string }> {
    return checked(() => ({ unit: this.store.define(params).unit }));
  }

  /** Records a point of a metric. */
  @operation({ params: RecordMetricParams, description: 'Records a point of a metric.' })
  record_metric(
    _context: OperationContext,
    { name, value, labels }: RecordMetricParams,
  ): StepResult<{ readonly recorded: boolean }> {
    return checked(() => ({ recorded: this.store.record(name, value, labels ?? undefined) }));
  }

  /** What was recorded lately. */
  @operation({ params: SummaryParams, description: 'Sums up what was recorded lately.' })
  get_metrics_summary(_context: OperationContext, { minutes }: SummaryParams): TelemetrySummary {
    return this.store.summary((minutes ?? 60) * 60_000);
  }

  @operation({ params: StartSpanParams, description: 'Begins a span.' })
  start_span(
    context: OperationContext,
    { operationName, parentId, tags }: StartSpanParams,
  ): StepResult<TelemetrySpan> {
    return checked(() =>
      this.#traces.start(operationName, context.now(), {
        traceId: context.traceId ?? context.requestId,
        ...(parentId ? { parentId } : {}),
        ...(tags ? { tags } : {}),
      }),
    );
  }

  @operation({ params: SpanLogParams, description: 'Adds a line to an open span.' })
  add_span_log(context: OperationContext, { spanId, message }: SpanLogParams): StepResult<TelemetrySpan> {
    return checked(() => this.#traces.log(spanId, context.now(), message));
  }

  @operation({ params: FinishSpanParams, description: 'Ends a span.' })
  finish_span(context: OperationContext, { spanId, status }: FinishSpanParams): StepResult<TelemetrySpan> {
    return checked(() => this.#traces.finish(spanId, context.now(), status));
  }

  @operation({ description: 'Sums up the last spans.' })
  get_trace_summary(): TraceSummary {
    return this.#traces.summary();
  }

  /** Adds an alert rule, or replaces that of the same id. */
  @operation({ params: AddAlertRuleParams, description: 'Adds an alert rule.' })
  add_alert_rule(
    _context: OperationContext,
    params: AddAlertRuleParams,
  ): StepResult<{ readonly id: string; readonly forMs: number }> {
    return checked(() => {
      const { id, forMs } = this.store.alerts.add(params, this.#clock.now());
      return { id, forMs };
    });
  }

  @operation({ params: TelemetryIdParams, description: 'Takes an alert rule away.' })
  remove_alert_rule(
    _context: OperationContext,
    { id }: TelemetryIdParams,
  ): StepResult<{ readonly id: string }> {
    return this.store.alerts.remove(id, this.#clock.now())
      ? StepResult.ok({ id })
      : unknown(`There is no rule "${id}".`, 'TELEMETRY_RULE_UNKNOWN');
  }

  /** Evaluates the rules now, not only at the next cycle. */
  @operation({ description: 'Evaluates the alert rules now.' })
  evaluate_alerts(): TelemetryAlertChanges {
    return this.#evaluate();
  }

  @operation({ params: TelemetryIdParams, description: 'Resolves an alert by hand.' })
  resolve_alert(_context: OperationContext, { id }: TelemetryIdParams): StepResult<TelemetryAlert> {
    const resolved = this.store.alerts.resolve(id, this.#clock.now());
    if (resolved === undefined) return unknown(`No alert "${id}" is firing.`, 'TELEMETRY_ALERT_UNKNOWN');
    this.#tell([resolved]);
    return StepResult.ok(resolved);
  }

  @operation({ description: 'Gives the alerts that fire, and the last that were resolved.' })
  get_alert_summary(): AlertSummary {
    return alertSummary(this.store);
  }

  @operation({ description: 'Gives what a dashboard shows.' })
  get_dashboard(): TelemetryDashboard {
    return dashboard(this.store, this.#traces, this.#clock.now(), this.#reading);
  }

  /** How the system does, by its calls and alerts, and how telemetry itself does. */
  @operation({ description: 'Tells how the system and telemetry itself do.' })
  get_health(): { readonly system: SystemHealth; readonly telemetry: TelemetryHealth } {
    return {
      system: systemHealth(this.store, this.#traces),
      telemetry: telemetryHealth(this.store, this.#traces),
    };
  }

  @background({ everyMs: CYCLE_EVERY_MS, initialDelayMs: 0 })
  async watch(): Promise<void> {
    await this.#cycle();
  }

  async #cycle(): Promise<{ readonly reading: SystemReading; readonly changes: TelemetryAlertChanges }> {
    const reading = await this.#system.read();
    this.#reading = reading;
    const { cpu, memory, disk, eventLoop, heapUsed, rss } = reading;
    const values: readonly (number | undefined)[] = [cpu, memory, disk, eventLoop, heapUsed, rss];
    for (const [i, { name }] of SYSTEM_METRICS.entries()) {
      const value = values[i];
      if (value !== undefined) this.store.record(name, value);
    }
    return { reading, changes: this.#evaluate() };
  }

  #evaluate(): TelemetryAlertChanges {
    const changes = this.store.alerts.evaluate(this.#clock.now());
    this.#tell([...changes.fired, ...changes.resolved]);
    return changes;
  }

  #tell(alerts: readonly TelemetryAlert[]): void {
    for (const alert of alerts) {
      const { id, rule, severity, labels, latest, resolution } = alert;
      if (alert.state === 'firing')
        this.logger.warn('alert_fired', { id, rule, severity, labels, value: latest });
      else this.logger.info('alert_resolved', { id, rule, severity, labels, resolution });
      try {
        this.#onAlert?.(alert);
      } catch (thrown) {
        this.logger.error('alert_listener_failed', { id, error: String(thrown) });
      }
    }
  }
}

function checked<T>(work: () => T): StepResult<T> {
  try {
    return StepResult.ok(work());
  } catch (thrown) {
    if (!(thrown instanceof TelemetryError)) throw thrown;
    return StepResult.fail(thrown.message, { errorCategory: 'validation', details: { code: thrown.code } });
  }
}

function unknown(message: string, code: string): StepResult<never> {
  return StepResult.fail(`${message} get_alert_summary shows what there is.`, {
    errorCategory: 'not_found',
    details: { code },
  });
}
