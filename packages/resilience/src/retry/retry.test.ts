import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';
import { type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';

import { timeout } from '../timeout/timeout.js';
import { ResilienceError } from '../resilience-error.js';
import { backoffMs, withHint } from './backoff.js';
import { retry, RetryPolicy } from './retry.js';
import { RetryBudget } from './retry-budget.js';
import type { RetryOptions } from './retry-options.js';
import { RunningMedian } from './running-median.js';

const transient = (message = 'down'): StepFailure =>
  new StepFailure(StepResult.fail(message, { errorCategory: 'service_unavailable' }));

/** A policy with the longest back-offs there are, and the times at which its work ran. */
function setUp(options: RetryOptions = {}): { clock: FakeClock; policy: RetryPolicy; ranAt: number[] } {
  const clock = new FakeClock();
  return { clock, policy: retry({ clock, random: () => 0.999999, ...options }), ranAt: [] };
}

function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; settled: boolean } {
  const seen: { value?: T; error?: unknown; settled: boolean } = { settled: false };
  promise.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (error: unknown) => Object.assign(seen, { error, settled: true }),
  );
  return seen;
}

describe('back-off', () => {
  it('is never negative, not a number, fractional or above its ceiling, for any attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 0, max: 2_147_483_647 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, baseMs, capMs, draw) => {
          const delay = backoffMs(attempt, baseMs, capMs, () => draw);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
        },
      ),
    );
  });

  it('doubles its ceiling up to the cap and lies in the middle of it on average', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 9_999].map((attempt) => backoffMs(attempt, 100, 5_000, () => 1))).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000,
    ]);
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    let sum = 0;
    for (let draw = 0; draw < 10_000; draw += 1) sum += backoffMs(3, 100, 5_000, random);
    expect(Math.abs(sum / 10_000 - 400)).toBeLessThan(20);
  });

  it('follows a hint, but comes neither sooner than without it nor more than 5 s later', () => {
    expect(withHint(100, undefined)).toBe(100);
    expect(withHint(100, 20)).toBe(100);
    expect(withHint(100, 3_000)).toBe(3_000);
    expect(withHint(100, 60_000)).toBe(5_100);
  });

  it('estimates the median within a tenth after some hundred samples', () => {
    const median = new RunningMedian();
    let seed = 7;
    for (let sample = 0; sample < 2_000; sample += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      median.add(50 + (100 * seed) / 2_147_483_647);
    }
    expect(Math.abs(median.value - 100)).toBeLessThan(10);
  });
});

describe('retry', () => {
  it('makes three attempts in all, with doubling back-off, and counts them from 1', async () => {
    const { clock, policy, ranAt } = setUp();
    const attempts: number[] = [];
    const error = new Error('reset');
    Object.assign(error, { code: 'ECONNRESET' });
    const seen = watch(
      policy.execute(({ attempt }) => {
        attempts.push(attempt);
        ranAt.push(clock.monotonic());
        throw error;
      }),
    );
    await clock.advance(10_000);
    expect(attempts).toEqual([1, 2, 3]);
    expect(ranAt).toEqual([0, 99, 298]);
    expect(seen.error).toBe(error);
    expect(policy.stats).toEqual({ retries: 2, recovered: 0, exhausted: 1, budgetRefused: 0 });
  });

  it('returns what a later attempt returns, and treats failed results like rejections', async () => {
    const { clock, policy } = setUp();
    const results = [StepResult.fail('down', { errorCategory: 'network' }), StepResult.ok('up')];
    const seen = watch(policy.execute(() => results.shift()));
    await clock.advance(100);
    expect(seen.value).toMatchObject({ status: 'ok', data: 'up' });
    expect(policy.stats).toMatchObject({ retries: 1, recovered: 1 });
  });

  it('waits longer after being throttled', async () => {
    const { clock, policy, ranAt } = setUp({ attempts: 2 });
    void policy.execute(() => {
      ranAt.push(clock.monotonic());
      return StepResult.fail('slow down', { errorCategory: 'rate_limit' });
    });
    await clock.advance(10_000);
    expect(ranAt).toEqual([0, 499]);
  });

  it.each<ErrorCategory>([
    'validation',
    'not_found',
    'execution',
    'cancelled',
    'authorization',
    'depth_exceeded',
  ])('does not repeat a failure of category %s, and returns it as it was', async (errorCategory) => {
    const { policy, clock } = setUp();
    const failed = StepResult.fail('no', { errorCategory });
    let runs = 0;
    const seen = watch(policy.execute(() => ((runs += 1), failed)));
    await clock.advance(60_000);
    expect(runs).toBe(1);
    expect(seen.value).toBe(failed);
  });

  it('repeats work that is not idempotent only if a policy inside refused to run it', async () => {
    const { policy, clock } = setUp({ idempotent: false });
    let runs = 0;
    const failing = watch(policy.execute(() => ((runs += 1), Promise.reject(transient()))));
    await clock.advance(60_000);
    expect({ runs, settled: failing.settled }).toEqual({ runs: 1, settled: true });
    runs = 0;
    watch(
      policy.execute(() => ((runs += 1), Promise.reject(new ResilienceError('BULKHEAD_FULL', 'b', 'full')))),
    );
    await clock.advance(60_000);
    expect(runs).toBe(3);
  });

  it('asks shouldRetry instead of the category, and takes a throw of it for a no', async () => {
    const asked: [ErrorCategory, number][] = [];
    const { policy, clock } = setUp({
      shouldRetry: (failure, attempt) => {
        asked.push([failure.category, attempt]);
        if (attempt === 2) throw new Error('bad rule');
        return true;
      },
    });
    let runs = 0;
    const seen = watch(policy.execute(() => ((runs += 1), Promise.reject(new Error('mine')))));
    await clock.advance(60_000);
    expect(asked).toEqual([
      ['execution', 1],
      ['execution', 2],
    ]);
    expect(runs).toBe(2);
    expect(seen.error).toMatchObject({ message: 'mine' });
  });

  it('ends its back-off at once when the caller cancels, and does not run again', async () => {
    const { policy, clock } = setUp({ baseMs: 5_000 });
    const budget = new RetryBudget({ clock });
    const own = retry({ clock, budget, baseMs: 5_000, random: () => 0.9 });
    const controller = new AbortController();
    let runs = 0;
    const work = (): Promise<never> => ((runs += 1), Promise.reject(transient()));
    const all = [policy, own].map((each) => watch(each.execute(work, { signal: controller.signal })));
    await clock.advance(50);
    expect(clock.pending).toBe(2);
    controller.abort('gone');
    await clock.advance(0);
    for (const seen of all) expect(seen.error).toMatchObject({ code: 'CANCELLED', cause: 'gone' });
    await clock.advance(60_000);
    expect({
      runs,
      timers: clock.pending,
      listeners: getEventListeners(controller.signal, 'abort').length,
    }).toEqual({
      runs: 2,
      timers: 0,
      listeners: 0,
    });
    expect(budget.stats).toMatchObject({ inFlight: 0, retriesInFlight: 0 });
  });

  it('does not run for a caller that has cancelled, and makes no retry after a cancel during an attempt', async () => {
    const { policy, clock } = setUp();
    let runs = 0;
    await expect(policy.execute(() => (runs += 1), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const controller = new AbortController();
    const failure = transient();
    const seen = watch(
      policy.execute(
        ({ signal }) => {
          runs += 1;
          expect(signal).toBe(controller.signal);
          controller.abort();
          throw failure;
        },
        { signal: controller.signal },
      ),
    );
    await clock.advance(60_000);
    expect({ runs, error: seen.error }).toEqual({ runs: 1, error: failure });
  });

  it('makes no attempt for which the deadline leaves less than the back-off and the usual time of one', async () => {
    const { policy, clock } = setUp();
    const run = async (expiresAt: number): Promise<number> => {
      let runs = 0;
      const seen = watch(policy.execute(() => ((runs += 1), Promise.reject(transient())), { expiresAt }));
      await clock.advance(1_000);
      expect(seen.settled).toBe(true);
      return runs;
    };
    expect(await run(99)).toBe(1);
    expect(await run(clock.monotonic() + 101)).toBe(2);
    const slow = (): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, 400));
    const good = policy.execute(slow, { expiresAt: 1e9 });
    await clock.advance(400);
    await good;
    expect(await run(clock.monotonic() + 450)).toBe(1);
    expect(await run(clock.monotonic() + 550)).toBe(2);
  });

  it('retries an open circuit only where its whole wait fits a deadline', async () => {
    const open = (retryAfterMs?: number): ResilienceError =>
      new ResilienceError('CIRCUIT_OPEN', 'b', 'open', retryAfterMs === undefined ? {} : { retryAfterMs });
    const runsOf = async (error: unknown, expiresAt?: number): Promise<number[]> => {
      const { policy, clock, ranAt } = setUp({ attempts: 2 });
      watch(
        policy.execute(
          () => {
            ranAt.push(clock.monotonic());
            throw error;
          },
          expiresAt === undefined ? {} : { expiresAt },
        ),
      );
      await clock.advance(100_000);
      return ranAt;
    };
    expect(await runsOf(open(30_000))).toEqual([0]);
    expect(await runsOf(open(30_000), 20_000)).toEqual([0]);
    expect(await runsOf(open(30_000), 31_000)).toEqual([0, 30_000]);
    expect(await runsOf(open(), 31_000)).toEqual([0]);
  });

  it('tells a listener of each retry, and is not harmed by what the listener throws', async () => {
    const events: unknown[] = [];
    const { policy, clock } = setUp({
      onRetry: ({ attempt, delayMs, failure }) => {
        events.push([attempt, delayMs, failure.category]);
        throw new Error('bad listener');
      },
    });
    const failures = [transient(), transient()];
    const seen = watch(policy.execute(() => (failures.length > 0 ? Promise.reject(failures.pop()) : 'up')));
    await clock.advance(1_000);
    expect(seen.value).toBe('up');
    expect(events).toEqual([
      [1, 99, 'service_unavailable'],
      [2, 199, 'service_unavailable'],
    ]);
  });

  it('marks what it gives up on, so that a retry further out lets it pass', async () => {
    const clock = new FakeClock();
    const outer = retry({ clock, name: 'outer' });
    const inner = retry({ clock, name: 'inner' });
    let runs = 0;
    const failed = StepResult.fail('down', {
      errorCategory: 'network',
      metadata: { shard: 3 },
      details: { a: 1 },
    });
    const work = (): Promise<unknown> => inner.execute(() => ((runs += 1), failed));
    const result = watch(outer.execute(work));
    await clock.advance(60_000);
    expect(runs).toBe(3);
    expect(result.value).toMatchObject({
      error: 'down',
      errorCategory: 'network',
      details: { a: 1 },
      metadata: { shard: 3, retried: true, attempts: 3 },
    });
    expect(outer.stats.retries).toBe(0);
  });

  it('carries the mark in rejections that hold a result, and in the attempt for any other', async () => {
    const errors = [
      new ResilienceError('TIMEOUT', 't', 'slow'),
      transient(),
      Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
    ];
    for (const error of errors) {
      const clock = new FakeClock();
      const [outer, middle, inner] = [retry({ clock }), timeout({ ms: 60_000, clock }), retry({ clock })];
      let runs = 0;
      const seen = watch(
        outer.execute((a) =>
          middle.execute((b) => inner.execute(() => ((runs += 1), Promise.reject(error)), b), a),
        ),
      );
      await clock.advance(50_000);
      expect(runs).toBe(3);
      expect(seen.error).toBeInstanceOf(error.constructor);
      if (error instanceof StepFailure) {
        expect(StepResult.fromError(seen.error).metadata).toEqual({ retried: true, attempts: 3 });
      } else expect(seen.error).toBe(error);
    }
  });

  it('tells a failure of the network as one, also where core saw only an error that it does not know', async () => {
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const { policy, clock } = setUp();
    const seen = watch(policy.execute(() => StepResult.fromError(reset)));
    await clock.advance(50_000);
    expect(seen.value).toMatchObject({
      errorCategory: 'network',
      retryable: true,
      error: 'reset',
      cause: reset,
      metadata: { retried: true, attempts: 3 },
    });
    const other = setUp({ shouldRetry: () => true });
    const unknown = watch(other.policy.execute(() => StepResult.fromError(new Error('who knows'))));
    await other.clock.advance(50_000);
    expect(unknown.value).toMatchObject({
      errorCategory: 'execution',
      retryable: false,
      metadata: { retried: true, attempts: 3 },
    });
  });

  it('retries plain values that a rule calls a failure', async () => {
    const { policy, clock } = setUp({
      classify: (settled) => (settled.ok && settled.value === 503 ? 'failure' : undefined),
    });
    const answers = [503, 200];
    const seen = watch(policy.execute(() => answers.shift()));
    await clock.advance(1_000);
    expect(seen.value).toBe(200);
    const down = watch(policy.execute(() => 503));
    await clock.advance(1_000);
    expect(down.value).toBe(503);
  });

  it.each<[RetryOptions, string]>([
    [{ attempts: 0 }, 'attempts must be an integer >= 1, got 0'],
    [{ attempts: 1.5 }, 'attempts must be an integer >= 1, got 1.5'],
    [{ baseMs: NaN }, 'baseMs must be a number of milliseconds from 0 to 2147483647, got NaN'],
    [{ baseMs: 10, capMs: 5 }, 'baseMs (10) is above capMs (5). Lower baseMs, or raise capMs.'],
    [{ budget: {} as RetryBudget }, 'budget must be a RetryBudget'],
    [{ shouldRetry: 1 as never }, 'shouldRetry must be a function, got 1'],
  ])('refuses the options %p when it is made', (options, message) => {
    expect(() => retry(options)).toThrow(ResilienceError);
    expect(() => retry(options)).toThrow(message);
  });
});

describe('RetryBudget', () => {
  it('grants a tenth of the first attempts, and at least ten, in ten seconds', () => {
    for (const [first, granted] of [
      [0, 10],
      [50, 10],
      [1_000, 100],
    ] as const) {
      const clock = new FakeClock();
      const budget = new RetryBudget({ clock });
      for (let call = 0; call < first; call += 1) budget.begin();
      for (let call = 0; call < first; call += 1) budget.end();
      let count = 0;
      for (let retries = 0; retries < 500; retries += 1) {
        if (!budget.tryRetry()) continue;
        count += 1;
        budget.endRetry();
      }
      expect(count).toBe(granted);
      expect(budget.stats).toMatchObject({
        first,
        retries: granted,
        refused: 500 - granted,
        retriesInFlight: 0,
      });
    }
  });

  it('lets at most a fifth of what runs be in a retry, and at least three', () => {
    const budget = new RetryBudget({ clock: new FakeClock() });
    const grants = (): number => {
      let count = 0;
      while (budget.tryRetry()) count += 1;
      return count;
    };
    for (let call = 0; call < 4; call += 1) budget.begin();
    expect(grants()).toBe(3);
    for (let call = 0; call < 96; call += 1) budget.begin();
    expect(grants()).toBe(7);
  });

  it('forgets by elapsed time alone: neither does health save up, nor does an outage leave a debt', async () => {
    const clock = new FakeClock();
    const budget = new RetryBudget({ clock });
    for (let call = 0; call < 100_000; call += 1) {
      budget.begin();
      budget.end();
    }
    await clock.advance(86_400_000);
    expect(budget.stats).toMatchObject({ first: 0, retries: 0 });
    const burst = (): number => {
      let count = 0;
      while (budget.tryRetry()) {
        budget.endRetry();
        count += 1;
      }
      return count;
    };
    expect(burst()).toBe(10);
    await clock.advance(9_000);
    expect(burst()).toBe(0);
    clock.setWallTime(0);
    await clock.advance(1_000);
    expect(burst()).toBe(10);
  });

  it('denies with the failure as it was, marked', async () => {
    const clock = new FakeClock();
    const budget = new RetryBudget({ clock, minRetries: 0, minConcurrent: 0, ratio: 0 });
    const policy = retry({ clock, budget });
    const failed = StepResult.fail('down', { errorCategory: 'network' });
    const result = await policy.execute(() => failed);
    expect(result).toMatchObject({
      error: 'down',
      metadata: { retried: true, attempts: 1, retry_budget_exhausted: true },
    });
    expect(policy.stats.budgetRefused).toBe(1);
    expect(RetryBudget.unlimited().tryRetry()).toBe(true);
  });
});

describe('a retry storm', () => {
  /** Calls per first call that reach a dependency which is down for 20 s, at 1,000 calls per second. */
  async function amplification(layers: number, opaque: boolean): Promise<number> {
    const clock = new FakeClock();
    let seed = 11;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const policies = Array.from({ length: layers }, () => retry({ clock, random, attempts: 4 }));
    let leaf = 0;
    const call = async (depth: number): Promise<unknown> => {
      const policy = policies[depth];
      if (policy === undefined) {
        leaf += 1;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
        return StepResult.fail('down', { errorCategory: 'service_unavailable' });
      }
      const result = await policy.execute(() => call(depth + 1));
      // A layer that answers with words of its own loses the mark.
      return opaque ? StepResult.fail('layer failed', { errorCategory: 'service_unavailable' }) : result;
    };
    const running: Promise<unknown>[] = [];
    for (let ms = 0; ms < 20_000; ms += 20) {
      for (let each = 0; each < 20; each += 1) running.push(call(0));
      await clock.advance(20);
    }
    await clock.advance(60_000);
    await Promise.all(running);
    return leaf / running.length;
  }

  it('is bounded to 1.15 calls per call over one layer, and over three that pass failures on', async () => {
    expect(await amplification(1, false)).toBeLessThanOrEqual(1.15);
    expect(await amplification(3, false)).toBeLessThanOrEqual(1.15);
  }, 60_000);

  it('is bounded to 1.35 calls per call over three layers that hide what the inner one did', async () => {
    const factor = await amplification(3, true);
    expect(factor).toBeGreaterThan(1.05);
    expect(factor).toBeLessThanOrEqual(1.35);
  }, 60_000);
});
