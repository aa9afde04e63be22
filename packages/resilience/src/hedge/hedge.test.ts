import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import type { AttemptScope } from '../attempt-scope.js';
import type { Attempt } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { RetryBudget } from '../retry/retry-budget.js';
import { timeout } from '../timeout/timeout.js';
import { hedge, type HedgeOptions } from './hedge.js';

interface Runner {
  readonly attempt: Attempt;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function setUp(options: Partial<HedgeOptions> = {}) {
  const clock = new FakeClock();
  const budget = new RetryBudget({ clock });
  const policy = hedge({ afterMs: 100, clock, budget, ...options });
  const runners: Runner[] = [];
  const work = (attempt: Attempt): Promise<unknown> =>
    new Promise((resolve, reject) => runners.push({ attempt, resolve, reject }));
  return { clock, budget, policy, runners, work };
}

function watch(promise: Promise<unknown>): { outcome: unknown } {
  const seen: { outcome: unknown } = { outcome: 'pending' };
  promise.then(
    (value) => (seen.outcome = value),
    (error: unknown) => (seen.outcome = error),
  );
  return seen;
}

const network = (message: string) => StepResult.fail(message, { errorCategory: 'network' });

describe('hedge', () => {
  it('runs quick work once', async () => {
    const { policy, clock, runners, work, budget } = setUp();
    const seen = watch(policy.execute(work));
    await clock.advance(99);
    runners[0]?.resolve('quick');
    await clock.advance(1_000);
    expect({ runs: runners.length, outcome: seen.outcome, timers: clock.pending }).toEqual({
      runs: 1,
      outcome: 'quick',
      timers: 0,
    });
    expect(budget.stats).toMatchObject({ first: 1, retries: 0, inFlight: 0 });
  });

  it('starts a second attempt at its time, takes the first good answer and aborts the other', async () => {
    for (const winner of [0, 1]) {
      const { policy, clock, runners, work, budget } = setUp();
      const seen = watch(policy.execute(work));
      await clock.advance(100);
      expect(runners.map(({ attempt }) => attempt.attempt)).toEqual([1, 2]);
      const loser = runners[1 - winner];
      expect(loser?.attempt.signal.aborted).toBe(false);
      runners[winner]?.resolve(`answer ${winner}`);
      await clock.advance(0);
      expect(seen.outcome).toBe(`answer ${winner}`);
      expect(loser?.attempt.signal.reason).toMatchObject({ code: 'CANCELLED' });
      expect(runners[winner]?.attempt.signal.aborted).toBe(false);
      expect(policy.stats).toEqual({ hedges: 1, wins: winner, budgetRefused: 0, abandoned: 1 });
      loser?.reject(new Error('late'));
      await clock.advance(0);
      expect(policy.stats.abandoned).toBe(0);
      expect(budget.stats).toMatchObject({ inFlight: 0, retriesInFlight: 0 });
    }
  });

  it('waits past a failure while another attempt runs, and returns the first one when all have failed', async () => {
    const { policy, clock, runners, work } = setUp();
    const recovered = watch(policy.execute(work));
    await clock.advance(100);
    runners[0]?.resolve(network('first'));
    await clock.advance(0);
    expect(recovered.outcome).toBe('pending');
    runners[1]?.resolve('second');
    await clock.advance(0);
    expect(recovered.outcome).toBe('second');
    const failed = watch(policy.execute(work));
    await clock.advance(100);
    runners[3]?.reject(new Error('hedge failed first'));
    await clock.advance(0);
    runners[2]?.resolve(network('slow'));
    await clock.advance(0);
    expect(failed.outcome).toMatchObject({ message: 'hedge failed first' });
  });

  it('is no retry: a lone failure, and one that no attempt could avoid, end it at once', async () => {
    const { policy, clock, runners, work } = setUp();
    const lone = watch(policy.execute(work));
    runners[0]?.resolve(network('down'));
    await clock.advance(1_000);
    expect({ runs: runners.length, outcome: lone.outcome }).toMatchObject({
      runs: 1,
      outcome: { error: 'down' },
    });
    const mistake = watch(policy.execute(work));
    await clock.advance(100);
    runners[2]?.resolve(StepResult.fail('bad input', { errorCategory: 'validation' }));
    await clock.advance(0);
    expect(mistake.outcome).toMatchObject({ error: 'bad input' });
    expect(runners[1]?.attempt.signal.aborted).toBe(true);
  });

  it('starts as many as it may, each at its time', async () => {
    const { policy, clock, runners, work } = setUp({ maxHedges: 3 });
    watch(policy.execute(work));
    const counts: number[] = [];
    for (let step = 0; step < 6; step += 1) {
      counts.push(runners.length);
      await clock.advance(100);
    }
    expect(counts).toEqual([1, 2, 3, 4, 4, 4]);
    expect(clock.pending).toBe(0);
  });

  it('adds no more load than its budget grants', async () => {
    const { policy, clock, runners, work, budget } = setUp();
    for (let call = 0; call < 1_000; call += 1) watch(policy.execute(work));
    await clock.advance(100);
    expect(runners.length).toBe(1_100);
    expect(policy.stats).toMatchObject({ hedges: 100, budgetRefused: 900 });
    for (const runner of runners) runner.resolve(1);
    await clock.advance(0);
    expect(budget.stats).toMatchObject({ inFlight: 0, retriesInFlight: 0 });
    expect(policy.stats.abandoned).toBe(0);
  });

  it('runs work once that may not run twice, and starts none that the deadline leaves no time for', async () => {
    const once = setUp({ idempotent: false });
    watch(once.policy.execute(once.work));
    await once.clock.advance(10_000);
    expect(once.runners).toHaveLength(1);
    const late = setUp();
    watch(late.policy.execute(late.work, { expiresAt: 100.5 }));
    await late.clock.advance(10_000);
    expect(late.runners).toHaveLength(1);
  });

  it('answers a cancelling caller at once and aborts every attempt', async () => {
    const { policy, clock, runners, work } = setUp();
    const controller = new AbortController();
    const seen = watch(policy.execute(work, { signal: controller.signal }));
    await clock.advance(100);
    controller.abort('gone');
    await clock.advance(0);
    expect(seen.outcome).toMatchObject({ code: 'CANCELLED', cause: 'gone' });
    expect(runners.map(({ attempt }) => attempt.signal.reason as unknown)).toEqual(['gone', 'gone']);
    for (const runner of runners) runner.reject(new Error('late'));
    await clock.advance(1_000);
    expect({
      ...policy.stats,
      listeners: getEventListeners(controller.signal, 'abort').length,
      timers: clock.pending,
    }).toEqual({
      hedges: 1,
      wins: 0,
      budgetRefused: 0,
      abandoned: 0,
      listeners: 0,
      timers: 0,
    });
    await expect(policy.execute(work, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(runners).toHaveLength(2);
  });

  it('passes deadline and abort on to policies inside, and says what still runs', async () => {
    const { policy, clock, runners, work } = setUp();
    const outer = timeout({ ms: 1_000, clock });
    const inner = timeout({ ms: 5_000, clock });
    let scope: AttemptScope | undefined;
    const seen = watch(
      outer.execute((a) => {
        scope = a as AttemptScope;
        return policy.execute((b) => inner.execute(work, b), a);
      }),
    );
    await clock.advance(1_000);
    expect(seen.outcome).toMatchObject({ code: 'TIMEOUT', policy: 'timeout' });
    expect(runners.map(({ attempt }) => attempt.signal.aborted)).toEqual([true, true]);
    expect(scope?.abandoned).toBeGreaterThan(0);
    for (const runner of runners) runner.resolve('late');
    await clock.advance(10_000);
    expect({ abandoned: scope?.abandoned, timers: clock.pending }).toEqual({ abandoned: 0, timers: 0 });
  });

  it('leaves no listener on the signal of a caller it has answered', async () => {
    const { policy } = setUp();
    const { signal } = new AbortController();
    expect(await policy.execute(() => 'quick', { signal })).toBe('quick');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends every policy that runs side by side inside an attempt', async () => {
    const { policy, clock } = setUp({ maxHedges: 1 });
    const inner = timeout({ ms: 5_000, clock });
    const controller = new AbortController();
    const ends: unknown[] = [];
    const seen = watch(
      policy.execute(
        (attempt) =>
          Promise.all(
            [1, 2, 3].map((part) =>
              inner
                .execute(() => new Promise(() => undefined), attempt)
                .catch((error: unknown) => ends.push([part, (error as ResilienceError).code])),
            ),
          ),
        { signal: controller.signal },
      ),
    );
    controller.abort();
    await clock.advance(0);
    expect(seen.outcome).toMatchObject({ code: 'CANCELLED' });
    expect(ends).toEqual([
      [1, 'CANCELLED'],
      [2, 'CANCELLED'],
      [3, 'CANCELLED'],
    ]);
    expect(inner.stats.pending).toBe(0);
  });

  it('refuses options out of bounds when it is made', () => {
    for (const options of [
      { afterMs: 0 },
      { afterMs: NaN },
      { afterMs: 1, maxHedges: 0 },
      { afterMs: 1, budget: {} as never },
    ]) {
      expect(() => hedge(options)).toThrow(ResilienceError);
    }
  });
});
