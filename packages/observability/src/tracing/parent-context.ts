import {
  type Context,
  context as otel,
  isSpanContextValid,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { type OrchestrationContext, workScopeOf } from '@kapelle/core';

import { parseTraceParent } from './trace-parent.js';
import { WorkSpan } from './work-span.js';

/** The span of the call that `context` belongs to: where a call finds its parent with no context manager installed. */
export function spanOf(context: OrchestrationContext | undefined): WorkSpan | undefined {
  const scope = context === undefined ? undefined : workScopeOf(context);
  if (scope === undefined || scope instanceof WorkSpan) return scope;
  return scope.parts?.find((part) => part instanceof WorkSpan);
}

/**
 * What a span belongs to that is started for `context`, by a call whose own context is `caller`: the span that is
 * active where it is of the caller's trace and hence within it, else the caller's; without a caller the remote span
 * that the context names, else whatever is active.
 */
export function parentContext(
  context: OrchestrationContext | undefined,
  caller: OrchestrationContext | undefined,
): Context {
  const active = otel.active();
  const call = spanOf(caller);
  if (call !== undefined) return isOfTrace(active, call.span.spanContext().traceId) ? active : call.context;
  const remote = remoteParent(context);
  if (remote === undefined || isOfTrace(active, remote.traceId)) return active;
  return trace.setSpanContext(active, remote);
}

/** The span outside of this process that `context` names. */
export function remoteParent(context: OrchestrationContext | undefined): SpanContext | undefined {
  const parent = context?.traceParent;
  return parent === undefined ? undefined : parseTraceParent(parent, context?.traceState);
}

/** The span of the running code, where there is a valid one. */
export function activeSpan(): SpanContext | undefined {
  const active = trace.getSpanContext(otel.active());
  return active !== undefined && isSpanContextValid(active) ? active : undefined;
}

function isOfTrace(context: Context, traceId: string): boolean {
  return trace.getSpanContext(context)?.traceId === traceId;
}
