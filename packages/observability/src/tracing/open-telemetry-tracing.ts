import {
  type Attributes,
  type Context,
  INVALID_SPANID,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type {
  Interceptor,
  WatchedBatch,
  WatchedCall,
  WatchedOperation,
  WatchedStep,
  WatchedTask,
  Watcher,
  WorkScope,
} from '@kapelle/core';

import { SpanAttribute } from './span-attributes.js';
import { parentContext } from './parent-context.js';
import { tracingChecks as check } from './tracing-error.js';
import { UnsampledSpan, WorkSpan } from './work-span.js';

/** What spans are made of, and by which tracer. */
export interface TracingOptions {
  /** What starts the spans. @default the tracer `@kapelle/observability` of the global provider, once there is one */
  readonly tracer?: Tracer;
  /** Whether each attempt of a `context.step` gets a span. @default true */
  readonly steps?: boolean;
  /** Whether each batch of a queue gets a span. @default true */
  readonly queues?: boolean;
  /** Whether each run of a background task gets a span, the first of a trace. @default true */
  readonly tasks?: boolean;
  /** Whether spans name the tenant. @default true */
  readonly tenant?: boolean;
  /** Attributes of your own for the span of a call, asked only where it is recorded. What it throws is ignored. */
  readonly attributes?: (call: WatchedCall) => Attributes | undefined;
  /** Lower is further out, as for every interceptor. @default -1000 */
  readonly order?: number;
}

/** What is known of an operation's spans before any call. */
interface Prepared {
  readonly name: string;
  readonly attributes: Attributes;
}

/**
 * A span for each call, named `<orchestrator>.<operation>`, as an interceptor of a facade or host. Parent and child
 * follow the calls, with and without a context manager. The span is active while the body runs, so that instrumented
 * libraries nest below it. It ends when the caller is answered; a body that runs on after its time-out is not waited for.
 *
 * Needs `@opentelemetry/api` only. Without an SDK a call costs one look at the global provider.
 *
 * @throws TracingOptionError for an option that cannot be used, by its name
 */
export function openTelemetryTracing(options: TracingOptions = {}): Interceptor {
  const { tracer, attributes, order = -1_000 } = check.object('options', options);
  if (tracer !== undefined) check.callable('tracer', tracer, 'startSpan');
  if (attributes !== undefined) check.callable('attributes', attributes);
  for (const option of ['steps', 'queues', 'tasks', 'tenant'] as const) {
    if (options[option] !== undefined) check.flag(option, options[option]);
  }
  check.number('order', order, -MAX_ORDER, MAX_ORDER);
  return { name: 'open-telemetry', order, watch: new Tracing(options).watcher };
}

const MAX_ORDER = 1e9;
const TRACER_NAME = '@kapelle/observability';
/** What the API hands out while no SDK is installed; it is not exported, and always the same. */
const NO_PROVIDER = new ProxyTracerProvider().getDelegate();
const INTERNAL: SpanOptions = Object.freeze({ kind: SpanKind.INTERNAL });
const CONSUMER: SpanOptions = Object.freeze({ kind: SpanKind.CONSUMER });

class Tracing {
  readonly watcher: Watcher;
  readonly #attributes: TracingOptions['attributes'];
  readonly #tenant: boolean;
  readonly #prepared = new WeakMap<WatchedOperation, Prepared>();
  #tracer: Tracer | undefined;

  constructor(options: TracingOptions) {
    const { steps = true, queues = true, tasks = true, tenant = true } = options;
    this.#tracer = options.tracer;
    this.#attributes = options.attributes;
    this.#tenant = tenant;
    this.watcher = {
      call: (call) => this.#call(call),
      ...(steps ? { step: (step) => this.#step(step) } : {}),
      ...(queues ? { batch: (batch) => this.#batch(batch) } : {}),
      ...(tasks ? { task: (task) => this.#task(task) } : {}),
    };
  }

  #call(call: WatchedCall): WorkScope | undefined {
    const tracer = this.#tracer ?? this.#installed();
    if (tracer === undefined) return undefined;
    const { name, attributes } = this.#prepare(call.identity);
    const parent = parentContext(call.context, call.caller);
    const span = tracer.startSpan(name, INTERNAL, parent);
    if (span.spanContext().spanId === INVALID_SPANID) return undefined;
    const context = trace.setSpan(parent, span);
    if (!span.isRecording()) return new UnsampledSpan(span, context, undefined);
    span.setAttributes(attributes);
    this.#identify(span, call);
    return new WorkSpan(span, context, call);
  }

  #identify(span: Span, call: WatchedCall): void {
    const { tenantId, requestId, orchestrationDepth } = call.context;
    if (this.#tenant) span.setAttribute(SpanAttribute.TENANT, tenantId);
    span.setAttribute(SpanAttribute.REQUEST, requestId);
    span.setAttribute(SpanAttribute.DEPTH, orchestrationDepth);
    if (this.#attributes === undefined) return;
    try {
      const own = this.#attributes(call);
      if (own !== undefined) span.setAttributes(own);
    } catch {
      // Somebody's attributes must not cost the span.
    }
  }

  #step({ call, step, attempt }: WatchedStep): WorkScope | undefined {
    return this.#start(step, INTERNAL, parentContext(call.context, call.context), {
      [SpanAttribute.ORCHESTRATOR]: call.identity.orchestrator,
      [SpanAttribute.OPERATION]: call.identity.operation,
      [SpanAttribute.STEP]: step,
      [SpanAttribute.ATTEMPT]: attempt,
    });
  }

  #batch({ orchestrator, layer, queue, items, context }: WatchedBatch): WorkScope | undefined {
    return this.#start(`process ${queue}`, CONSUMER, parentContext(context, context), {
      [SpanAttribute.ORCHESTRATOR]: orchestrator,
      [SpanAttribute.LAYER]: layer,
      [SpanAttribute.MESSAGING_SYSTEM]: 'kapelle',
      [SpanAttribute.MESSAGING_OPERATION]: 'process',
      [SpanAttribute.MESSAGING_OPERATION_NAME]: 'process',
      [SpanAttribute.QUEUE]: queue,
      [SpanAttribute.BATCH_SIZE]: items,
      ...(context === undefined || !this.#tenant ? {} : { [SpanAttribute.TENANT]: context.tenantId }),
    });
  }

  #task({ orchestrator, layer, task }: WatchedTask): WorkScope | undefined {
    return this.#start(`${orchestrator}.${task}`, INTERNAL, ROOT_CONTEXT, {
      [SpanAttribute.ORCHESTRATOR]: orchestrator,
      [SpanAttribute.LAYER]: layer,
      [SpanAttribute.TASK]: task,
    });
  }

  #start(name: string, options: SpanOptions, parent: Context, attributes: Attributes): WorkScope | undefined {
    const tracer = this.#tracer ?? this.#installed();
    if (tracer === undefined) return undefined;
    const span = tracer.startSpan(name, options, parent);
    if (span.spanContext().spanId === INVALID_SPANID) return undefined;
    const context = trace.setSpan(parent, span);
    if (!span.isRecording()) return new UnsampledSpan(span, context, undefined);
    span.setAttributes(attributes);
    return new WorkSpan(span, context, undefined);
  }

  /** Kept once there is one: an SDK is installed before the host starts, or never. */
  #installed(): Tracer | undefined {
    const provider = trace.getTracerProvider();
    if (provider instanceof ProxyTracerProvider && provider.getDelegate() === NO_PROVIDER) return undefined;
    this.#tracer = provider.getTracer(TRACER_NAME);
    return this.#tracer;
  }

  #prepare(identity: WatchedOperation): Prepared {
    let prepared = this.#prepared.get(identity);
    if (prepared === undefined) {
      const { orchestrator, operation, layer, type, functionName } = identity;
      prepared = {
        name: `${orchestrator}.${operation}`,
        attributes: {
          [SpanAttribute.ORCHESTRATOR]: orchestrator,
          [SpanAttribute.OPERATION]: operation,
          [SpanAttribute.LAYER]: layer,
          [SpanAttribute.TYPE]: type,
          ...(functionName === undefined ? {} : { [SpanAttribute.FUNCTION]: functionName }),
        },
      };
      this.#prepared.set(identity, prepared);
    }
    return prepared;
  }
}
