import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';

import {
  adaptiveThrottle,
  bulkhead,
  circuitBreaker,
  eventLoopProbe,
  fallback,
  hedge,
  loadShedder,
  pipeline,
  PolicyRegistry,
  rateLimiter,
  ResilienceError,
  resilienceInterceptor,
  retry,
  RetryBudget,
  timeout,
} from './index.js';

type Make = (options: never) => unknown;
type Values = readonly unknown[];

const NO_NUMBER: Values = [NaN, null, '5', '', true, {}, [], 5n, Symbol('5'), () => 5];
/** Lengths of time in ms with a lowest value; fractions are fine. */
const ms = (minimum: number): Values => [
  ...NO_NUMBER,
  Infinity,
  -Infinity,
  -1,
  2_147_483_648,
  1e300,
  ...(minimum > 0 ? [0, minimum - Number.EPSILON * minimum] : []),
];
const count = (minimum: number): Values => [
  ...NO_NUMBER,
  Infinity,
  -Infinity,
  -1,
  1.5,
  2 ** 53,
  1e300,
  ...(minimum > 0 ? [0] : []),
];
/** Numbers between two bounds. */
const between = (low: number, high: number): Values => [
  ...NO_NUMBER,
  Infinity,
  -Infinity,
  low - 0.001,
  high * 1.001 + 0.001,
];
const RATIO_ABOVE_0: Values = [...between(0, 1), 0];
const NO_FUNCTION: Values = [null, 5, 'fn', {}, true];
const NO_FLAG: Values = [null, 0, 1, 'true', {}];
const NO_NAME: Values = [null, 5, '', {}, true];
const NO_CLOCK: Values = [null, 5, 'clock', {}, { now: () => 0 }, Date];
const NO_OBJECT: Values = [null, 5, 'options', true, []];
const COMMON = { name: NO_NAME, clock: NO_CLOCK };

/** Every option of everything that takes options, with what it must refuse; `base` is what it needs besides. */
const TABLE: Readonly<
  Record<string, { make: Make; base?: object; options: Readonly<Record<string, Values>> }>
> = {
  timeout: { make: timeout, base: { ms: 5 }, options: { ...COMMON, ms: [...ms(1), undefined] } },
  retry: {
    make: retry,
    options: {
      ...COMMON,
      attempts: count(1),
      baseMs: ms(0),
      capMs: ms(0),
      throttledBaseMs: ms(0),
      idempotent: NO_FLAG,
      budget: [null, 5, {}, 'shared'],
      shouldRetry: NO_FUNCTION,
      classify: NO_FUNCTION,
      onRetry: NO_FUNCTION,
      random: NO_FUNCTION,
    },
  },
  'retry-budget': {
    make: (options: never) => new RetryBudget(options),
    options: {
      clock: NO_CLOCK,
      windowMs: ms(10),
      ratio: between(0, 1),
      minRetries: count(0),
      concurrentRatio: between(0, 1),
      minConcurrent: count(0),
    },
  },
  'circuit-breaker': {
    make: circuitBreaker,
    options: {
      ...COMMON,
      failureRatio: RATIO_ABOVE_0,
      minimumCalls: count(1),
      windowMs: ms(10),
      openMs: ms(1),
      maxOpenMs: ms(1),
      jitterRatio: between(0, 1),
      probes: count(1),
      probeTimeoutMs: ms(1),
      slowCallMs: ms(0).filter((value) => value !== Infinity),
      slowCallRatio: RATIO_ABOVE_0,
      classify: NO_FUNCTION,
      random: NO_FUNCTION,
    },
  },
  'adaptive-throttle': {
    make: adaptiveThrottle,
    options: {
      ...COMMON,
      multiplier: between(1, 100),
      windowMs: ms(10),
      minimumCalls: count(0),
      classify: NO_FUNCTION,
      random: NO_FUNCTION,
    },
  },
  bulkhead: {
    make: bulkhead,
    options: {
      ...COMMON,
      maxConcurrent: count(1),
      maxQueued: count(0),
      maxWaitMs: ms(1),
      fairness: NO_OBJECT,
      'fairness.maxShare': RATIO_ABOVE_0,
      'fairness.weight': NO_FUNCTION,
    },
  },
  'rate-limit': {
    make: rateLimiter,
    base: { permits: 5, perMs: 1_000 },
    options: {
      ...COMMON,
      permits: [...NO_NUMBER, Infinity, -Infinity, -1, 0, 1e300, undefined],
      perMs: [...ms(1), undefined],
      burst: count(1),
      key: NO_FUNCTION,
      maxKeys: count(1),
      maxWaitMs: ms(0),
      maxQueued: count(0),
    },
  },
  'load-shedder': {
    make: loadShedder,
    options: {
      ...COMMON,
      random: NO_FUNCTION,
      limit: NO_OBJECT,
      'limit.initial': between(1, Number.MAX_SAFE_INTEGER),
      'limit.min': count(1),
      'limit.max': count(1),
      'limit.tolerance': between(1, 10),
      'limit.windowMs': ms(1),
      'limit.remeasureMs': ms(1),
      loop: NO_OBJECT,
    },
  },
  'load-shedder with a probe': {
    make: loadShedder,
    base: { loop: { probe: { readP99Ms: () => 0 } } },
    options: {
      'loop.probe': [null, 5, {}, 'probe', undefined],
      'loop.sampleMs': ms(1),
      'loop.lagMs': ms(0),
      'loop.lagSamples': count(1),
      'loop.stuckMs': ms(0),
      'loop.stuckSamples': count(1),
    },
  },
  'event-loop-probe': { make: eventLoopProbe, options: { resolutionMs: [...count(1), 2 ** 40] } },
  hedge: {
    make: hedge,
    base: { afterMs: 5 },
    options: {
      ...COMMON,
      afterMs: [...ms(1), undefined],
      maxHedges: count(1),
      budget: [null, 5, {}, 'shared'],
      idempotent: NO_FLAG,
    },
  },
  fallback: {
    make: fallback,
    base: { fallback: () => 1 },
    options: { name: NO_NAME, fallback: [...NO_FUNCTION, undefined], shouldHandle: NO_FUNCTION },
  },
  pipeline: {
    make: pipeline,
    base: { name: 'one' },
    options: {
      ...COMMON,
      random: NO_FUNCTION,
      fallback: [null, 5, 'x', {}],
      deadline: [null, 5, 'x', {}],
      rateLimit: [null, 5, 'x', {}],
      shed: [null, 5, 'x'],
      retry: [null, 5, 'x'],
      hedge: [null, 5, 'x', {}],
      breaker: [null, 5, 'x'],
      bulkhead: [null, 5, 'x'],
      timeout: [null, 5, 'x', {}],
    },
  },
  registry: {
    make: (options: never) => new PolicyRegistry(options),
    options: { maxInstances: count(1), clock: NO_CLOCK, random: NO_FUNCTION },
  },
  resilience: {
    make: resilienceInterceptor,
    base: { policies: new PolicyRegistry() },
    options: {
      policies: [null, 5, {}, undefined, 'registry'],
      defaults: NO_OBJECT,
      'defaults.operations': NO_OBJECT,
      'defaults.orchestrators': NO_OBJECT,
      'defaults.layers': NO_OBJECT,
      'defaults.others': [null, 5, '', {}, 'unknown'],
      keyOf: NO_FUNCTION,
      callerOf: NO_FUNCTION,
      priorityOf: NO_FUNCTION,
      clock: NO_CLOCK,
      order: [NaN, Infinity, -Infinity, '5', null, {}],
    },
  },
};

/** `base` with one option, perhaps a nested one, set to a value. */
function withOption(base: object, path: string, value: unknown): object {
  const [head, ...rest] = path.split('.') as [string, ...string[]];
  const inner = (base as Readonly<Record<string, object | undefined>>)[head] ?? {};
  return { ...base, [head]: rest.length === 0 ? value : withOption(inner, rest.join('.'), value) };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : Array.isArray(value) ? '[]' : String(value);
}

/** What making it throws; undefined where it does not. */
function refusalOf(make: Make, options: unknown): unknown {
  try {
    make(options as never);
    return undefined;
  } catch (error) {
    return error;
  }
}

const ROWS = Object.entries(TABLE).flatMap(([name, { make, base = {}, options }]) =>
  Object.entries(options).map(([option, values]) => [name, option, make, base, values] as const),
);

describe('bad options', () => {
  it.each(ROWS)(
    '%s refuses every bad %s when it is made, by its name',
    (_name, option, make, base, values) => {
      expect(refusalOf(make, base)).toBeUndefined();
      for (const value of values) {
        const error = refusalOf(make, withOption(base, option, value));
        const got = `${option} = ${shown(value)}: ${String(error)}`;
        expect([got, error instanceof ResilienceError]).toEqual([got, true]);
        const { code, message } = error as ResilienceError;
        expect([got, code]).toEqual([got, 'OPTION_INVALID']);
        expect(message).toContain(option.split('.').at(-1));
      }
    },
  );

  it.each(Object.entries(TABLE))('%s refuses options that are no object', (_name, { make }) => {
    for (const options of NO_OBJECT) expect(refusalOf(make, options)).toBeInstanceOf(ResilienceError);
  });

  it.each<[string, () => unknown, readonly [string, string]]>([
    ['retry', () => retry({ baseMs: 10, capMs: 5 }), ['baseMs (10)', 'capMs (5)']],
    ['retry', () => retry({ capMs: 50 }), ['baseMs (100)', 'capMs (50)']],
    ['retry', () => retry({ baseMs: 1, throttledBaseMs: 9, capMs: 5 }), ['throttledBaseMs (9)', 'capMs (5)']],
    ['breaker', () => circuitBreaker({ openMs: 100, maxOpenMs: 50 }), ['openMs (100)', 'maxOpenMs (50)']],
    ['shedder', () => loadShedder({ limit: { min: 5, max: 4 } }), ['limit.min (5)', 'limit.max (4)']],
    ['shedder', () => loadShedder({ limit: { max: 4, initial: 5 } }), ['limit.initial (5)', 'limit.max (4)']],
    ['shedder', () => loadShedder({ limit: { min: 9, initial: 5 } }), ['limit.min (9)', 'limit.initial (5)']],
    [
      'shedder',
      () => loadShedder({ limit: { windowMs: 100, remeasureMs: 50 } }),
      ['limit.windowMs (100)', 'limit.remeasureMs (50)'],
    ],
    [
      'shedder',
      () => loadShedder({ loop: { probe: { readP99Ms: () => 0 }, lagMs: 100, stuckMs: 50 } }),
      ['loop.lagMs (100)', 'loop.stuckMs (50)'],
    ],
    [
      'pipeline',
      () => pipeline({ timeout: { ms: 20 }, deadline: { ms: 10 } }),
      ['timeout (20 ms', 'deadline (10 ms'],
    ],
    [
      'pipeline',
      () => pipeline({ hedge: { afterMs: 20 }, deadline: { ms: 10 } }),
      ['hedge.afterMs (20)', 'deadline.ms (10)'],
    ],
    [
      'pipeline',
      () => pipeline({ timeout: { ms: 20 }, breaker: { probeTimeoutMs: 10 } }),
      ['timeout.ms (20)', 'breaker.probeTimeoutMs (10)'],
    ],
    [
      'pipeline',
      () => pipeline({ hedge: { afterMs: 20 }, timeout: { ms: 10 } }),
      ['hedge.afterMs (20)', 'timeout.ms (10)'],
    ],
    [
      'pipeline',
      () => pipeline({ breaker: { slowCallMs: 20 }, timeout: { ms: 10 } }),
      ['breaker.slowCallMs (20)', 'timeout.ms (10)'],
    ],
    [
      'pipeline',
      () => pipeline({ retry: { idempotent: false }, hedge: { afterMs: 20 } }),
      ['retry.idempotent', 'hedge.idempotent'],
    ],
    ['breaker', () => circuitBreaker({ slowCallRatio: 0.5 }), ['slowCallRatio', 'slowCallMs']],
    [
      'rate limiter',
      () => rateLimiter({ permits: 5, perMs: 100, maxQueued: 5 }),
      ['maxWaitMs is 0', 'maxQueued is 5'],
    ],
    [
      'rate limiter',
      () => rateLimiter({ permits: 5, perMs: 100, maxWaitMs: 50, maxQueued: 0 }),
      ['maxWaitMs is 50', 'maxQueued is 0'],
    ],
    ['rate limiter', () => rateLimiter({ permits: 1e-9, perMs: 2_147_483_647 }), ['perMs', 'permits']],
  ])('%s refuses two options that contradict each other, with both names', (_name, make, names) => {
    const error = refusalOf(make, undefined);
    expect(error).toMatchObject({ code: 'OPTION_INVALID' });
    for (const name of names) expect((error as Error).message).toContain(name);
  });

  it('leaves the policy of a registry as it was where a change is no good', () => {
    const registry = new PolicyRegistry({ clock: new FakeClock() }).define('one', { timeout: { ms: 5 } });
    for (const options of [null, 5, { timeout: { ms: NaN } }, { unknown: {} }, { retry: { capMs: 1 } }]) {
      expect(() => registry.reconfigure('one', options as never)).toThrow(ResilienceError);
      expect(() => registry.define('two' as 'one', options as never)).toThrow(ResilienceError);
    }
    expect(registry.names).toEqual(['one']);
    expect(registry.for('one').parts.timeout?.ms).toBe(5);
  });

  it('lets apart what only looks contradictory: a wait for a slot, hedging that is off', () => {
    expect(() =>
      pipeline({ hedge: { afterMs: 20 }, breaker: { slowCallMs: 20 }, bulkhead: {}, timeout: { ms: 10 } }),
    ).not.toThrow();
    expect(() =>
      pipeline({ retry: { idempotent: false }, hedge: { afterMs: 20, idempotent: false } }),
    ).not.toThrow();
    expect(() => rateLimiter({ permits: 5, perMs: 100, maxWaitMs: 0, maxQueued: 5 })).not.toThrow();
  });

  it('keeps the name that stands for no policy out of a registry', () => {
    expect(() => new PolicyRegistry().define('none', {})).toThrow(/"none" stands for no policy/);
  });

  it.each([{}, 5, 'x', new EventTarget(), () => 1])(
    'rejects an execution whose signal is none, without running it or leaving a timer (%p)',
    async (signal) => {
      const clock = new FakeClock();
      const policies = [
        timeout({ ms: 5, clock }),
        retry({ clock }),
        circuitBreaker({ clock }),
        adaptiveThrottle({ clock }),
        bulkhead({ clock }),
        rateLimiter({ permits: 1, perMs: 5, clock }),
        loadShedder({ clock }),
        hedge({ afterMs: 5, clock }),
        fallback({ fallback: () => 'instead' }),
        pipeline({ clock }),
        pipeline({ clock, timeout: { ms: 5 }, retry: {}, fallback: { fallback: () => 'instead' } }),
      ];
      for (const policy of policies) {
        let ran = false;
        const answer = policy.execute(() => (ran = true), { signal: signal as never });
        await expect(answer).rejects.toMatchObject({ code: 'OPTION_INVALID' });
        await expect(answer).rejects.toThrow('signal must be an AbortSignal');
        expect(ran).toBe(false);
        await expect(policy.execute(() => 'ran', { signal: null as never })).resolves.toBe('ran');
      }
      expect(clock.keptAlive).toBe(0);
    },
  );

  it('takes undefined for an option that was not given', () => {
    expect(() => retry({ attempts: undefined, capMs: undefined, clock: undefined } as never)).not.toThrow();
    expect(() =>
      pipeline({ timeout: undefined, breaker: undefined, name: undefined } as never),
    ).not.toThrow();
  });
});
