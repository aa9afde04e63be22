import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import {
  background,
  BaseOrchestrator,
  consumes,
  createOrchestrationHost,
  currentContext,
  type ExecuteRun,
  type HostOptions,
  operation,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  orchestrator,
  type RunVerbs,
  StepResult,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';
import { context as otel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';

import { openTelemetryTracing, type TracingOptions } from './open-telemetry-tracing.js';
import { contextFromHeaders, injectHeaders, traceLogFields } from './trace-headers.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const PARENT = `00-${TRACE}-${SPAN}-01`;

let stopWaiting: () => void = () => undefined;
const library = { trace: (): void => undefined };

@orchestrator('domain', 'business_logic')
class LeafOrchestrator extends BaseOrchestrator {
  @operation()
  async read(context: OperationContext, { fail }: { fail?: boolean } = {}) {
    await context.sleep(0);
    library.trace();
    if (fail === true) throw new TypeError('no such leaf, password=hunter2');
    return { headers: injectHeaders(context) };
  }
}

@orchestrator('application', 'coordination')
class RootOrchestrator extends BaseOrchestrator {
  @operation({ default: true })
  async call(context: OperationContext, params: unknown) {
    return context.call('leaf', params);
  }

  @operation()
  async delegated(context: OperationContext) {
    return this.delegate('leaf', context, {});
  }

  @operation()
  async spread(context: OperationContext) {
    return context.parallel({ a: () => context.call('leaf'), b: () => context.call('leaf') });
  }

  @operation()
  async steps(context: OperationContext) {
    return context.step(
      'charge',
      ({ attempt }) =>
        attempt === 1 ? StepResult.fail('not yet', { retryable: true }) : context.call('leaf'),
      { retry: { maxAttempts: 2, baseMs: 0 } },
    );
  }

  @operation()
  wait() {
    return new Promise<void>((resolve) => (stopWaiting = resolve));
  }

  @operation()
  skip() {
    return StepResult.skip('nothing to do');
  }
}

@orchestrator('domain', 'business_logic', { durable: true })
class LastingOrchestrator extends BaseOrchestrator {
  @operation()
  go() {
    return 'gone';
  }
}

let handled: (() => void) | undefined;

@orchestrator('infrastructure', 'feedback')
class InboxOrchestrator extends BaseOrchestrator {
  @operation()
  put() {
    return this.queue<string>('mail').offer('hello');
  }

  @consumes({ queue: 'mail' })
  async read() {
    library.trace();
    const context = currentContext();
    if (context !== undefined) await this.delegate('store', context, {});
    handled?.();
  }
}

@orchestrator('infrastructure', 'business_logic')
class StoreOrchestrator extends BaseOrchestrator {
  @operation()
  keep() {
    return 'kept';
  }
}

@orchestrator('infrastructure', 'monitoring')
class PulseOrchestrator extends BaseOrchestrator {
  @background({ everyMs: 1_000, jitterRatio: 0 })
  beat() {
    library.trace();
    throw new Error('no pulse');
  }
}

const ended: (() => Promise<void>)[] = [];

afterEach(async () => {
  stopWaiting();
  library.trace = () => undefined;
  for (const end of ended.splice(0)) await end();
});

function sdk(sampler?: Sampler) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler === undefined ? {} : { sampler }),
  });
  ended.push(() => provider.shutdown());
  return { tracer: provider.getTracer('test'), spans: () => exporter.getFinishedSpans() };
}

function withContextManager(): void {
  const manager = new AsyncLocalStorageContextManager().enable();
  otel.setGlobalContextManager(manager);
  ended.push(async () => {
    otel.disable();
  });
}

async function start(tracing: TracingOptions, options: Partial<HostOptions> = {}) {
  const host = createOrchestrationHost({
    orchestrators: [RootOrchestrator, LeafOrchestrator, InboxOrchestrator, StoreOrchestrator],
    interceptors: [openTelemetryTracing(tracing)],
    ...options,
  });
  ended.push(async () => void (await host.stop()));
  await host.start();
  return host;
}

const byName = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const found = spans.find((span) => span.name === name);
  if (found === undefined)
    throw new Error(`no span ${name} among ${spans.map((each) => each.name).join(', ')}`);
  return found;
};

/** The spans as `parent > child`. */
const tree = (spans: readonly ReadableSpan[]): string[] => {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans
    .map(({ name, parentSpanContext }) => {
      const parent = parentSpanContext?.spanId;
      return parent === undefined ? name : `${names.get(parent) ?? parent} > ${name}`;
    })
    .sort();
};

describe.each([
  { manager: true, ambientContext: true },
  { manager: true, ambientContext: false },
  { manager: false, ambientContext: true },
  { manager: false, ambientContext: false },
])(
  'tracing with context manager: $manager, ambient context: $ambientContext',
  ({ manager, ambientContext }) => {
    const begin = async (options?: TracingOptions) => {
      if (manager) withContextManager();
      const { tracer, spans } = sdk();
      const { facade } = await start({ tracer, ...options }, { ambientContext });
      return { facade, spans, tracer };
    };

    it('nests calls, delegated ones and those of parallel branches below their caller', async () => {
      const { facade, spans } = await begin();
      await facade.orchestrate('root', aContext(), {});
      await facade.orchestrate('root', aContext(), { operation: 'delegated' });
      await facade.orchestrate('root', aContext(), { operation: 'spread' });
      expect(tree(spans())).toEqual([
        'root.call',
        'root.call > leaf.read',
        'root.delegated',
        'root.delegated > leaf.read',
        'root.spread',
        'root.spread > leaf.read',
        'root.spread > leaf.read',
      ]);
      const traces = new Set(spans().map((span) => span.spanContext().traceId));
      expect(traces.size).toBe(3);
    });

    it('gives each attempt of a step a span', async () => {
      const { facade, spans } = await begin();
      await facade.orchestrate('root', aContext(), { operation: 'steps' });
      expect(tree(spans())).toEqual(
        [
          'root.steps',
          'root.steps > charge',
          'root.steps > charge',
          manager ? 'charge > leaf.read' : 'root.steps > leaf.read',
        ].sort(),
      );
      const attempts = spans().filter((span) => span.name === 'charge');
      expect(
        attempts.map((span) => [span.attributes['kapelle.step.attempt'], span.attributes['kapelle.status']]),
      ).toEqual([
        [1, 'failed'],
        [2, 'ok'],
      ]);
    });

    it('makes the remote caller the parent, unless a span of its trace is active', async () => {
      const { facade, spans, tracer } = await begin();
      const context = contextFromHeaders(
        { traceparent: PARENT, tracestate: 'a=1,b=2' },
        { tenantId: 'acme' },
      );
      await facade.orchestrate('leaf', context);
      const remote = byName(spans(), 'leaf.read');
      expect(remote.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: SPAN, isRemote: true });
      expect(remote.spanContext().traceId).toBe(TRACE);
      expect(remote.spanContext().traceState?.serialize()).toBe('a=1,b=2');

      if (!manager) return;
      const server = tracer.startSpan(
        'GET /',
        {},
        trace.setSpanContext(ROOT_CONTEXT, {
          traceId: TRACE,
          spanId: SPAN,
          traceFlags: 1,
          isRemote: true,
        }),
      );
      await otel.with(trace.setSpan(ROOT_CONTEXT, server), () => facade.orchestrate('root', context));
      server.end();
      expect(tree(spans())).toContain('GET / > root.call');
    });

    it('hands its own span on in headers', async () => {
      const { facade, spans } = await begin();
      const context = contextFromHeaders({ traceparent: PARENT, tracestate: 'a=1' }, { tenantId: 'acme' });
      const { data } = (await facade.orchestrate('leaf', context)) as unknown as {
        data: { headers: unknown };
      };
      const { spanId } = byName(spans(), 'leaf.read').spanContext();
      expect(data.headers).toEqual({ traceparent: `00-${TRACE}-${spanId}-01`, tracestate: 'a=1' });
    });

    it('puts a batch below the call that offered its items, where that is known', async () => {
      const { facade, spans } = await begin();
      const done = new Promise<void>((resolve) => (handled = resolve));
      await facade.orchestrate('inbox', aContext());
      await done;
      await new Promise((resolve) => setImmediate(resolve));
      const batch = byName(spans(), 'process mail');
      expect(batch.kind).toBe(SpanKind.CONSUMER);
      expect(batch.attributes).toMatchObject({
        'messaging.system': 'kapelle',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': 'mail',
        'messaging.batch.message_count': 1,
        'kapelle.status': 'ok',
      });
      expect(tree(spans())).toEqual(
        ambientContext
          ? [
              'inbox.put',
              'inbox.put > process mail',
              `${manager ? 'process mail' : 'inbox.put'} > store.keep`,
            ].sort()
          : ['inbox.put', 'process mail'],
      );
    });

    it('has its span active while the body runs, for libraries to nest below', async () => {
      const { facade, spans, tracer } = await begin();
      library.trace = () => {
        tracer.startSpan('SELECT').end();
      };
      await facade.orchestrate('leaf', aContext());
      expect(tree(spans())).toEqual(manager ? ['leaf.read', 'leaf.read > SELECT'] : ['SELECT', 'leaf.read']);
    });
  },
);

describe('openTelemetryTracing', () => {
  it('describes a call with the attributes of the conventions and its own', async () => {
    const { tracer, spans } = sdk();
    const { facade } = await start({
      tracer,
      attributes: (call) => ({ plan: String(call.context.metadata['plan']) }),
    });
    const context = new OrchestrationContext({
      tenantId: 'acme',
      requestId: 'r-1',
      metadata: { plan: 'gold' },
    });
    await facade.orchestrate('root', context, {}, { runId: 'run-7' });
    const leaf = byName(spans(), 'leaf.read');
    expect(leaf.kind).toBe(SpanKind.INTERNAL);
    expect(leaf.attributes).toEqual({
      'kapelle.orchestrator': 'leaf',
      'kapelle.operation': 'read',
      'kapelle.layer': 'domain',
      'kapelle.type': 'business_logic',
      'code.function.name': 'LeafOrchestrator.read',
      'kapelle.tenant.id': 'acme',
      'kapelle.request.id': 'r-1',
      'kapelle.depth': 1,
      'kapelle.status': 'ok',
      plan: 'gold',
    });
    expect(leaf.status.code).toBe(SpanStatusCode.UNSET);
    expect(byName(spans(), 'root.call').attributes).toMatchObject({
      'kapelle.run.id': 'run-7',
      'kapelle.depth': 0,
    });
  });

  it('tells of failures by category, with the exception and without secrets', async () => {
    const { tracer, spans } = sdk();
    const { facade } = await start({ tracer, tenant: false });
    await facade.orchestrate('leaf', aContext(), { fail: true });
    const { attributes, status, events } = byName(spans(), 'leaf.read');
    expect(attributes).toMatchObject({ 'error.type': 'execution', 'kapelle.error.retryable': false });
    expect(attributes).not.toHaveProperty('kapelle.tenant.id');
    expect(status.code).toBe(SpanStatusCode.ERROR);
    expect(status.message).toContain('no such leaf');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ name: 'exception', attributes: { 'exception.type': 'TypeError' } });
    expect(JSON.stringify([status, events[0]?.attributes])).not.toContain('hunter2');

    await facade.orchestrate('root', aContext(), { operation: 'skip' });
    expect(byName(spans(), 'root.skip').attributes).toMatchObject({
      'kapelle.status': 'skipped',
      'kapelle.reason': 'nothing to do',
    });
  });

  it('ends the span of a call that times out when its caller is answered', async () => {
    const clock = new FakeClock();
    const { tracer, spans } = sdk();
    const { facade } = await start({ tracer }, { clock });
    const answer = facade.orchestrate('root', aContext(), { operation: 'wait' }, { timeoutMs: 5 });
    await clock.advance(4);
    expect(spans()).toEqual([]);
    await clock.advance(1);
    await answer;
    expect(byName(spans(), 'root.wait').attributes).toMatchObject({ 'error.type': 'timeout' });
    expect(spans()).toHaveLength(1);
  });

  it('keeps its place where other interceptors try again, and next to other watchers', async () => {
    const { tracer, spans } = sdk();
    const seen: string[] = [];
    const { facade } = await start(
      { tracer },
      {
        interceptors: [
          {
            watch: {
              call: ({ identity }) => ({ end: ({ status }) => seen.push(`${identity.operation} ${status}`) }),
            },
          },
          openTelemetryTracing({ tracer }),
          { around: async (_call, next) => next().then(() => next()) },
        ],
      },
    );
    await facade.orchestrate('root', aContext(), {});
    // Each try of the root calls the leaf, and each of these is tried twice too.
    expect(tree(spans())).toEqual(['root.call', 'root.call > leaf.read', 'root.call > leaf.read']);
    expect(seen).toEqual(['read ok', 'read ok', 'call ok']);
  });

  it('makes what runs on an engine part of the call, across JSON', async () => {
    const { tracer, spans } = sdk();
    let execute: ExecuteRun | undefined;
    const { facade } = await start(
      { tracer },
      {
        orchestrators: [LastingOrchestrator],
        engine: {
          name: 'relay',
          capabilities: ['durable-steps', 'signals', 'cancel', 'durable-timers'],
          start: (run) => {
            execute = run;
          },
          run: (envelope) => (execute as ExecuteRun)(JSON.parse(JSON.stringify(envelope)), {} as RunVerbs),
          stop: () => undefined,
        },
      },
    );
    await facade.orchestrate('lasting', aContext());
    expect(tree(spans())).toEqual(['lasting.go', 'lasting.go > lasting.go']);
  });

  it('puts each run of a background task into a trace of its own', async () => {
    withContextManager();
    const clock = new FakeClock();
    const { tracer, spans } = sdk();
    library.trace = () => {
      tracer.startSpan('ping').end();
    };
    await start({ tracer }, { clock, orchestrators: [PulseOrchestrator] });
    await clock.advance(1_500);
    expect(tree(spans()).slice(0, 2)).toEqual(['pulse.beat', 'pulse.beat']);
    const runs = spans().filter((span) => span.name === 'pulse.beat');
    expect(new Set(runs.map((span) => span.spanContext().traceId)).size).toBe(runs.length);
    expect(runs[0]?.attributes).toMatchObject({ 'kapelle.task': 'beat', 'error.type': 'execution' });
  });

  it('leaves out what it is told to leave out', async () => {
    const { tracer, spans } = sdk();
    const clock = new FakeClock();
    const { facade } = await start(
      { tracer, steps: false, queues: false, tasks: false },
      { clock, orchestrators: [RootOrchestrator, LeafOrchestrator, PulseOrchestrator] },
    );
    await clock.advance(10);
    const answer = facade.orchestrate('root', aContext(), { operation: 'steps' });
    await clock.advance(10);
    await answer;
    expect(tree(spans())).toEqual(['root.steps', 'root.steps > leaf.read']);
  });

  it('keeps unsampled calls in their trace, and records none of them', async () => {
    withContextManager();
    const { tracer, spans } = sdk(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    const { facade } = await start({ tracer });
    const result = (await facade.orchestrate('root', aContext(), {})) as unknown as {
      data: { headers: { traceparent: string } };
    };
    expect(result.data.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(spans()).toEqual([]);
  });

  it('does nothing without an SDK, and passes on what came in', async () => {
    const { facade } = await start({});
    const context = contextFromHeaders({ traceparent: PARENT }, { tenantId: 'acme' });
    const result = (await facade.orchestrate('root', context, {})) as unknown as {
      data: { headers: unknown };
    };
    expect(result.data.headers).toEqual({ traceparent: PARENT });
    const without = (await facade.orchestrate('root', aContext(), {})) as unknown as {
      data: { headers: unknown };
    };
    expect(without.data.headers).toEqual({});
  });

  it('takes up an SDK that is installed after it', async () => {
    const { facade } = await start({});
    await facade.orchestrate('leaf', aContext());
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    ended.push(async () => {
      trace.disable();
      await provider.shutdown();
    });
    await facade.orchestrate('leaf', aContext());
    expect(exporter.getFinishedSpans().map((span) => span.name)).toEqual(['leaf.read']);
    expect(exporter.getFinishedSpans()[0]?.instrumentationScope.name).toBe('@kapelle/observability');
  });

  it('never reaches into a call, whatever the tracer and the attributes do', async () => {
    const { tracer } = sdk();
    const broken = {
      startSpan: () => {
        throw new Error('no spans');
      },
    } as unknown as typeof tracer;
    const first = await start({ tracer: broken });
    expect((await first.facade.orchestrate('leaf', aContext())).status).toBe('ok');
    const second = await start({
      tracer,
      attributes: () => {
        throw new Error('no attributes');
      },
    });
    expect((await second.facade.orchestrate('leaf', aContext())).status).toBe('ok');
  });

  it('works at a facade without a host, and goes with what took it in', async () => {
    const { tracer, spans } = sdk();
    const facade = new OrchestrationFacade();
    const remove = facade.use(openTelemetryTracing({ tracer }));
    facade.register(LeafOrchestrator);
    await facade.orchestrate('leaf', aContext());
    remove();
    await facade.orchestrate('leaf', aContext());
    expect(spans()).toHaveLength(1);
    await facade.unregister('leaf');
  });

  it('is exported over OTLP as it was recorded', async () => {
    const bodies: { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        bodies.push(JSON.parse(body));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const provider = new BasicTracerProvider({
      spanProcessors: [
        new BatchSpanProcessor(new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` })),
      ],
    });
    const { facade } = await start({ tracer: provider.getTracer('test') });
    await facade.orchestrate('root', aContext({ tenantId: 'acme' }), { fail: true });
    await provider.forceFlush();
    await provider.shutdown();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));

    const spans = bodies.flatMap((body) =>
      body.resourceSpans.flatMap((each) => each.scopeSpans.flatMap((s) => s.spans)),
    );
    const leaf = spans.find((span) => span['name'] === 'leaf.read');
    const root = spans.find((span) => span['name'] === 'root.call');
    expect(leaf?.['parentSpanId']).toBe(root?.['spanId']);
    expect(leaf?.['traceId']).toBe(root?.['traceId']);
    expect(leaf?.['status']).toMatchObject({ code: SpanStatusCode.ERROR });
    expect(leaf?.['attributes']).toContainEqual({ key: 'kapelle.tenant.id', value: { stringValue: 'acme' } });
    expect(leaf?.['attributes']).toContainEqual({ key: 'error.type', value: { stringValue: 'execution' } });
  });
});

describe('contextFromHeaders', () => {
  it('takes over trace and parent, from node headers and from fetch headers', () => {
    const init = {
      tenantId: 'acme',
      requestId: 'r-1',
      metadata: { a: 1 },
      principal: { id: 'u', scopes: [] },
    };
    for (const headers of [
      { traceparent: PARENT, tracestate: ['a=1', 'b=2'] },
      { TraceParent: PARENT, TRACESTATE: 'a=1,b=2' },
      new Headers({ traceparent: PARENT, tracestate: 'a=1,b=2' }),
    ]) {
      expect(contextFromHeaders(headers, init).toJSON()).toEqual({
        ...init,
        traceId: TRACE,
        traceParent: PARENT,
        traceState: 'a=1,b=2',
        orchestrationDepth: 0,
      });
    }
  });

  it('reads versions to come by what is known of them', () => {
    const later = contextFromHeaders({ traceparent: `cc-${TRACE}-${SPAN}-03-what-comes` }, { tenantId: 'a' });
    expect(later.traceParent).toBe(PARENT);
  });

  it.each([
    ['nothing', undefined],
    ['the zero trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['the zero span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', PARENT.toUpperCase()],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['more than version 00 has', `${PARENT}-00`],
    ['a later version with no dash', `01-${TRACE}-${SPAN}-01x`],
    ['two of them', [PARENT, PARENT]],
    ['a number', 7 as unknown as string],
    ['a long one', `01-${TRACE}-${SPAN}-01-${'x'.repeat(100_000)}`],
    ['a header injection', `${PARENT}\r\nx: y`],
  ])('ignores %s', (_, traceparent) => {
    const context = contextFromHeaders({ traceparent, tracestate: 'a=1' }, { tenantId: 'acme' });
    expect([context.traceId, context.traceParent, context.traceState]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('keeps the parent where only the state is no good', () => {
    for (const tracestate of ['=,=', 'x'.repeat(600), ' ', 'a\u0000=1']) {
      const context = contextFromHeaders({ traceparent: PARENT, tracestate }, { tenantId: 'acme' });
      expect([context.traceParent, context.traceState]).toEqual([PARENT, undefined]);
    }
  });

  it('does not throw, whatever the headers are made of', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys');
        },
      },
    );
    for (const headers of [
      hostile,
      null,
      undefined,
      'x',
      {
        get: () => {
          throw new Error('x');
        },
      },
    ]) {
      expect(contextFromHeaders(headers as never, { tenantId: 'acme' }).traceId).toBeUndefined();
    }
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string()),
        fc.string(),
        fc.string(),
        (others, traceparent, tracestate) => {
          const context = contextFromHeaders({ ...others, traceparent, tracestate }, { tenantId: 'acme' });
          expect(context.traceParent === undefined).toBe(context.traceId === undefined);
        },
      ),
    );
  });

  it('gives back what was injected', () => {
    const hex = (length: number) =>
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        fc.pre(!/^0+$/.test(traceId) && !/^0+$/.test(spanId));
        const traceparent = `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
        const context = contextFromHeaders({ traceparent }, { tenantId: 'acme' });
        expect(injectHeaders(context)).toEqual({ traceparent });
        expect(injectHeaders(OrchestrationContext.fromJSON(JSON.parse(JSON.stringify(context))))).toEqual({
          traceparent,
        });
        expect(injectHeaders(context.createChildContext('caller'))).toEqual({ traceparent });
      }),
    );
  });

  it('goes by the active span where no header tells', async () => {
    withContextManager();
    const { tracer } = sdk();
    expect(traceLogFields()).toBeUndefined();
    expect(injectHeaders(undefined, { a: 'b' })).toEqual({ a: 'b' });
    for (const none of [null, {}, 5, 'context', { traceId: 'x' }]) {
      expect(() => injectHeaders(none as never)).toThrow(
        expect.objectContaining({ code: 'OBSERVABILITY_TRACING_OPTION' }),
      );
    }
    const span = tracer.startSpan('GET /');
    const { traceId, spanId } = span.spanContext();
    otel.with(trace.setSpan(ROOT_CONTEXT, span), () => {
      expect(contextFromHeaders({}, { tenantId: 'acme' }).traceId).toBe(traceId);
      expect(traceLogFields()).toEqual({ traceId, spanId });
      expect(injectHeaders()).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    });
  });
});
