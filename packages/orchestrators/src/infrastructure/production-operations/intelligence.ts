import type { StepResult } from '@kapelle/core';
import type { HealthSummary } from '../resilience/resilience-orchestrator.js';
import type { SecurityReport } from '../security/security-report.js';
import type { AlertSummary, SystemHealth, TelemetryDashboard } from '../telemetry/telemetry-report.js';

/** Calls an operation of another infrastructure orchestrator; within `actionTimeoutMs` where no time is given. */
export type CallOperation = (
  orchestrator: string,
  params: Readonly<Record<string, unknown>>,
  timeoutMs?: number,
) => Promise<StepResult>;

/** An answer that was given, or why there is none. */
export type Gathered<T> =
  { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string };

/** What the others know of the system now. */
export interface OperationsIntelligence {
  /** Epoch ms. */
  readonly at: number;
  readonly telemetry: Gathered<TelemetryDashboard>;
  readonly alerts: Gathered<AlertSummary>;
  readonly system: Gathered<SystemHealth>;
  readonly resilience: Gathered<HealthSummary>;
  readonly security: Gathered<SecurityReport>;
}

/** Asks telemetry, resilience and security. One that is missing or fails is noted as such: nothing is put in its place. */
export async function gatherIntelligence(call: CallOperation, now: number): Promise<OperationsIntelligence> {
  const [telemetry, resilience, security] = await Promise.all([
    gather<TelemetryDashboard>(
      call,
      'telemetry',
      'get_dashboard',
      ({ panels }) => Array.isArray(panels.alerts_summary.active) && isObject(panels.system_health),
    ),
    gather<HealthSummary>(
      call,
      'resilience',
      'get_health_summary',
      (summary) => isObject(summary.circuitBreakers) && isObject(summary.serviceHealth),
    ),
    gather<SecurityReport>(
      call,
      'security',
      'get_security_report',
      (report) =>
        Array.isArray(report.threat_summary.openSources) && Number.isFinite(report.security_score.score),
    ),
  ]);
  return {
    at: now,
    telemetry,
    alerts: part(telemetry, ({ panels }) => panels.alerts_summary),
    system: part(telemetry, ({ panels }) => panels.system_health),
    resilience,
    security,
  };
}

async function gather<T>(
  call: CallOperation,
  orchestrator: string,
  operation: string,
  isWhole: (value: T) => boolean,
): Promise<Gathered<T>> {
  const result = await call(orchestrator, { operation });
  if (result.status !== 'ok') {
    return {
      known: false,
      why: result.status === 'failed' ? result.error : (result.reason ?? result.status),
    };
  }
  // Another class may be bound under the name, which answers something else.
  const value = result.data as T;
  try {
    if (isWhole(value)) return { known: true, value };
  } catch {
    // A part of it is missing.
  }
  return {
    known: false,
    why: `The answer of ${orchestrator}.${operation} has not the form that is known here.`,
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function part<T, R>(gathered: Gathered<T>, of: (value: T) => R): Gathered<R> {
  return gathered.known ? { known: true, value: of(gathered.value) } : gathered;
}
