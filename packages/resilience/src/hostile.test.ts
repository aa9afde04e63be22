import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import {
  adaptiveThrottle,
  bulkhead,
  circuitBreaker,
  type ExecuteOptions,
  fallback,
  hedge,
  loadShedder,
  pipeline,
  type Policy,
  rateLimiter,
  retry,
  timeout,
  type Work,
} from './index.js';

const MAKERS: Readonly<Record<string, (clock: FakeClock) => Policy & { readonly stats: object }>> = {
  timeout: (clock) => timeout({ ms: 1_000, clock }),
  retry: (clock) => retry({ clock, random: () => 0.5 }),
  breaker: (clock) => circuitBreaker({ minimumCalls: 1_000, clock }),
  throttle: (clock) => adaptiveThrottle({ minimumCalls: 1_000, clock }),
  bulkhead: (clock) => bulkhead({ maxConcurrent: 4, fairness: {}, clock }),
  'rate limiter': (clock) => rateLimiter({ permits: 1_000, perMs: 1_000, clock }),
  'load shedder': (clock) => loadShedder({ clock }),
  hedge: (clock) => hedge({ afterMs: 100, clock }),
  fallback: () => fallback({ fallback: () => 'instead', shouldHandle: () => false }),
  pipeline: (clock) =>
    pipeline({
      retry: { attempts: 2 },
      hedge: { afterMs: 100 },
      breaker: { minimumCalls: 1_000 },
      bulkhead: { maxConcurrent: 2 },
      timeout: { ms: 1_000 },
      shed: {},
      rateLimit: { permits: 1_000, perMs: 1_000 },
      deadline: { ms: 9_000 },
      clock,
    }),
};
const POLICIES = Object.entries(MAKERS);

/** Lets nobody look at it, except that it is no thenable. */
const unreadable = (): object =>
  new Proxy(
    {},
    {
      get: (_, key) => {
        if (key === 'then') return undefined;
        throw new Error('trap');
      },
      getPrototypeOf: () => {
        throw new Error('trap');
      },
      has: () => {
        throw new Error('trap');
      },
      ownKeys: () => {
        throw new Error('trap');
      },
    },
  );

const cyclic: Record<string, unknown> = {};
cyclic['cause'] = cyclic;

const THROWN: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  zero: 0,
  'an empty string': '',
  'a string': 'down',
  'a symbol': Symbol('down'),
  'a bigint': 5n,
  'a function': () => 'down',
  'a plain object': { code: 'ECONNRESET' },
  'an object that is its own cause': cyclic,
  'a frozen error': Object.freeze(new Error('down')),
  'an object without a prototype': Object.create(null),
  'an unreadable object': unreadable(),
  'an error whose message throws': Object.defineProperty(new Error(), 'message', {
    get: () => {
      throw new Error('trap');
    },
  }),
  'an error whose code throws': Object.defineProperty(new Error('down'), 'code', {
    get: () => {
      throw new Error('trap');
    },
  }),
};

const RETURNED: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(Object.entries(THROWN).map(([name, value]) => [name, value])),
  'something that looks like a failed result': { status: 'failed', errorCategory: 'network' },
  'a promise in an object': { promise: Promise.resolve(1) },
};

const strays: unknown[] = [];
const stray = (reason: unknown): void => void strays.push(reason);
beforeAll(() => void process.on('unhandledRejection', stray));
afterAll(() => {
  process.off('unhandledRejection', stray);
  expect(strays).toEqual([]);
});

/** What came of it, while a minute passes. */
async function outcome(
  clock: FakeClock,
  call: () => Promise<unknown>,
): Promise<readonly ['value' | 'rejection' | 'threw at once', unknown]> {
  let settled: Promise<readonly ['value' | 'rejection', unknown]>;
  try {
    settled = call().then(
      (value) => ['value', value] as const,
      (error: unknown) => ['rejection', error] as const,
    );
  } catch (error) {
    return ['threw at once', error];
  }
  await clock.advance(60_000);
  return settled;
}

/** Whether two values are the same one, without looking into them. */
function expectSame(actual: readonly [string, unknown], kind: string, value: unknown): void {
  expect(actual[0]).toBe(kind);
  expect(Object.is(actual[1], value)).toBe(true);
}

/** Nothing runs, waits or is held; and it still works. */
async function expectWhole(policy: Policy & { readonly stats: object }, clock: FakeClock): Promise<void> {
  const counts = Object.entries(policy.stats).flatMap(([slot, value]) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value as object).map(([name, inner]) => [`${slot}.${name}`, inner] as const)
      : [[slot, value] as const],
  );
  const held = counts.filter(
    ([name, value]) => /(^|\.)(running|queued|pending|abandoned)$/.test(name) && value !== 0,
  );
  expect(held).toEqual([]);
  expectSame(await outcome(clock, () => policy.execute(() => 'works')), 'value', 'works');
  await clock.advance(60_000);
  expect(clock.keptAlive).toBe(0);
}

describe.each(POLICIES)('hostile work under %s', (_name, make) => {
  it('comes back as what it threw, now or later, whatever that is', async () => {
    for (const value of Object.values(THROWN)) {
      const clock = new FakeClock();
      const policy = make(clock);
      const atOnce: Work<never> = () => {
        throw value;
      };
      expectSame(await outcome(clock, () => policy.execute(atOnce)), 'rejection', value);

      const later: Work<never> = () => Promise.reject(value);
      expectSame(await outcome(clock, () => policy.execute(later)), 'rejection', value);
      await expectWhole(policy, clock);
    }
  });

  it('comes back as what it returned, whatever that is', async () => {
    for (const value of Object.values(RETURNED)) {
      const clock = new FakeClock();
      const policy = make(clock);
      expectSame(await outcome(clock, () => policy.execute(() => value)), 'value', value);
      expectSame(await outcome(clock, () => policy.execute(() => Promise.resolve(value))), 'value', value);
      await expectWhole(policy, clock);
    }
  });

  it('may be a thenable that answers twice, throws, or is a promise of a class of its own', async () => {
    const twice = {
      then: (ok: (value: unknown) => void, no: (error: unknown) => void) => {
        ok('first');
        ok('second');
        no(new Error('third'));
      },
    };
    const throwing = Object.defineProperty({}, 'then', {
      get: () => {
        throw new TypeError('no then');
      },
    });
    class Odd<T> extends Promise<T> {
      override then<A = T, B = never>(
        ok?: ((value: T) => A | PromiseLike<A>) | null,
        no?: ((error: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        void super.then(ok, no);
        return super.then(ok, no);
      }
    }
    class Broken<T> extends Promise<T> {
      override then(): never {
        throw new TypeError('no then');
      }
    }
    const cases: readonly (readonly [() => unknown, string, unknown])[] = [
      [() => twice, 'value', 'first'],
      [() => throwing, 'rejection', 'no then'],
      [() => new Odd((resolve) => resolve('odd')), 'value', 'odd'],
      [() => new Broken((resolve) => resolve('never seen')), 'rejection', 'no then'],
    ];
    for (const [work, kind, value] of cases) {
      const clock = new FakeClock();
      const policy = make(clock);
      const [got, what] = await outcome(clock, () => policy.execute(work));
      expect([got, what instanceof Error ? what.message : what]).toEqual([kind, value]);
      await expectWhole(policy, clock);
    }
  });

  it('is a rejection where it is no function', async () => {
    for (const work of [undefined, null, 5, 'work', {}]) {
      const clock = new FakeClock();
      const policy = make(clock);
      const [kind, error] = await outcome(clock, () => policy.execute(work as never));
      expect([kind, error instanceof Error]).toEqual(['rejection', true]);
      await expectWhole(policy, clock);
    }
  });

  it('may run itself again inside of itself', async () => {
    const clock = new FakeClock();
    const policy = make(clock);
    const nested = (depth: number): Work<unknown> =>
      depth === 0 ? () => 'inside' : (attempt) => policy.execute(nested(depth - 1), attempt);
    expectSame(await outcome(clock, () => policy.execute(nested(1))), 'value', 'inside');
    await expectWhole(policy, clock);
  });

  it('is ended at once by its caller in every phase, and not run again', async () => {
    // Before it, in the turn it begins, while it runs, in whatever waits after its failure, and after its end.
    for (const when of ['before', 'inside', 'running', 'after a failure', 'after'] as const) {
      const clock = new FakeClock();
      const policy = make(clock);
      const caller = new AbortController();
      let runs = 0;
      const work: Work<unknown> = () => {
        runs += 1;
        if (when === 'inside') caller.abort(new Error('enough'));
        if (when === 'after a failure') throw Object.assign(new Error('down'), { code: 'ECONNRESET' });
        return when === 'after'
          ? 'done'
          : new Promise((resolve) => void clock.setTimeout(() => resolve(1), 50));
      };
      if (when === 'before') caller.abort();
      const call = outcome(clock, () => policy.execute(work, { signal: caller.signal }));
      if (when === 'running') {
        await Promise.resolve();
        caller.abort();
      } else if (when === 'after a failure' || when === 'after') {
        for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
        caller.abort();
      }
      const before = runs;
      const [kind] = await call;
      expect([when, runs]).toEqual([when, when === 'before' ? 0 : before]);
      if (when === 'before') expect(kind).toBe('rejection');
      if (when === 'after') expect(kind).toBe('value');
      await expectWhole(policy, clock);
    }
  });

  it('takes options that say nothing sensible for none', async () => {
    const bad: readonly unknown[] = [
      undefined,
      null,
      {},
      { expiresAt: NaN },
      { expiresAt: '5', priority: 'high' },
      { priority: NaN, key: undefined, signal: undefined },
      { priority: Infinity },
      { priority: -1 },
    ];
    for (const options of bad) {
      const clock = new FakeClock();
      const policy = make(clock);
      const call = (): Promise<unknown> =>
        policy.execute(
          () => new Promise((resolve) => void clock.setTimeout(() => resolve('late'), 50)),
          options as ExecuteOptions,
        );
      expectSame(await outcome(clock, call), 'value', 'late');
      await expectWhole(policy, clock);
    }
  });

  it('runs in thousands at once, half of them failing, and leaves nothing behind', async () => {
    const clock = new FakeClock();
    const policy = make(clock);
    const caller = new AbortController();
    const calls = Array.from({ length: 1_000 }, (_, index) =>
      outcome(clock, () =>
        policy.execute(
          async () => {
            await new Promise<void>((resolve) => void clock.setTimeout(resolve, index % 7));
            if (index % 2 === 0) throw new TypeError('a bug');
            return StepResult.ok(index);
          },
          { signal: caller.signal, key: String(index % 10), priority: index % 10 },
        ),
      ),
    );
    await clock.advance(60_000);
    for (const [kind] of await Promise.all(calls)) expect(['value', 'rejection']).toContain(kind);
    await expectWhole(policy, clock);
  });
});

describe('functions of options that throw', () => {
  const boom = (): never => {
    throw new Error('boom');
  };

  it('cost neither the answer nor the policy', async () => {
    const clock = new FakeClock();
    const down = Object.assign(new Error('down'), { code: 'ECONNRESET' });
    const policies: readonly (Policy & { readonly stats: object })[] = [
      retry({ shouldRetry: boom, onRetry: boom, classify: boom, clock }),
      retry({ onRetry: boom, clock, random: () => 0 }),
      circuitBreaker({ classify: boom, minimumCalls: 1_000, clock }),
      adaptiveThrottle({ classify: boom, minimumCalls: 1_000, clock }),
      fallback({ fallback: boom, shouldHandle: boom }),
      fallback({ fallback: boom }),
    ];
    for (const policy of policies) {
      const failing = (): never => {
        throw down;
      };
      expectSame(await outcome(clock, () => policy.execute(failing)), 'rejection', down);
      await expectWhole(policy, clock);
    }
  });

  it('that give random numbers which are none, or throw, cost at most the jitter', async () => {
    for (const random of [
      () => NaN,
      () => Infinity,
      () => -5,
      () => 2,
      boom,
      () => '0.5' as unknown as number,
    ]) {
      const clock = new FakeClock();
      const down = Object.assign(new Error('down'), { code: 'ECONNRESET' });
      const failing = (): never => {
        throw down;
      };
      const again = retry({ random, clock, baseMs: 100, capMs: 1_000 });
      expectSame(await outcome(clock, () => again.execute(failing)), 'rejection', down);
      expect(again.stats).toMatchObject({ retries: 2, exhausted: 1 });
      const breaker = circuitBreaker({ random, clock, minimumCalls: 1, openMs: 1_000, maxOpenMs: 1_000 });
      expectSame(
        await outcome(clock, () => breaker.execute(failing).finally(() => undefined)),
        'rejection',
        down,
      );
      expect(breaker.stats.openings).toBe(1);
      expect(breaker.state).toBe('half-open');
      const throttle = adaptiveThrottle({ random, clock, minimumCalls: 1 });
      await outcome(clock, () => throttle.execute(failing));
      expect((await outcome(clock, () => throttle.execute(() => 1)))[0]).not.toBe('threw at once');
    }
  });

  it('of a bulkhead and a rate limiter are the rejection of the call, which takes nothing', async () => {
    const clock = new FakeClock();
    const bulk = bulkhead({ fairness: { weight: boom }, clock });
    const rate = rateLimiter({ permits: 1, perMs: 1_000, key: boom, clock });
    for (const policy of [bulk, rate]) {
      const [kind, error] = await outcome(clock, () => policy.execute(() => 1));
      expect([kind, (error as Error).message]).toEqual(['rejection', 'boom']);
    }
    expect(bulk.stats.running).toBe(0);
    expect(rate.stats.allowed).toBe(0);
  });
});

describe('a caller that cancels with a reason which cannot be read', () => {
  it.each(POLICIES)('gets CANCELLED from %s all the same', async (_name, make) => {
    for (const reason of [unreadable(), null, Symbol('no'), Object.create(null)]) {
      const clock = new FakeClock();
      const caller = new AbortController();
      caller.abort(reason);
      const [kind, error] = await outcome(clock, () =>
        make(clock).execute(() => 1, { signal: caller.signal }),
      );
      expect([kind, (error as { code?: unknown }).code]).toEqual(['rejection', 'CANCELLED']);
    }
  });
});
