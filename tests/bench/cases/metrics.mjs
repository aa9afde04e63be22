import { benchContext, callOf, kapelle, startHost } from '../subjects/lazy.mjs';
import { moleculer } from '../subjects/moleculer.mjs';

const core = () => import('@kapelle/core');
const observability = () => import('@kapelle/observability');

const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const OPERATIONS = 200;

const metered = (options) => async () => {
  const { createMetrics } = await observability();
  const { host } = await startHost();
  createMetrics({ host, ...options });
  return callOf(host);
};

async function promClient() {
  const { Counter, Histogram, Registry } = (await import('prom-client')).default;
  const registry = new Registry();
  const labelNames = ['orchestrator', 'operation', 'layer'];
  return {
    registry,
    calls: new Counter({
      name: 'calls_total',
      help: 'h',
      labelNames: [...labelNames, 'status'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'call_duration_seconds',
      help: 'h',
      labelNames,
      buckets: BUCKETS,
      registers: [registry],
    }),
  };
}

const labelsOf = (operation) => ({ orchestrator: 'bench', operation, layer: 'domain' });
const body = async () => 1;

async function promByLabels() {
  const { calls, duration } = await promClient();
  return async () => {
    const begun = performance.now();
    const value = await body();
    duration.observe(labelsOf('run'), (performance.now() - begun) / 1_000);
    calls.inc({ ...labelsOf('run'), status: 'ok' });
    return value;
  };
}

async function promBound() {
  const { calls, duration } = await promClient();
  const observe = duration.labels(labelsOf('run'));
  const ok = calls.labels({ ...labelsOf('run'), status: 'ok' });
  return async () => {
    const begun = performance.now();
    const value = await body();
    observe.observe((performance.now() - begun) / 1_000);
    ok.inc();
    return value;
  };
}

async function scrapedHost() {
  const { BaseOrchestrator, createOrchestrationHost, defineOrchestrator } = await core();
  const { createMetrics } = await observability();
  const context = await benchContext();
  const orchestrators = Array.from({ length: OPERATIONS }, (_, i) =>
    defineOrchestrator(
      class extends BaseOrchestrator {
        run() {
          return i;
        }
      },
      { layer: 'domain', type: 'business_logic', name: `bench_${i}`, operations: ['run'] },
    ),
  );
  const host = createOrchestrationHost({ orchestrators });
  const metrics = createMetrics({ host });
  await host.start();
  for (let i = 0; i < OPERATIONS; i += 1) await host.facade.orchestrate(`bench_${i}`, context);
  return () => metrics.scrape();
}

async function scrapedProm() {
  const { registry, calls, duration } = await promClient();
  for (let i = 0; i < OPERATIONS; i += 1) {
    duration.observe(labelsOf(`run_${i}`), 0.002);
    calls.inc({ ...labelsOf(`run_${i}`), status: 'ok' });
  }
  return () => registry.metrics();
}

export const part = {
  title: 'Metrics',
  groups: [
    {
      id: 'metered',
      title: 'A call that is counted and timed',
      base: 'prom-labels',
      cases: [
        { id: 'unmetered', what: 'Kapelle, default host, no metrics', ours: true, make: () => kapelle() },
        { id: 'metered', what: 'Kapelle with metrics, the whole call', ours: true, make: metered({}) },
        {
          id: 'metered-tenants',
          what: 'Kapelle with metrics by tenant, 50 tenants in turn',
          ours: true,
          make: async () => {
            const { OrchestrationContext } = await core();
            const { createMetrics } = await observability();
            const { host } = await startHost();
            createMetrics({ host, tenantLabel: true });
            const contexts = Array.from(
              { length: 50 },
              (_, i) => new OrchestrationContext({ tenantId: `tenant-${i}`, requestId: 'r-1' }),
            );
            let turn = 0;
            return () => host.facade.orchestrate('bench', contexts[(turn += 1) % 50]);
          },
        },
        {
          id: 'prom-labels',
          what: 'prom-client 15 around a raw function, labels given each time',
          make: promByLabels,
        },
        {
          id: 'prom-bound',
          what: 'prom-client 15 around a raw function, labels bound once',
          make: promBound,
        },
        {
          id: 'moleculer-metrics',
          what: 'Moleculer 0.14 with metrics, the whole call',
          make: () => moleculer({ broker: { metrics: true } }),
        },
      ],
    },
    {
      id: 'scrape',
      title: `A scrape after calls of ${OPERATIONS} operations`,
      note: 'Kapelle writes all its families, prom-client a counter and a histogram.',
      base: 'prom-scrape',
      cases: [
        { id: 'scrape', what: 'Kapelle', ours: true, make: scrapedHost },
        { id: 'prom-scrape', what: 'prom-client 15', make: scrapedProm },
      ],
    },
    {
      id: 'analytics',
      title: 'An observation for the performance analytics',
      base: 'observe',
      cases: [
        {
          id: 'observe',
          what: 'Kapelle, analytics.observe',
          ours: true,
          make: async () => {
            const { PerformanceAnalytics } = await observability();
            const analytics = new PerformanceAnalytics({
              metrics: [{ name: 'm', direction: 'lower-is-better' }],
            });
            const tags = { orchestrator: 'bench' };
            let value = 0;
            return {
              per: 100,
              call: async () => {
                for (let i = 0; i < 100; i += 1) {
                  value = (value * 31 + 7) % 1_009;
                  analytics.observe({ name: 'm', value, tags });
                }
              },
            };
          },
        },
      ],
    },
  ],
  figures: () => [],
};
