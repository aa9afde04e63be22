import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';

import { circuitBreaker } from '../circuit-breaker/circuit-breaker.js';
import type { CircuitStats } from '../circuit-breaker/circuit-state.js';
import type { Attempt } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { RetryBudget } from '../retry/retry-budget.js';
import { type Pipeline, pipeline } from './pipeline.js';
import { PIPELINE_ORDER, type PipelineOptions } from './pipeline-options.js';

const setUp = (options: PipelineOptions = {}) => {
  const clock = new FakeClock();
  return { clock, policy: pipeline({ clock, random: () => 0.5, ...options }) };
};

const PARTS = {
  retry: { attempts: 3, budget: RetryBudget.unlimited() },
  breaker: { windowMs: 600_000 },
  bulkhead: { maxConcurrent: 5 },
  timeout: { ms: 100 },
} as const;
type Part = keyof typeof PARTS;

const failure = (errorCategory: 'transient' | 'validation' | 'rate_limit' | 'network'): StepResult =>
  StepResult.fail('no', { errorCategory });

/** What the work does, and what then has to come of it under the parts that there are. */
const OUTCOMES: Readonly<
  Record<
    string,
    {
      readonly work: (attempt: Attempt, run: number) => StepResult | Promise<StepResult>;
      readonly runs: (has: Record<Part, boolean>) => number;
      readonly result: (has: Record<Part, boolean>) => string;
      readonly counted: (runs: number) => number;
      readonly held?: (runs: number) => number;
    }
  >
> = {
  succeeds: { work: () => StepResult.ok(1), runs: () => 1, result: () => 'ok', counted: () => 0 },
  'fails for now': {
    work: () => failure('transient'),
    runs: ({ retry }) => (retry ? 3 : 1),
    result: () => 'transient',
    counted: (runs) => runs,
  },
  'fails once': {
    work: (_attempt, run) => (run === 1 ? failure('network') : StepResult.ok(1)),
    runs: ({ retry }) => (retry ? 2 : 1),
    result: ({ retry }) => (retry ? 'ok' : 'network'),
    counted: () => 1,
  },
  'is asked for something wrong': {
    work: () => failure('validation'),
    runs: () => 1,
    result: () => 'validation',
    counted: () => 0,
  },
  throws: {
    work: () => {
      throw new Error('broken');
    },
    runs: () => 1,
    result: () => 'execution',
    counted: () => 1,
  },
  'is refused further on': {
    work: () => failure('rate_limit'),
    runs: ({ retry }) => (retry ? 3 : 1),
    result: () => 'rate_limit',
    counted: () => 0,
  },
  hangs: {
    work: () => new Promise(() => undefined),
    runs: ({ retry, timeout }) => (retry && timeout ? 3 : 1),
    result: ({ timeout }) => (timeout ? 'timeout' : 'pending'),
    counted: (runs) => runs,
    held: (runs) => runs,
  },
  'is cancelled': {
    work: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
    runs: () => 1,
    result: () => 'cancelled',
    counted: () => 0,
  },
};

const COMBINATIONS = Array.from({ length: 16 }, (_, bits) => {
  const has = {
    retry: (bits & 1) > 0,
    breaker: (bits & 2) > 0,
    bulkhead: (bits & 4) > 0,
    timeout: (bits & 8) > 0,
  };
  const parts = (Object.keys(PARTS) as Part[]).filter((part) => has[part]);
  return { has, parts, name: parts.join(' + ') || 'nothing' };
});

describe('pipeline', () => {
  describe.each(COMBINATIONS)('of $name', ({ has, parts }) => {
    it.each(Object.entries(OUTCOMES))('does what it has to when the work %s', async (name, expected) => {
      const { clock, policy } = setUp(Object.fromEntries(parts.map((part) => [part, PARTS[part]])));
      const caller = new AbortController();
      let runs = 0;
      const running = policy.executeToResult((attempt) => expected.work(attempt, (runs += 1)), {
        signal: caller.signal,
      });
      let result = 'pending';
      void running.then(
        (answer) => (result = answer.status === 'failed' ? answer.errorCategory : answer.status),
      );
      if (name === 'is cancelled') {
        await clock.advance(10);
        caller.abort();
      }
      await clock.advance(60_000);
      expect({ runs, result }).toEqual({ runs: expected.runs(has), result: expected.result(has) });
      const { breaker, bulkhead } = policy.stats;
      if (breaker !== undefined && result !== 'pending') {
        expect((breaker as CircuitStats).failures).toBe(expected.counted(runs));
      }
      if (bulkhead !== undefined) expect(bulkhead.running).toBe(expected.held?.(runs) ?? 0);
    });
  });

  it('takes its parts in its own order, whatever order they are given in', async () => {
    const names = [...PIPELINE_ORDER];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 9 }), async (order) => {
        const all: Required<Omit<PipelineOptions, 'clock' | 'random' | 'name'>> = {
          fallback: { fallback: () => 'instead' },
          deadline: { ms: 1_000 },
          rateLimit: { permits: 10, perMs: 1_000 },
          shed: {},
          retry: {},
          hedge: { afterMs: 500 },
          breaker: {},
          bulkhead: {},
          timeout: { ms: 100 },
        };
        const { policy } = setUp(Object.fromEntries(order.map((slot) => [slot, all[slot]])));
        expect(Object.keys(policy.stats)).toEqual(names);
        expect(await policy.execute(() => 1)).toBe(1);
      }),
    );
  });

  it('shows the breaker each attempt, and does not retry what it then refuses', async () => {
    const { clock, policy } = setUp({ retry: { attempts: 5 }, breaker: { minimumCalls: 3 } });
    let runs = 0;
    const answer = policy.executeToResult(() => {
      runs += 1;
      return failure('transient');
    });
    await clock.advance(60_000);
    expect(await answer).toMatchObject({
      errorCategory: 'circuit_breaker_open',
      metadata: { retried: true, attempts: 4 },
    });
    expect(runs).toBe(3);
  });

  it('does not count what the bulkhead refuses as a failure of the dependency', async () => {
    const { policy } = setUp({ breaker: { minimumCalls: 1 }, bulkhead: { maxConcurrent: 1, maxQueued: 0 } });
    const running = policy.execute(() => new Promise(() => undefined));
    for (let i = 0; i < 50; i += 1) {
      await expect(policy.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    }
    expect(policy.stats.breaker).toMatchObject({ state: 'closed', failures: 0 });
    expect(running).toBeInstanceOf(Promise);
  });

  it('does not count the wait for a slot into the time of an attempt', async () => {
    const { clock, policy } = setUp({ bulkhead: { maxConcurrent: 1 }, timeout: { ms: 100 } });
    const work = async (): Promise<number> => {
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, 80);
      });
      return clock.monotonic();
    };
    const both = Promise.all([policy.execute(work), policy.execute(work)]);
    await clock.advance(200);
    expect(await both).toEqual([80, 160]);
  });

  it('ends everything with the deadline: attempts, back-off and waiting', async () => {
    const { clock, policy } = setUp({
      deadline: { ms: 250 },
      retry: { attempts: 10 },
      bulkhead: { maxConcurrent: 1 },
      timeout: { ms: 100 },
    });
    const signals: AbortSignal[] = [];
    const answers = [1, 2].map(() =>
      policy.executeToResult(({ signal }) => {
        signals.push(signal);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(failure('network'));
          });
        });
      }),
    );
    await clock.advance(250);
    for (const answer of answers) expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    await clock.advance(10_000);
    expect(signals.length).toBeGreaterThanOrEqual(2);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(policy.stats.bulkhead).toMatchObject({ running: 0, queued: 0 });
    expect(clock.keptAlive).toBe(0);
  });

  it('gives each hedged copy a slot, and frees them all', async () => {
    const { clock, policy } = setUp({
      hedge: { afterMs: 50 },
      bulkhead: { maxConcurrent: 5 },
      timeout: { ms: 500 },
    });
    let most = 0;
    const answer = policy.execute(async ({ attempt, signal }) => {
      most = Math.max(most, policy.stats.bulkhead?.running ?? 0);
      if (attempt === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return attempt;
    });
    await clock.advance(100);
    expect(await answer).toBe(2);
    expect(most).toBe(2);
    expect(policy.stats.bulkhead?.running).toBe(0);
  });

  it('answers with the fallback what the policies further in refuse, and marks a result', async () => {
    const { policy } = setUp({
      fallback: { fallback: () => 'from the cache' },
      rateLimit: { permits: 1, perMs: 1_000 },
    });
    expect(await policy.executeToResult(() => StepResult.ok('fresh'))).toMatchObject({ status: 'ok' });
    expect(await policy.executeToResult(() => StepResult.ok('fresh'))).toMatchObject({
      status: 'uncertain',
      data: 'from the cache',
      metadata: { fallback: true, fallback_for: 'rate_limit' },
    });
    expect(await policy.execute(() => 'fresh')).toBe('from the cache');
  });

  it('passes deadline, priority and key through to its parts', async () => {
    const { policy } = setUp({
      rateLimit: { permits: 1, perMs: 1_000 },
      shed: { limit: { initial: 2 } },
      bulkhead: { fairness: {} },
    });
    const options = (key: string, priority = 5) => ({ key, priority });
    expect(await policy.execute(() => 1, options('a'))).toBe(1);
    await expect(policy.execute(() => 1, options('a'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const running = policy.execute(() => new Promise(() => undefined), options('b'));
    await expect(policy.execute(() => 1, options('c', 0))).rejects.toMatchObject({ code: 'LOAD_SHED' });
    expect(await policy.execute(() => 1, options('d', 9))).toBe(1);
    expect(running).toBeInstanceOf(Promise);
  });

  it('shares a policy that it is given', async () => {
    const breaker = circuitBreaker({ minimumCalls: 1, name: 'inventory' });
    const one = pipeline({ breaker });
    const other = pipeline({ breaker, timeout: { ms: 10 } });
    await one.executeToResult(() => failure('network'));
    await expect(other.execute(() => 1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', policy: 'inventory' });
    expect([one.isIdle, other.isIdle]).toEqual([false, false]);
  });

  it('keeps tenants apart through every queue, back-off and time-out, under interleaved load', async () => {
    const { clock, policy } = setUp({
      name: 'all',
      deadline: { ms: 30_000 },
      rateLimit: {
        permits: 1_000,
        perMs: 1_000,
        maxWaitMs: 10_000,
        maxQueued: 1_000,
        key: () => 'one for all',
      },
      shed: { limit: { initial: 1_000 } },
      retry: { attempts: 3, budget: RetryBudget.unlimited() },
      hedge: { afterMs: 40 },
      breaker: { minimumCalls: 1_000_000 },
      bulkhead: { maxConcurrent: 7, maxQueued: 2_000, maxWaitMs: 20_000, fairness: {} },
      timeout: { ms: 60 },
    });
    const tenant = new AsyncLocalStorage<string>();
    let foreign = 0;
    const calls = Array.from({ length: 2_000 }, (_, index) => {
      const id = `tenant ${index % 100}`;
      const look = (): void => {
        if (tenant.getStore() !== id) foreign += 1;
      };
      return tenant.run(id, async () => {
        const result = await policy.executeToResult(
          async ({ attempt, signal }) => {
            look();
            await new Promise<void>((resolve) => {
              const timer = clock.setTimeout(resolve, (index * 7) % 90);
              signal.addEventListener('abort', () => {
                clock.clearTimeout(timer);
                look();
                resolve();
              });
            });
            look();
            return attempt === 1 && index % 5 === 0 ? failure('network') : StepResult.ok(id);
          },
          { key: id },
        );
        look();
        return result.status !== 'ok' || result.data === id;
      });
    });
    await clock.advance(60_000);
    expect((await Promise.all(calls)).every(Boolean)).toBe(true);
    expect(foreign).toBe(0);
    expect(policy.stats).toMatchObject({ bulkhead: { running: 0, queued: 0 }, shed: { running: 0 } });
    expect(policy.isIdle).toBe(true);
  }, 60_000);

  it('runs the work alone where it has no parts, and refuses who has cancelled', async () => {
    const { policy } = setUp();
    expect(await policy.execute(({ attempt }) => attempt)).toBe(1);
    await expect(policy.execute(() => 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(policy.isIdle).toBe(true);
  });

  it.each<[PipelineOptions, string]>([
    [
      { deadline: { ms: 100 }, timeout: { ms: 200 } },
      'pipeline: timeout (200 ms, of one attempt) is longer than deadline (100 ms, of all of them). Shorten the one or lengthen the other.',
    ],
    [
      { name: 'shop', retry: { attempts: 0 } },
      'shop.retry: attempts must be an integer >= 1, got 0. Correct the option.',
    ],
    [
      { timeouts: {} } as never,
      'A pipeline has no part "timeouts". Use some of: fallback, deadline, rateLimit,',
    ],
    [
      { timeout: 5 } as never,
      'pipeline: timeout must be options or a policy of that kind, got number. Correct the option.',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => pipeline(options)).toThrow(message);
    expect(() => pipeline(options)).toThrow(ResilienceError);
  });

  it('gives a probe twice the time of an attempt where attempts have longer than the breaker expects', async () => {
    const clock = new FakeClock();
    const breaker = { minimumCalls: 1, openMs: 10, jitterRatio: 0, probes: 1 };
    const policy = pipeline({ breaker, timeout: { ms: 60_000 }, clock });
    await policy.execute(() => Promise.reject(new Error('down'))).catch(() => undefined);
    await clock.advance(10);
    const probe = policy.execute(
      () => new Promise((resolve) => void clock.setTimeout(() => resolve('slow'), 50_000)),
    );
    await clock.advance(50_000);
    expect(await probe).toBe('slow');
    expect(policy.stats.breaker).toMatchObject({ state: 'closed', openings: 1 });
  });

  it('leaves nothing behind after many executions', async () => {
    const policy: Pipeline = pipeline({
      retry: {},
      breaker: {},
      bulkhead: {},
      timeout: { ms: 1_000 },
      shed: {},
    });
    const caller = new AbortController();
    const run = async (): Promise<void> => {
      for (let i = 0; i < 20_000; i += 1)
        await policy.execute(() => i, { signal: caller.signal, key: String(i) });
    };
    await run();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await run();
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
    expect(policy.stats).toMatchObject({ bulkhead: { running: 0 }, timeout: { pending: 0 } });
  }, 60_000);
});
