import type { SystemReader, TelemetryAlert, TelemetryMetric, TelemetryRule } from '@kapelle/observability';

/** Binding key of the options of `telemetry`. */
export const TELEMETRY_OPTIONS = Symbol.for('kapelle.TelemetryOptions');

/** What can be set of `telemetry`; all of it has a default. */
export interface TelemetryOptions {
  /** Metrics that are known from the start, beside those of calls and of the machine. */
  readonly metrics?: readonly TelemetryMetric[];
  /** Rules beside the default ones, or instead of those of the same id. */
  readonly rules?: readonly TelemetryRule[];
  /** Whether {@link DEFAULT_TELEMETRY_RULES} hold. @default true */
  readonly defaultRules?: boolean;
  /** Over all metrics. @default 10_000 */
  readonly maxSeries?: number;
  /** @default 1_000 */
  readonly pointsPerSeries?: number;
  /** Spans kept. @default 1_000 */
  readonly maxSpans?: number;
  /** What the machine uses. @default the operating system's answer */
  readonly system?: SystemReader;
  /** Told once for each alert that fires or is resolved; what it throws is logged. */
  readonly onAlert?: (alert: TelemetryAlert) => void;
}

/**
 * The thresholds of the reference system, with units: failed calls above 5 %, the 95th percentile of the duration of calls
 * above a second, memory above 90 % of the machine.
 */
export const DEFAULT_TELEMETRY_RULES: readonly TelemetryRule[] = [
  {
    id: 'high_error_rate',
    when: 'increase(call_failures) by (orchestrator) / increase(calls) by (orchestrator) > 5% and increase(calls) by (orchestrator) >= 10',
    severity: 'error',
    title: 'Many calls fail',
    description: 'More than 5 % of at least 10 calls within five minutes failed.',
  },
  {
    id: 'slow_response',
    when: 'p95(call_duration) by (orchestrator) > 1000ms',
    severity: 'warning',
    title: 'Calls are slow',
    description: 'The 95th percentile of the duration of calls within five minutes is above a second.',
  },
  {
    id: 'high_memory',
    when: 'last(memory_usage) > 90%',
    severity: 'critical',
    title: 'Memory is scarce',
    description: 'More than 90 % of the memory of the machine is in use.',
  },
];
