import type { Interceptor, OrchestrationContext, WatchedCall, WorkScope } from '@kapelle/core';
import { verdictOf } from '../caller-faults.js';
import type { TelemetryLabels } from './telemetry-series.js';
import type { TelemetryStore } from './telemetry-store.js';
import type { TraceBook } from './trace-book.js';

/** Calls that were answered, by orchestrator and operation, and by tenant where that is asked for. */
export const TELEMETRY_CALLS = 'calls';
/** Calls that failed by the doing of the orchestrator. */
export const TELEMETRY_CALL_FAILURES = 'call_failures';
/** How long calls took. */
export const TELEMETRY_CALL_DURATION = 'call_duration';

/** Where calls are written to, and by which clock. */
export interface FeedTelemetryOptions {
  readonly store: TelemetryStore;
  readonly traces: TraceBook;
  /** Milliseconds on a clock that never goes back. */
  readonly monotonic: () => number;
  /** Epoch ms. */
  readonly now: () => number;
  /** Orchestrators whose calls are left out. @default none */
  readonly except?: readonly string[];
  /**
   * Tenants that have a label of their own, `tenant`; those beyond are `other`. Each multiplies the series of calls.
   * @default 0: no such label
   */
  readonly maxTenants?: number;
}

/** The label of tenants beyond the bound. */
const OTHER_TENANTS = 'other';

/** Durations, outcomes and spans of the calls of a facade, as an interceptor. A call is the child of the one that made it. */
export function feedTelemetry({
  store,
  traces,
  monotonic,
  now,
  except = [],
  maxTenants = 0,
}: FeedTelemetryOptions): Interceptor {
  const tenants = new Set<string>();
  const tenantOf = (tenantId: string): string => {
    if (tenants.size < maxTenants) tenants.add(tenantId);
    return tenants.has(tenantId) ? tenantId : OTHER_TENANTS;
  };
  store.define({ name: TELEMETRY_CALLS, kind: 'counter' });
  store.define({ name: TELEMETRY_CALL_FAILURES, kind: 'counter' });
  store.define({ name: TELEMETRY_CALL_DURATION, kind: 'timer', unit: 'ms' });
  const left = new Set(except);
  const spans = new WeakMap<OrchestrationContext, string>();
  const start = (call: WatchedCall): WorkScope | undefined => {
    const { context, caller, identity } = call;
    const { orchestrator, operation } = identity;
    if (left.has(orchestrator)) return undefined;
    const parentId = caller === undefined ? undefined : spans.get(caller);
    const span = traces.start(`${orchestrator}.${operation}`, now(), {
      traceId: context.traceId ?? context.requestId,
      ...(parentId === undefined || !traces.has(parentId) ? {} : { parentId }),
      tags: { layer: identity.layer, tenant: context.tenantId },
    });
    spans.set(context, span.spanId);
    const from = monotonic();
    return {
      end: (result) => {
        const labels: TelemetryLabels =
          maxTenants === 0
            ? { orchestrator, operation }
            : { orchestrator, operation, tenant: tenantOf(context.tenantId) };
        const verdict = verdictOf(result);
        const tookMs = monotonic() - from;
        if (traces.has(span.spanId)) {
          traces.finish(span.spanId, span.startedAt + tookMs, result.status === 'failed' ? 'error' : 'ok');
        }
        if (verdict === 'none') return;
        store.record(TELEMETRY_CALLS, 1, labels);
        store.record(TELEMETRY_CALL_FAILURES, verdict === 'failed' ? 1 : 0, labels);
        store.record(TELEMETRY_CALL_DURATION, tookMs, labels);
      },
    };
  };
  return { name: 'telemetry', order: -900, watch: { call: start } };
}
