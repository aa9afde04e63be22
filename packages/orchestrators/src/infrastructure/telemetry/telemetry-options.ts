import {
  type SystemReader,
  type TelemetryAlert,
  TelemetryError,
  type TelemetryMetric,
  type TelemetryRule,
} from '@kapelle/observability';

import type { RequiredScopes } from '../../required-scopes.js';

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
  /**
   * Whether metrics of calls have the label `tenant`, for so many tenants; those beyond are counted as `other`. `true` is 50.
   * It multiplies the series of calls. @default false @maximum 10,000
   */
  readonly tenantLabel?: boolean | { readonly max: number };
  /** Spans kept. @default 1_000 */
  readonly maxSpans?: number;
  /** What the machine uses. @default the operating system's answer */
  readonly system?: SystemReader;
  /** Told once for each alert that fires or is resolved; what it throws is logged. */
  readonly onAlert?: (alert: TelemetryAlert) => void;
  /** Which scopes callers of operations of `telemetry` need; code that holds the orchestrator needs none. @default none */
  readonly requiredScopes?: RequiredScopes;
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

const DEFAULT_TENANTS = 50;
const MAX_TENANTS = 10_000;

/** @throws TelemetryError `TELEMETRY_OPTION_INVALID`, always */
export function refuseOption(problem: string): never {
  throw new TelemetryError('TELEMETRY_OPTION_INVALID', `TELEMETRY_OPTIONS: ${problem}`);
}

/** Tenants that have a label of their own. @throws TelemetryError `TELEMETRY_OPTION_INVALID` */
export function maxTenantsOf({ tenantLabel = false }: TelemetryOptions): number {
  if (typeof tenantLabel === 'boolean') return tenantLabel ? DEFAULT_TENANTS : 0;
  const max: unknown = (tenantLabel as { readonly max?: unknown } | null)?.max;
  if (Number.isSafeInteger(max) && (max as number) >= 1 && (max as number) <= MAX_TENANTS)
    return max as number;
  throw new TelemetryError(
    'TELEMETRY_OPTION_INVALID',
    `tenantLabel.max is ${String(max)}. Give a whole number from 1 to ${MAX_TENANTS}, or true or false for tenantLabel.`,
  );
}
