import { type Context, context as otel, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  createSanitizer,
  type OrchestrationContextJSON,
  type StepResult,
  type WatchedCall,
  type WorkScope,
} from '@kapelle/core';

import { SpanAttribute } from './span-attributes.js';
import { formatTraceParent } from './trace-parent.js';

/** Longest text that a span carries: a message, or the reason of a skip. */
const MAX_TEXT = 1_000;
const { sanitize, describeError } = createSanitizer({ maxStringLength: MAX_TEXT, stack: true });

/** A span around a piece of work: active while it runs, ended with what it came to. */
export class WorkSpan implements WorkScope {
  readonly span: Span;
  readonly context: Context;
  readonly #call: WatchedCall | undefined;

  constructor(span: Span, context: Context, call: WatchedCall | undefined) {
    this.span = span;
    this.context = context;
    this.#call = call;
  }

  run<T>(fn: () => T): T {
    return otel.with(this.context, fn);
  }

  end(result: StepResult): void {
    const { span } = this;
    if (span.isRecording()) {
      const runId = this.#call?.knownRunId;
      if (runId !== undefined) span.setAttribute(SpanAttribute.RUN, runId);
      describe(span, result);
    }
    span.end();
  }

  carry(): Pick<OrchestrationContextJSON, 'traceId' | 'traceParent' | 'traceState'> {
    const own = this.span.spanContext();
    const traceState = own.traceState?.serialize();
    return {
      traceId: own.traceId,
      traceParent: formatTraceParent(own),
      ...(traceState === undefined || traceState === '' ? {} : { traceState }),
    };
  }
}

/** Of work that is not sampled: its place in the trace is kept, and nothing written. */
export class UnsampledSpan extends WorkSpan {
  override end(): void {
    this.span.end();
  }
}

function describe(span: Span, result: StepResult): void {
  span.setAttribute(SpanAttribute.STATUS, result.status);
  if (result.status === 'skipped') span.setAttribute(SpanAttribute.REASON, text(result.reason));
  if (result.status !== 'failed') return;
  const message = text(result.error);
  span.setAttribute(SpanAttribute.ERROR_TYPE, result.errorCategory);
  span.setAttribute(SpanAttribute.RETRYABLE, result.retryable);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  if (result.cause === undefined) return;
  const { name, message: why, stack } = describeError(result.cause);
  span.addEvent('exception', {
    'exception.type': name,
    'exception.message': text(why),
    ...(stack === undefined ? {} : { 'exception.stacktrace': stack }),
  });
}

/** Without secrets and control characters, and cut. */
function text(value: unknown): string {
  return String(sanitize(value));
}
