import { currentContext, OrchestrationContext, type OrchestrationContextInit } from '@kapelle/core';
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

import { activeSpan, remoteParent, spanOf } from './parent-context.js';
import { formatTraceParent, parseTraceParent } from './trace-parent.js';
import { TracingOptionError } from './tracing-error.js';
import { shown } from '../option-checks.js';

/** Headers as node:http and its frameworks have them, or as `fetch` does. */
export type IncomingHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null | undefined };

/** A context but for what the headers say. */
export type ContextFromHeadersInit = Omit<
  OrchestrationContextInit,
  'requestId' | 'traceId' | 'traceParent' | 'traceState'
> &
  Partial<Pick<OrchestrationContextInit, 'requestId'>>;

/**
 * A context that goes on with the caller's trace: its trace id, and its span as the parent of the first call. Whatever
 * is no W3C trace context, is sent twice, or cannot be read, counts as not sent; the trace id is then that of the active
 * span, where there is one.
 *
 * Anybody may send such headers: take them from callers whose traces you want to be part of.
 *
 * @throws OrchestrationError `CONTEXT_INVALID` for an `init` that makes no context
 */
export function contextFromHeaders(
  headers: IncomingHeaders,
  init: ContextFromHeadersInit,
): OrchestrationContext {
  const remote = remoteSpan(headers);
  const traceState = remote?.traceState?.serialize();
  const active = remote === undefined ? activeSpan() : undefined;
  const { tenantId, requestId, metadata, deadline, signal, principal } = init;
  const own = { requestId, metadata, deadline, signal, principal };
  return OrchestrationContext.create({
    tenantId,
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    ...(remote === undefined ? {} : { traceId: remote.traceId, traceParent: formatTraceParent(remote) }),
    ...(traceState === undefined ? {} : { traceState }),
    ...(active === undefined ? {} : { traceId: active.traceId }),
  });
}

/**
 * Adds `traceparent` and `tracestate` to headers that go out, and returns them: of the span that is active in the call
 * of `context`, else of that call, else the ones that came in with it. Without any of these nothing is added.
 *
 * @param context default: that of the running call, where the host keeps one
 * @throws TracingOptionError for a context that is none
 */
export function injectHeaders(context?: OrchestrationContext): Record<string, string>;
export function injectHeaders<H extends Record<string, unknown>>(
  context: OrchestrationContext | undefined,
  headers: H,
): H;
export function injectHeaders(
  context: OrchestrationContext | undefined = currentContext(),
  headers: Record<string, unknown> = {},
): Record<string, unknown> {
  const span = outgoing(context);
  if (span === undefined) return headers;
  const state = span.traceState?.serialize();
  headers['traceparent'] = formatTraceParent(span);
  if (state !== undefined && state !== '') headers['tracestate'] = state;
  return headers;
}

/** The ids of the active span as log fields; `undefined` outside of any. For the `ambient` option of a logger. */
export function traceLogFields(): { readonly traceId: string; readonly spanId: string } | undefined {
  const active = activeSpan();
  return active === undefined ? undefined : { traceId: active.traceId, spanId: active.spanId };
}

function outgoing(context: OrchestrationContext | undefined): SpanContext | undefined {
  if (context !== undefined && !(context instanceof OrchestrationContext)) {
    throw new TracingOptionError(
      `The context is ${shown(context)}.`,
      'Give the context of a call, or leave it out.',
    );
  }
  const active = activeSpan();
  const own = spanOf(context)?.span.spanContext() ?? remoteParent(context);
  if (own === undefined || !isSpanContextValid(own)) return active;
  return active?.traceId === own.traceId ? active : own;
}

function remoteSpan(headers: IncomingHeaders): SpanContext | undefined {
  try {
    const parent = valuesOf(headers, 'traceparent');
    // One that is sent twice is of nobody.
    return parent.length === 1
      ? parseTraceParent(parent[0]?.trim(), valuesOf(headers, 'tracestate').join(','))
      : undefined;
  } catch {
    return undefined;
  }
}

/** The values of a header, whatever the case of its name; own properties only. */
function valuesOf(headers: IncomingHeaders, name: string): string[] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (typeof headers.get === 'function') {
    const value: unknown = headers.get(name);
    return typeof value === 'string' ? [value] : [];
  }
  const values: string[] = [];
  for (const [key, value] of Object.entries(headers)) {
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (typeof each === 'string') values.push(each);
      else if (each !== undefined) return [];
    }
  }
  return values;
}
