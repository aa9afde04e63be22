import type {
  SystemReading,
  TelemetryAlert,
  TelemetryStore,
  TelemetrySummary,
  TraceBook,
  TraceSummary,
} from '@kapelle/observability';

/** How telemetry itself does. */
export interface TelemetryHealth {
  readonly series: number;
  /** Observations left out because there were too many series. */
  readonly beyondMaxSeries: number;
  /** Points kept, as a share of the room for them, 0 to 1. */
  readonly bufferUsage: number;
  readonly activeSpans: number;
  readonly completedSpans: number;
  readonly forgottenSpans: number;
  readonly activeAlerts: number;
}

/** Alerts in numbers. */
export interface AlertSummary {
  readonly active: readonly TelemetryAlert[];
  readonly bySeverity: Readonly<Record<string, number>>;
  /** The last that were resolved, the newest first, ten at most. */
  readonly resolved: readonly TelemetryAlert[];
  readonly rules: number;
}

/** How the system does, from the spans: 0 to 100. */
export interface SystemHealth {
  readonly status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  /** 100, less the share of failed spans in percent, less a point per 100 ms of their mean duration, 20 at most. */
  readonly score?: number;
  readonly firing: number;
}

/** The five panels. */
export interface TelemetryDashboard {
  /** Epoch ms. */
  readonly at: number;
  readonly refreshSeconds: number;
  readonly panels: {
    readonly system_health: SystemHealth & { readonly reading?: SystemReading };
    readonly metrics_summary: TelemetrySummary;
    readonly trace_summary: TraceSummary;
    readonly alerts_summary: AlertSummary;
    readonly performance_trends: readonly TelemetryTrend[];
  };
}

/** How the calls of an orchestrator take, now and before. */
export interface TelemetryTrend {
  readonly orchestrator: string;
  /** Mean milliseconds and calls of the last half hour, and of the one before. */
  readonly now: { readonly calls: number; readonly meanMs: number };
  readonly before?: { readonly calls: number; readonly meanMs: number };
  /** `now` over `before` less 1; absent where there is no before. */
  readonly change?: number;
}

const REFRESH_SECONDS = 30;
const HALF_HOUR_MS = 30 * 60_000;
const HEALTHY_ABOVE = 80;
const DEGRADED_ABOVE = 60;

export function alertSummary({ alerts }: TelemetryStore): AlertSummary {
  const bySeverity: Record<string, number> = {};
  const { active } = alerts;
  for (const { severity } of active) bySeverity[severity] = (bySeverity[severity] ?? 0) + 1;
  return {
    active,
    bySeverity,
    resolved: alerts.history.slice(-10).reverse(),
    rules: alerts.rules.length,
  };
}

export function systemHealth(store: TelemetryStore, traces: TraceBook): SystemHealth {
  const { errorRatio, durationMs } = traces.summary();
  const firing = store.alerts.active.length;
  // Where nothing was called nothing is known.
  if (errorRatio === undefined || durationMs === undefined) return { status: 'unknown', firing };
  const score = Math.max(0, 100 - errorRatio * 100 - Math.min(20, durationMs.avg / 100));
  const isCritical = store.alerts.active.some(({ severity }) => severity === 'critical');
  const status =
    isCritical || score <= DEGRADED_ABOVE
      ? 'critical'
      : score <= HEALTHY_ABOVE || firing > 0
        ? 'degraded'
        : 'healthy';
  return { status, score, firing };
}

export function telemetryHealth(store: TelemetryStore, traces: TraceBook): TelemetryHealth {
  return {
    series: store.series.size,
    beyondMaxSeries: store.series.beyondMaxSeries,
    bufferUsage: store.series.fill,
    activeSpans: traces.open,
    completedSpans: traces.summary().ended,
    forgottenSpans: traces.forgotten,
    activeAlerts: store.alerts.active.length,
  };
}

export function dashboard(
  store: TelemetryStore,
  traces: TraceBook,
  now: number,
  reading: SystemReading | undefined,
): TelemetryDashboard {
  return {
    at: now,
    refreshSeconds: REFRESH_SECONDS,
    panels: {
      system_health: { ...systemHealth(store, traces), ...(reading === undefined ? {} : { reading }) },
      metrics_summary: store.summary(),
      trace_summary: traces.summary(),
      alerts_summary: alertSummary(store),
      performance_trends: trends(store, now),
    },
  };
}

function trends(store: TelemetryStore, now: number): TelemetryTrend[] {
  const found = new Map<string, { now: Sum; before: Sum }>();
  for (const series of store.series.of('call_duration')) {
    const orchestrator = series.labels['orchestrator'] ?? '';
    const entry = found.get(orchestrator) ?? { now: { calls: 0, sum: 0 }, before: { calls: 0, sum: 0 } };
    const middle = now - HALF_HOUR_MS;
    for (let i = series.after(middle - HALF_HOUR_MS); i < series.length; i += 1) {
      const half = series.at(i) > middle ? entry.now : entry.before;
      half.calls += 1;
      half.sum += series.value(i);
    }
    found.set(orchestrator, entry);
  }
  return [...found].flatMap(([orchestrator, { now: after, before }]) => {
    if (after.calls === 0) return [];
    const meanMs = after.sum / after.calls;
    if (before.calls === 0) return [{ orchestrator, now: { calls: after.calls, meanMs } }];
    const meanBefore = before.sum / before.calls;
    return [
      {
        orchestrator,
        now: { calls: after.calls, meanMs },
        before: { calls: before.calls, meanMs: meanBefore },
        ...(meanBefore === 0 ? {} : { change: meanMs / meanBefore - 1 }),
      },
    ];
  });
}

interface Sum {
  calls: number;
  sum: number;
}
