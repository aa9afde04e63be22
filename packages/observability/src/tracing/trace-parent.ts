import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api';

const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A version to come may add fields behind the four that are known. */
const LATER_VERSION = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** Longest `traceparent` looked at; a version to come may be longer than the 55 characters of today's. */
const MAX_PARENT_LENGTH = 256;
/** What the specification asks everybody to pass on, and the most that is. */
const MAX_STATE_LENGTH = 512;

/**
 * The remote span that W3C Trace Context headers name (https://www.w3.org/TR/trace-context/); `undefined` for whatever
 * is not exactly that. A `tracestate` that is too long or malformed is left out, and the parent kept.
 */
export function parseTraceParent(parent: unknown, state?: unknown): SpanContext | undefined {
  if (typeof parent !== 'string' || parent.length > MAX_PARENT_LENGTH) return undefined;
  const version = parent.slice(0, 2);
  const found =
    version === '00' ? VERSION_00.exec(parent) : version === 'ff' ? null : LATER_VERSION.exec(parent);
  if (found === null) return undefined;
  const [, traceId, spanId, flags] = found as unknown as [string, string, string, string];
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  const traceState =
    typeof state === 'string' && state.length <= MAX_STATE_LENGTH && state.trim() !== ''
      ? createTraceState(state)
      : undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(traceState === undefined || traceState.serialize() === '' ? {} : { traceState }),
  };
}

/** A span as a `traceparent` of version 00. */
export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}
