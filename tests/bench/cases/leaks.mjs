import { getEventListeners } from 'node:events';

import { settledHeap } from '../subjects/graph.mjs';
import { order } from '../subjects/order.mjs';

const COUNT = 1_000_000;
const WARM_UP = 200_000;
/** Less than a third of a byte a call: what the engine itself still compiles and caches, no object is so small. */
const HEAP_LIMIT = 256 * 1_024;

/** What of the platform is in use now, by kind. */
const resources = () => process.getActiveResourcesInfo().sort().join(',');
const processListeners = () =>
  process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);

async function million(call, signal) {
  for (let i = 0; i < WARM_UP; i += 1) await call(i);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const heap = settledHeap();
  const active = process.getActiveResourcesInfo().length;
  const listeners = processListeners();
  const before = resources();
  for (let i = 0; i < COUNT; i += 1) await call(i);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const growth = settledHeap() - heap;
  if (process.getActiveResourcesInfo().length > active)
    process.stderr.write(`\nIn use before: ${before}; after: ${resources()}\n`);
  return {
    heapBytes: growth,
    resources: process.getActiveResourcesInfo().length - active,
    signalListeners: getEventListeners(signal, 'abort').length,
    processListeners: processListeners() - listeners,
  };
}

async function calls() {
  const { OrchestrationContext } = await import('@kapelle/core');
  const { callOf, fullHost } = await import('../subjects/kapelle.mjs');
  const host = await fullHost();
  await callOf(host, order);
  const { signal } = new AbortController();
  const contexts = Array.from(
    { length: 1_000 },
    (_, i) => new OrchestrationContext({ tenantId: `tenant-${i}`, requestId: `r-${i}`, signal }),
  );
  return million((i) => host.facade.orchestrate('bench', contexts[i % 1_000], order), signal);
}

async function policyCalls() {
  const { pipeline } = await import('@kapelle/resilience');
  const policy = pipeline({
    fallback: { fallback: () => 0 },
    deadline: { ms: 30_000 },
    rateLimit: { permits: 1_000_000_000, perMs: 1_000 },
    shed: {},
    retry: {},
    hedge: { afterMs: 5_000 },
    breaker: {},
    bulkhead: { fairness: {} },
    timeout: { ms: 10_000 },
  });
  const { signal } = new AbortController();
  const options = Array.from({ length: 5_000 }, (_, i) => ({ signal, key: `tenant-${i}` }));
  return million((i) => policy.execute(async () => 1, options[i % 5_000]), signal);
}

const nothing = (what, id, columnId) => ({ what, id, columnId, limit: 0, unit: '' });
const leftBehind = (id, name) => [
  { what: `heap after a million ${name}`, id, columnId: 'heapBytes', limit: HEAP_LIMIT, unit: 'bytes' },
  nothing(`handles and timers after a million ${name}`, id, 'resources'),
  nothing(`listeners on the callers' signal after a million ${name}`, id, 'signalListeners'),
  nothing(`listeners on process after a million ${name}`, id, 'processListeners'),
];

export const part = {
  title: 'What stays behind',
  groups: [
    {
      id: 'leaks',
      title: 'A million, after 200,000 to warm up, all with one signal of the caller that is never aborted',
      columns: [
        { id: 'heapBytes', title: 'heap, after gc', unit: 'bytes' },
        { id: 'resources', title: 'handles and timers' },
        { id: 'signalListeners', title: 'listeners on the signal' },
        { id: 'processListeners', title: 'listeners on process' },
      ],
      cases: [
        { id: 'million-calls', what: 'full calls, 1,000 tenants', ours: true, maxRounds: 1, once: calls },
        {
          id: 'million-policy-calls',
          what: 'executions of a whole pipeline, 5,000 tenants',
          ours: true,
          maxRounds: 1,
          once: policyCalls,
        },
      ],
    },
  ],
  figures: ({ value }) =>
    [...leftBehind('million-calls', 'calls'), ...leftBehind('million-policy-calls', 'policy calls')].map(
      ({ id, columnId, ...figure }) => ({ ...figure, seen: value(id, columnId) }),
    ),
};
