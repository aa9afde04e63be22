import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';

import type { AttemptScope } from '../attempt-scope.js';
import type { Attempt } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { timeout } from './timeout.js';

const never = <T = never>(): Promise<T> => new Promise<T>(() => undefined);

/** What became of a promise, without waiting for it. */
function watch(promise: Promise<unknown>): { outcome: unknown; code: unknown } {
  const seen: { outcome: unknown; code: unknown } = { outcome: 'pending', code: undefined };
  promise.then(
    (value) => (seen.outcome = value),
    (error: unknown) => {
      seen.outcome = error;
      seen.code = (error as { code?: unknown }).code;
    },
  );
  return seen;
}

describe('timeout', () => {
  it('rejects at its time with TIMEOUT and aborts the signal with that error', async () => {
    const clock = new FakeClock();
    let attempt: Attempt | undefined;
    const seen = watch(
      timeout({ ms: 50, clock }).execute((given) => {
        attempt = given;
        expect(given.signal.aborted).toBe(false);
        return never();
      }),
    );
    await clock.advance(49);
    expect(seen.outcome).toBe('pending');
    await clock.advance(1);
    expect(seen.code).toBe('TIMEOUT');
    expect(seen.outcome).toMatchObject({
      message:
        'timeout: the work took longer than 50 ms. Give it more time, or make it end when its signal is aborted.',
      result: { errorCategory: 'timeout', retryable: true },
    });
    expect(attempt?.signal.reason).toBe(seen.outcome);
  });

  it('gives a signal that is aborted already to work that asks only later', async () => {
    const clock = new FakeClock();
    let attempt: Attempt | undefined;
    const seen = watch(timeout({ ms: 5, clock }).execute((given) => ((attempt = given), never())));
    await clock.advance(5);
    expect(attempt?.signal.aborted).toBe(true);
    expect(attempt?.signal.reason).toBe(seen.outcome);
  });

  it.each([NaN, -1, 0, Infinity, 2_147_483_648, '5', undefined])('refuses %p ms when it is made', (ms) => {
    const bad = ms as number;
    expect(() => timeout({ ms: bad })).toThrow(ResilienceError);
    expect(() => timeout({ ms: bad })).toThrow(
      `timeout: ms must be a number of milliseconds from 1 to 2147483647, got ${typeof ms === 'string' ? `"${ms}"` : String(ms)}. Correct the option.`,
    );
  });

  it('decides exactly once when the work ends just before, at, or just after its time', async () => {
    let unhandled = 0;
    const count = (): void => void (unhandled += 1);
    process.on('unhandledRejection', count);
    try {
      for (const fails of [false, true]) {
        for (const [endsAt, timesOut] of [
          [99, false],
          [100, undefined],
          [101, true],
        ] as const) {
          const clock = new FakeClock();
          const policy = timeout({ ms: 100, clock });
          const settlements: string[] = [];
          for (let call = 0; call < 100; call += 1) {
            policy
              .execute(
                () =>
                  new Promise((resolve, reject) => {
                    clock.setTimeout(() => (fails ? reject(new Error('late')) : resolve('done')), endsAt);
                  }),
              )
              .then(
                () => settlements.push('done'),
                (error: unknown) => settlements.push(error instanceof ResilienceError ? error.code : 'error'),
              );
          }
          await clock.advance(200);
          expect(settlements).toHaveLength(100);
          const own = fails ? 'error' : 'done';
          if (timesOut !== undefined)
            expect(new Set(settlements)).toEqual(new Set([timesOut ? 'TIMEOUT' : own]));
          const { timedOut, lateResults, lateFailures, abandoned, pending } = policy.stats;
          expect(timedOut).toBe(settlements.filter((settled) => settled === 'TIMEOUT').length);
          expect(lateResults + lateFailures).toBe(timedOut);
          expect({ abandoned, pending, timers: clock.pending }).toEqual({
            abandoned: 0,
            pending: 0,
            timers: 0,
          });
        }
      }
    } finally {
      process.off('unhandledRejection', count);
    }
    expect(unhandled).toBe(0);
  });

  it('answers a cancelling caller at once with CANCELLED, which is not a time-out', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const policy = timeout({ ms: 50, clock });
    let attempt: Attempt | undefined;
    const seen = watch(
      policy.execute((given) => ((attempt = given), never()), { signal: controller.signal }),
    );
    const why = new Error('user went away');
    controller.abort(why);
    await clock.advance(0);
    expect(seen.code).toBe('CANCELLED');
    expect(seen.outcome).toMatchObject({
      cause: why,
      result: { errorCategory: 'cancelled', retryable: false },
    });
    expect(attempt?.signal.reason).toBe(why);
    await clock.advance(100);
    expect(policy.stats).toMatchObject({ timedOut: 0, cancelled: 1, abandoned: 1 });
  });

  it('does not run work for a caller that has cancelled already', async () => {
    let ran = false;
    const refused = timeout({ ms: 50, clock: new FakeClock() }).execute(() => (ran = true), {
      signal: AbortSignal.abort('gone'),
    });
    await expect(refused).rejects.toMatchObject({ code: 'CANCELLED', cause: 'gone' });
    expect(ran).toBe(false);
  });

  it('ends at the caller’s deadline, and with less than a millisecond left does not start', async () => {
    const clock = new FakeClock({ monotonic: 1_000 });
    const policy = timeout({ ms: 50, clock });
    const cut = watch(policy.execute(() => never(), { expiresAt: 1_010 }));
    await clock.advance(10);
    expect(cut.code).toBe('TIMEOUT');
    let ran = false;
    for (const expiresAt of [1_010.5, 1_010, 0, -Infinity]) {
      const refused = policy.execute(() => (ran = true), { expiresAt });
      await expect(refused).rejects.toMatchObject({
        code: 'TIMEOUT',
        result: { details: { notStarted: true } },
      });
    }
    expect(ran).toBe(false);
    expect(policy.stats.notStarted).toBe(4);
  });

  it('passes what is left of its time down a chain, and never runs the level after the last one started', async () => {
    const clock = new FakeClock();
    const started: number[] = [];
    const level = (depth: number, outer?: Attempt): Promise<unknown> =>
      timeout({ ms: depth === 0 ? 1_000 : 5_000, name: `level ${depth}`, clock }).execute(async (attempt) => {
        started.push(clock.monotonic());
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 300));
        if (depth < 5) await level(depth + 1, attempt);
        return depth;
      }, outer);
    const seen = watch(level(0));
    await clock.advance(1_000);
    expect(seen.code).toBe('TIMEOUT');
    await clock.advance(10_000);
    expect(started).toEqual([0, 300, 600, 900]);
  });

  it('tells scopes further out of work that goes on, and of its end', async () => {
    const clock = new FakeClock();
    let outerScope: AttemptScope | undefined;
    let finish: (value: string) => void = () => undefined;
    const outer = timeout({ ms: 1_000, clock });
    const inner = timeout({ ms: 10, clock });
    const seen = watch(
      outer.execute((attempt) => {
        outerScope = attempt as AttemptScope;
        return inner
          .execute(() => new Promise((resolve) => (finish = resolve)), attempt)
          .catch(() => 'gave up');
      }),
    );
    await clock.advance(10);
    expect(seen.outcome).toBe('gave up');
    expect(outerScope?.abandoned).toBe(1);
    let idle = 0;
    if (outerScope !== undefined) outerScope.onIdle = () => (idle += 1);
    finish('late');
    await clock.advance(0);
    expect({ abandoned: outerScope?.abandoned, idle }).toEqual({ abandoned: 0, idle: 1 });
    expect(inner.stats).toMatchObject({ lateResults: 1, abandoned: 0 });
  });

  it('makes no signal unless the work asks for one, and hangs one listener on a shared signal', async () => {
    const Original = globalThis.AbortController;
    let made = 0;
    globalThis.AbortController = class extends Original {
      constructor() {
        super();
        made += 1;
      }
    };
    try {
      const clock = new FakeClock();
      const policy = timeout({ ms: 50, clock });
      const { signal } = new Original();
      const releases: (() => void)[] = [];
      const calls = Array.from({ length: 50 }, () =>
        policy.execute((): Promise<void> => new Promise((resolve) => releases.push(resolve)), { signal }),
      );
      expect({ made, listeners: getEventListeners(signal, 'abort').length, timers: clock.pending }).toEqual({
        made: 0,
        listeners: 1,
        timers: 1,
      });
      for (const release of releases) release();
      await Promise.all(calls);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      await policy.execute((attempt) => attempt.signal.aborted);
      expect(made).toBe(1);
    } finally {
      globalThis.AbortController = Original;
    }
  });

  it('holds the process open only while something is pending, and leaves no timer', async () => {
    const clock = new FakeClock();
    const policy = timeout({ ms: 50, clock });
    let finish: () => void = () => undefined;
    const call = policy.execute((): Promise<void> => new Promise((resolve) => (finish = resolve)));
    expect(clock.keptAlive).toBe(1);
    finish();
    await call;
    expect(clock.keptAlive).toBe(0);
    await policy.execute(() => {
      expect(clock.keptAlive).toBe(1);
    });
    await clock.advance(50);
    expect(clock.pending).toBe(0);
  });

  it('expires calls with many different deadlines in time, whatever the wall clock does', async () => {
    const clock = new FakeClock();
    const policy = timeout({ ms: 500, clock });
    const ended: [number, number][] = [];
    for (let call = 0; call < 200; call += 1) {
      const due = 1 + ((call * 37) % 700);
      policy
        .execute(() => never(), { expiresAt: due })
        .catch(() => ended.push([Math.min(500, due), clock.monotonic()]));
    }
    clock.setWallTime(0);
    await clock.advance(100);
    clock.setWallTime(9e12);
    await clock.advance(900);
    expect(ended).toHaveLength(200);
    for (const [due, at] of ended) expect(at).toBe(due);
  });

  it('turns a throw into a rejection and returns values of every kind unchanged', async () => {
    const policy = timeout({ ms: 50, clock: new FakeClock() });
    const error = new Error('boom');
    await expect(
      policy.execute(() => {
        throw error;
      }),
    ).rejects.toBe(error);
    await expect(policy.execute(() => 7)).resolves.toBe(7);
    await expect(
      policy.execute<unknown>(() => ({ then: (ok: (value: number) => void) => ok(8) })),
    ).resolves.toBe(8);
  });
});
