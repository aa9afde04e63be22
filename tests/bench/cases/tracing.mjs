import { context as api, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

import { effect } from '../subjects/effect.mjs';
import { kapelle } from '../subjects/lazy.mjs';
import { moleculer } from '../subjects/moleculer.mjs';

const DROP = {
  onStart() {},
  onEnd() {},
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

function install(sampler) {
  api.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: [DROP] }));
}

const ours = (sampler) => async () => {
  if (sampler !== undefined) install(sampler);
  const { openTelemetryTracing } = await import('@kapelle/observability');
  return kapelle({ host: { interceptors: [openTelemetryTracing()] } });
};

/** The same by hand: an active span with the attributes that Kapelle's has. */
const bare = (sampler) => async () => {
  if (sampler !== undefined) install(sampler);
  const tracer = trace.getTracer('bench');
  const attributes = {
    'kapelle.orchestrator': 'bench',
    'kapelle.operation': 'run',
    'kapelle.layer': 'domain',
    'kapelle.type': 'business_logic',
    'kapelle.tenant': 'bench',
    'kapelle.request': 'r-1',
    'kapelle.depth': 0,
  };
  const body = async () => 1;
  return () =>
    tracer.startActiveSpan('bench.run', { attributes }, async (span) => {
      try {
        return await body();
      } catch (error) {
        span.recordException(error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
};

const group = (id, title, sampler) => ({
  id,
  title,
  base: `${id}-bare`,
  cases: [
    { id: `${id}-bare`, what: 'OpenTelemetry around a raw function, by hand', make: bare(sampler) },
    { id: `${id}-kapelle`, what: 'Kapelle, the whole call', ours: true, make: ours(sampler) },
  ],
});

const recorded = group(
  'recorded',
  'Each call is recorded; the processor drops the spans',
  new AlwaysOnSampler(),
);
recorded.cases.push(
  {
    id: 'moleculer-tracing',
    what: 'Moleculer 0.14, own tracer, whole call',
    make: () => moleculer({ broker: { tracing: { enabled: true, exporter: [] } } }),
  },
  { id: 'effect-span', what: 'Effect 3, Effect.withSpan, whole call', make: () => effect('span') },
);

export const part = {
  title: 'Tracing',
  groups: [
    {
      id: 'untraced',
      title: 'No tracing, for comparison',
      base: 'untraced',
      cases: [{ id: 'untraced', what: 'Kapelle, default host', ours: true, make: () => kapelle() }],
    },
    group('no-sdk', 'Tracing installed, no SDK'),
    group('unsampled', 'SDK installed, no call sampled', new AlwaysOffSampler()),
    recorded,
  ],
  figures: () => [],
};
