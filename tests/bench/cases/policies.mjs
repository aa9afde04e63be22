import { effect } from '../subjects/effect.mjs';
import { kapelle, kapelleFull } from '../subjects/lazy.mjs';
import { moleculer } from '../subjects/moleculer.mjs';
import { median } from '../statistics.mjs';

/** Loaded where a case of it is made, not where a peer is measured. */
const resilience = () => import('@kapelle/resilience');
const body = async () => 1;
/** The first await of work that is in a bulkhead long enough for others to wait. */
const slowBody = async () => {
  await null;
  await null;
  return 1;
};
/** What costs a thousand times as much as the rest is measured once: its last digits tell nothing. */
const ONCE = { maxRounds: 1 };
const PLENTY = 1_000_000_000;
const TIMEOUT_MS = 10_000;
const AT_ONCE = 100;

const ours = (id, what, make) => ({
  id,
  what,
  ours: true,
  make: async () => {
    const policy = make(await resilience());
    return () => policy.execute(body);
  },
});
const atOnce = (run) => ({
  per: AT_ONCE,
  call: () => Promise.all(Array.from({ length: AT_ONCE }, () => run(slowBody))),
});
const raw = (id) => ({ id, what: 'no policy', make: async () => () => body() });

const cockatiels = {
  timeout: (c) => c.timeout(TIMEOUT_MS, c.TimeoutStrategy.Aggressive),
  timeoutOnly: (c) => c.timeout(TIMEOUT_MS, { strategy: c.TimeoutStrategy.Aggressive, abortOnReturn: false }),
  retry: (c) => c.retry(c.handleAll, { maxAttempts: 2, backoff: new c.ExponentialBackoff() }),
  breaker: (c) =>
    c.circuitBreaker(c.handleAll, {
      halfOpenAfter: 5_000,
      breaker: new c.SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
    }),
  bulkhead: (c) => c.bulkhead(25, 100),
  fallback: (c) => c.fallback(c.handleAll, 0),
  three: (c) => c.wrap(cockatiels.retry(c), cockatiels.breaker(c), cockatiels.timeoutOnly(c)),
  four: (c) =>
    c.wrap(cockatiels.retry(c), cockatiels.breaker(c), cockatiels.bulkhead(c), cockatiels.timeoutOnly(c)),
};
const cockatiel = async (kind, version = 'cockatiel') => {
  const library = await import(version);
  return cockatiels[kind](library.default ?? library);
};
/** cockatiel 3, and cockatiel 4 where Node can load it. */
const cockatielCases = (id, what, kind) =>
  [
    ['', 'cockatiel', 'cockatiel 3'],
    ['-4', 'cockatiel-4', 'cockatiel 4'],
  ].map(([suffix, version, name]) => ({
    id: `cockatiel${suffix}-${id}`,
    what: `${name}${what}`,
    ...(version === 'cockatiel-4' ? { minNode: 22 } : {}),
    make: async () => {
      const policy = await cockatiel(kind, version);
      return () => policy.execute(body);
    },
  }));

const opossumCases = (id, what, options) =>
  [
    ['', 'opossum', 'opossum 9'],
    ['-10', 'opossum-10', 'opossum 10'],
  ].map(([suffix, version, name]) => ({
    id: `opossum${suffix}-${id}`,
    what: `${name}${what}`,
    ...(version === 'opossum-10' ? { minNode: 22 } : {}),
    make: async () => {
      const { default: Opossum } = await import(version);
      const breaker = new Opossum(body, options);
      return () => breaker.fire();
    },
  }));

const pRetryOf = async () => {
  const { default: pRetry } = await import('p-retry');
  return (work) => pRetry(work, { retries: 2, minTimeout: 100 });
};

const bulkheads = {
  'p-limit': ['p-limit 7', async () => (await import('p-limit')).default(25)],
  'p-queue': [
    'p-queue 9',
    async () => {
      const { default: PQueue } = await import('p-queue');
      const queue = new PQueue({ concurrency: 25 });
      return (work) => queue.add(work);
    },
  ],
  fastq: [
    'fastq 1',
    async () => {
      const { default: fastq } = await import('fastq');
      const queue = fastq.promise((work) => work(), 25);
      return (work) => queue.push(work);
    },
  ],
  bottleneck: [
    'bottleneck 2',
    async () => {
      const { default: Bottleneck } = await import('bottleneck');
      const limiter = new Bottleneck({ maxConcurrent: 25, highWater: 100 });
      return (work) => limiter.schedule(work);
    },
  ],
};

const four = { retry: {}, breaker: {}, bulkhead: {}, timeout: { ms: TIMEOUT_MS } };
const eight = {
  ...four,
  fallback: { fallback: () => 0 },
  deadline: { ms: 30_000 },
  rateLimit: { permits: PLENTY, perMs: 1_000 },
  shed: {},
};
const nine = { ...eight, hedge: { afterMs: 5_000 } };

const withPolicy = async () => {
  const { PolicyRegistry, resilienceInterceptor } = await resilience();
  const policies = new PolicyRegistry().define('four', four);
  return { host: { interceptors: [resilienceInterceptor({ policies })] } };
};

const REHEARSALS = 6;
const PERFORMANCES = 5;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * 1,000 callers meet a circuit that has just gone half-open: how many run, how many are refused, and when. A process that
 * has so many callers has run the code before, so it is rehearsed.
 */
async function halfOpen({ make, run }) {
  const CALLERS = 1_000;
  let failing = true;
  let entered = 0;
  let gate;
  const work = async () => {
    if (failing) throw new Error('no');
    entered += 1;
    await gate;
    return 1;
  };
  const breaker = await make(work);
  const execute = () => run(breaker, work);

  async function once() {
    failing = true;
    for (let i = 0; i < 60; i += 1) await execute().catch(() => undefined);
    await pause(40);
    failing = false;
    entered = 0;
    let release;
    gate = new Promise((resolve) => {
      release = resolve;
    });
    let refused = 0;
    let succeeded = 0;
    let lastRefusalAt = 0;
    const begun = performance.now();
    const all = Array.from({ length: CALLERS }, () =>
      execute().then(
        () => {
          succeeded += 1;
        },
        () => {
          refused += 1;
          lastRefusalAt = performance.now();
        },
      ),
    );
    await pause(50);
    const ran = entered;
    const refusedThen = refused;
    release();
    await Promise.all(all);
    if (succeeded + refused !== CALLERS) throw new Error('A caller was not answered.');
    return {
      ran,
      refused: refusedThen,
      waiting: CALLERS - ran - refusedThen,
      refusedWithinMs: refusedThen === 0 ? Number.NaN : lastRefusalAt - begun,
    };
  }

  for (let i = 0; i < REHEARSALS; i += 1) await once();
  const seen = [];
  for (let i = 0; i < PERFORMANCES; i += 1) seen.push(await once());
  return Object.fromEntries(
    Object.keys(seen[0]).map((name) => [name, median(seen.map((each) => each[name]))]),
  );
}

const halfOpenGroup = {
  id: 'half-open',
  title: '1,000 callers at once where a circuit has just gone half-open',
  columns: [
    { id: 'ran', title: 'run' },
    { id: 'refused', title: 'refused' },
    { id: 'waiting', title: 'neither, 50 ms later' },
    { id: 'refusedWithinMs', title: 'last refusal after', unit: 'ms' },
  ],
  cases: [
    {
      id: 'half-open-kapelle',
      what: 'Kapelle, 3 probes permitted',
      ours: true,
      once: () =>
        halfOpen({
          // A window in which the failures outweigh what succeeded in the rehearsal before.
          make: async () =>
            (await resilience()).circuitBreaker({ openMs: 20, maxOpenMs: 20, jitterRatio: 0, windowMs: 30 }),
          run: (breaker, work) => breaker.execute(work),
        }),
    },
    {
      id: 'half-open-cockatiel',
      what: 'cockatiel 3, 1 permitted',
      once: () =>
        halfOpen({
          make: async () => {
            const c = await import('cockatiel');
            const { handleAll, circuitBreaker: make, ConsecutiveBreaker } = c.default ?? c;
            return make(handleAll, { halfOpenAfter: 20, breaker: new ConsecutiveBreaker(5) });
          },
          run: (breaker, work) => breaker.execute(work),
        }),
    },
    {
      id: 'half-open-opossum',
      what: 'opossum 9, 1 permitted',
      once: () =>
        halfOpen({
          make: async (work) => {
            const { default: Opossum } = await import('opossum');
            return new Opossum(work, {
              timeout: false,
              resetTimeout: 20,
              rollingCountTimeout: 40,
              rollingCountBuckets: 4,
            });
          },
          run: (breaker) => breaker.fire(),
        }),
    },
  ],
};

const jobs = [
  {
    id: 'timeout',
    title: 'Timeout',
    cases: [
      ours('timeout', 'Kapelle', (r) => r.timeout({ ms: TIMEOUT_MS })),
      ...cockatielCases('timeout', '', 'timeoutOnly'),
      ...cockatielCases('timeout-abort', ', with its default of aborting on return', 'timeout'),
      {
        id: 'p-timeout',
        what: 'p-timeout 7',
        make: async () => {
          const { default: pTimeout } = await import('p-timeout');
          return () => pTimeout(body(), { milliseconds: TIMEOUT_MS });
        },
      },
      { id: 'effect-timeout', what: 'Effect 3', make: () => effect('timeout') },
      { id: 'effect-4-timeout', what: 'Effect 4', make: () => effect('timeout', 'effect-4') },
      {
        id: 'abort-signal-timeout',
        what: 'AbortSignal.timeout and Promise.race by hand',
        make: async () => () => {
          const signal = AbortSignal.timeout(TIMEOUT_MS);
          return Promise.race([
            body(),
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            }),
          ]);
        },
      },
    ],
  },
  {
    id: 'retry',
    title: 'Retry, nothing fails',
    cases: [
      ours('retry', 'Kapelle', (r) => r.retry()),
      ...cockatielCases('retry', '', 'retry'),
      {
        id: 'p-retry',
        what: 'p-retry 7',
        make: async () => {
          const run = await pRetryOf();
          return () => run(body);
        },
      },
      { id: 'effect-retry', what: 'Effect 3', make: () => effect('retry') },
    ],
  },
  {
    id: 'breaker',
    title: 'Circuit breaker, closed',
    cases: [
      ours('breaker', 'Kapelle', (r) => r.circuitBreaker()),
      ...cockatielCases('breaker', ', SamplingBreaker', 'breaker'),
      ...opossumCases('breaker', ', no timeout', { timeout: false }),
    ],
  },
  {
    id: 'bulkhead',
    title: 'Bulkhead of 25, one call at a time',
    cases: [
      ours('bulkhead', 'Kapelle', (r) => r.bulkhead()),
      {
        id: 'bulkhead-fair',
        what: 'Kapelle, fair between tenants',
        ours: true,
        make: async () => {
          const policy = (await resilience()).bulkhead({ fairness: {} });
          return () => policy.execute(body, { key: 'a' });
        },
      },
      ...cockatielCases('bulkhead', '', 'bulkhead'),
      ...Object.entries(bulkheads).map(([id, [what, make]]) => ({
        id: `${id}-bulkhead`,
        what,
        ...(id === 'bottleneck' ? ONCE : {}),
        make: async () => {
          const run = await make();
          return () => run(body);
        },
      })),
    ],
  },
  {
    id: 'bulkhead-full',
    title: 'Bulkhead of 25, 100 calls at once (75 wait), per call',
    rawCase: { id: 'bulkhead-full-raw', what: 'no policy', make: async () => atOnce((work) => work()) },
    cases: [
      {
        id: 'bulkhead-100',
        what: 'Kapelle',
        ours: true,
        make: async () => {
          const policy = (await resilience()).bulkhead();
          return atOnce((work) => policy.execute(work));
        },
      },
      {
        id: 'bulkhead-fair-100',
        what: 'Kapelle, fair, 100 tenants',
        ours: true,
        make: async () => {
          const policy = (await resilience()).bulkhead({ fairness: {} });
          const keys = Array.from({ length: AT_ONCE }, (_, i) => ({ key: `tenant-${i}` }));
          let turn = 0;
          return atOnce((work) => policy.execute(work, keys[(turn += 1) % AT_ONCE]));
        },
      },
      {
        id: 'cockatiel-bulkhead-100',
        what: 'cockatiel 3',
        make: async () => {
          const policy = await cockatiel('bulkhead');
          return atOnce((work) => policy.execute(work));
        },
      },
      ...Object.entries(bulkheads).map(([id, [what, make]]) => ({
        id: `${id}-bulkhead-100`,
        what,
        ...(id === 'bottleneck' ? ONCE : {}),
        make: async () => atOnce(await make()),
      })),
    ],
  },
  {
    id: 'rate-limit',
    title: 'Rate limit, let through',
    cases: [
      ours('rate-limit', 'Kapelle', (r) => r.rateLimiter({ permits: PLENTY, perMs: 1_000 })),
      {
        id: 'rate-limit-keys',
        what: 'Kapelle, 1,000 tenants',
        ours: true,
        make: async () => {
          const policy = (await resilience()).rateLimiter({ permits: PLENTY, perMs: 1_000 });
          const keys = Array.from({ length: 1_000 }, (_, i) => ({ key: `tenant-${i}` }));
          let turn = 0;
          return () => policy.execute(body, keys[(turn += 1) % 1_000]);
        },
      },
      {
        id: 'p-queue-rate',
        what: 'p-queue 9, intervalCap',
        make: async () => {
          const { default: PQueue } = await import('p-queue');
          const queue = new PQueue({ intervalCap: PLENTY, interval: 1_000 });
          return () => queue.add(body);
        },
      },
      {
        id: 'rate-limiter-flexible',
        what: 'rate-limiter-flexible 11, in memory',
        make: async () => {
          const { RateLimiterMemory } = await import('rate-limiter-flexible');
          const limiter = new RateLimiterMemory({ points: PLENTY, duration: 1 });
          return async () => {
            await limiter.consume('a');
            return body();
          };
        },
      },
      {
        id: 'bottleneck-rate',
        what: 'bottleneck 2, reservoir',
        ...ONCE,
        make: async () => {
          const { default: Bottleneck } = await import('bottleneck');
          const limiter = new Bottleneck({ reservoir: PLENTY });
          return () => limiter.schedule(body);
        },
      },
    ],
  },
  {
    id: 'fallback',
    title: 'Fallback, not needed',
    cases: [
      ours('fallback', 'Kapelle', (r) => r.fallback({ fallback: () => 0 })),
      ...cockatielCases('fallback', '', 'fallback'),
      { id: 'effect-fallback', what: 'Effect 3, catchAll', make: () => effect('fallback') },
    ],
  },
  {
    id: 'alone',
    title: 'Policies without a peer',
    cases: [
      ours('shed', 'Kapelle, load shedding', (r) => r.loadShedder()),
      ours('throttle', 'Kapelle, adaptive throttle', (r) => r.adaptiveThrottle()),
      ours('hedge', 'Kapelle, hedge, not needed', (r) => r.hedge({ afterMs: 1_000 })),
    ],
  },
  {
    id: 'three',
    title: 'Retry, circuit breaker and timeout together',
    cases: [
      {
        id: 'three',
        what: 'Kapelle, one inside the other by hand',
        ours: true,
        make: async () => {
          const { circuitBreaker, retry, timeout } = await resilience();
          const [outer, breaker, inner] = [retry(), circuitBreaker(), timeout({ ms: TIMEOUT_MS })];
          return () => outer.execute((a) => breaker.execute((b) => inner.execute(body, b), a));
        },
      },
      ours('three-pipeline', 'Kapelle, pipeline', (r) =>
        r.pipeline({ retry: {}, breaker: {}, timeout: { ms: TIMEOUT_MS } }),
      ),
      {
        id: 'three-signal',
        what: 'Kapelle, pipeline, the body reads its signal',
        ours: true,
        make: async () => {
          const policy = (await resilience()).pipeline({
            retry: {},
            breaker: {},
            timeout: { ms: TIMEOUT_MS },
          });
          return () => policy.execute(async ({ signal }) => (signal.aborted ? 0 : 1));
        },
      },
      ...cockatielCases('three', ', wrap', 'three'),
      {
        id: 'opossum-p-retry',
        what: 'opossum 9 with timeout, in p-retry 7',
        make: async () => {
          const { default: Opossum } = await import('opossum');
          const breaker = new Opossum(body, { timeout: TIMEOUT_MS });
          const run = await pRetryOf();
          return () => run(() => breaker.fire());
        },
      },
    ],
  },
  {
    id: 'pipeline',
    title: 'Pipelines',
    cases: [
      ours('four', 'Kapelle: retry, breaker, bulkhead, timeout', (r) => r.pipeline(four)),
      {
        id: 'four-registry',
        what: 'Kapelle, the same through the registry',
        ours: true,
        make: async () => {
          const { PolicyRegistry } = await resilience();
          const registry = new PolicyRegistry().define('four', four);
          return () => registry.for('four', 'bench').execute(body);
        },
      },
      ours('eight', 'Kapelle: and fallback, deadline, rate limit, shedding', (r) => r.pipeline(eight)),
      ours('nine', 'Kapelle: and hedge, the whole pipeline', (r) => r.pipeline(nine)),
      ...cockatielCases('four', ', wrap: retry, breaker, bulkhead, timeout', 'four'),
    ],
  },
  {
    id: 'policy-calls',
    title: 'Calls under a policy of four: retry, breaker, bulkhead, timeout',
    rawCase: { id: 'call-no-policy', what: 'Kapelle, no policy', ours: true, make: () => kapelle() },
    cases: [
      {
        id: 'call-four',
        what: 'Kapelle, default host',
        ours: true,
        make: async () => kapelle({ operation: { policy: 'four' }, ...(await withPolicy()) }),
      },
      {
        id: 'call-full-four',
        what: 'Kapelle, full call',
        ours: true,
        make: async () => kapelleFull({ policy: 'four', ...(await withPolicy()) }),
      },
      {
        id: 'moleculer-policies',
        what: 'Moleculer 0.14: retry, breaker, bulkhead, timeout',
        make: () =>
          moleculer({
            broker: {
              requestTimeout: TIMEOUT_MS,
              retryPolicy: { enabled: true },
              circuitBreaker: { enabled: true },
              bulkhead: { enabled: true, concurrency: 25 },
            },
          }),
      },
    ],
  },
];

/** Queues without a bound, which everybody joins and waits in for ever. */
const UNBOUNDED = ['p-limit', 'p-queue', 'fastq'].map((id) => `${id}-bulkhead-100`);

const bestPeer = ({ jobId, ownId, ns, ratio, but = [] }) => {
  const peers = jobs
    .find(({ id }) => id === jobId)
    .cases.filter((each) => each.ours !== true && !but.includes(each.id));
  const measured = peers.filter(({ id }) => Number.isFinite(ns(id)));
  if (measured.length === 0) return undefined;
  const best = measured.reduce((least, peer) => (ns(peer.id) < ns(least.id) ? peer : least));
  return { best, value: ratio(ownId, best.id) };
};

export const part = {
  title: 'Policies',
  groups: [
    ...jobs.map(({ rawCase, ...job }) => {
      const first = rawCase ?? raw(`${job.id}-raw`);
      return { ...job, base: first.id, cases: [first, ...job.cases] };
    }),
    halfOpenGroup,
  ],
  figures: ({ ratio, ns, value }) => {
    const policies = [
      ['timeout', 'timeout', 'timeout'],
      ['retry', 'retry', 'retry'],
      ['circuit breaker', 'breaker', 'breaker'],
      ['bulkhead', 'bulkhead', 'bulkhead'],
      ['bulkhead, 100 calls at once', 'bulkhead-full', 'bulkhead-100'],
      ['rate limit', 'rate-limit', 'rate-limit'],
      ['fallback', 'fallback', 'fallback'],
      ['load shedding', undefined, 'shed'],
      ['adaptive throttle', undefined, 'throttle'],
      ['hedge', undefined, 'hedge'],
    ].flatMap(([what, jobId, ownId]) => {
      const cost = { what, limit: 3_000, unit: 'ns', seen: ns(ownId) };
      const peer = jobId === undefined ? undefined : bestPeer({ jobId, ownId, ns, ratio });
      if (peer === undefined) return [cost];
      const name = peer.best.what.replace(/,.*/, '');
      return [cost, { what: `${what} / best peer`, limit: 1, unit: '×', seen: peer.value, remark: name }];
    });
    const bounded = bestPeer({ jobId: 'bulkhead-full', ownId: 'bulkhead-100', ns, ratio, but: UNBOUNDED });
    return [
      ...policies,
      ...(bounded === undefined
        ? []
        : [
            {
              what: 'bulkhead, 100 calls at once / best peer that bounds its queue',
              limit: 1,
              unit: '×',
              seen: bounded.value,
              remark: bounded.best.what,
            },
          ]),
      { what: 'retry, breaker and timeout together', limit: 6_000, unit: 'ns', seen: ns('three-pipeline') },
      {
        what: 'the whole pipeline, the body ignores the signal',
        limit: 12_000,
        unit: 'ns',
        seen: ns('nine'),
      },
      {
        what: 'run of 1,000 callers at half-open, 3 permitted',
        limit: 3,
        exact: true,
        unit: '',
        seen: value('half-open-kapelle', 'ran'),
      },
      {
        what: 'refused of 1,000 callers at half-open',
        limit: 997,
        exact: true,
        unit: '',
        seen: value('half-open-kapelle', 'refused'),
      },
      {
        what: 'last refusal at half-open',
        limit: 5,
        unit: 'ms',
        seen: value('half-open-kapelle', 'refusedWithinMs'),
      },
    ];
  },
};
