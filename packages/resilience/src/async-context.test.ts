import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import { hedge } from './hedge/hedge.js';
import type { Attempt, Policy } from './policy.js';
import { retry } from './retry/retry.js';
import { RetryBudget } from './retry/retry-budget.js';
import { timeout } from './timeout/timeout.js';

const tenant = new AsyncLocalStorage<string>();

describe('the async context of a call', () => {
  it('is that of the caller in every attempt and in every abort listener, with timers shared by all', async () => {
    const clock = new FakeClock();
    const budget = RetryBudget.unlimited();
    const policies: Policy[] = [
      timeout({ ms: 100, clock }),
      retry({ clock, budget, random: () => 0.5 }),
      hedge({ afterMs: 100, maxHedges: 2, clock, budget }),
    ];
    const wrong: string[] = [];
    let checked = 0;
    const check = (name: string, expected: string): void => {
      checked += 1;
      if (tenant.getStore() !== expected) wrong.push(`${name}: ${tenant.getStore()} instead of ${expected}`);
    };
    const calls = policies.flatMap((policy) =>
      Array.from({ length: 20 }, (_, index) => {
        const own = `tenant ${index}`;
        const controller = new AbortController();
        const work = async ({ attempt, signal }: Attempt): Promise<unknown> => {
          check(`${policy.name} attempt ${attempt}`, own);
          if (policy.name !== 'retry') {
            signal.addEventListener('abort', () => check(`${policy.name} abort`, own));
            await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000));
          }
          return StepResult.fail('down', { errorCategory: 'network' });
        };
        return tenant.run(own, async () => {
          await policy.execute(work, { signal: controller.signal }).catch(() => undefined);
          check(`after ${policy.name}`, own);
        });
      }),
    );
    await clock.advance(5_000);
    await Promise.all(calls);
    expect(wrong).toEqual([]);
    // timeout: attempt, abort, after; retry: three attempts, after; hedge: three attempts, after.
    expect(checked).toBe(20 * (3 + 4 + 4));
  });

  it('is no call’s for the timer of a policy', async () => {
    const stores: (string | undefined)[] = [];
    const clock = new FakeClock();
    const spied = new Proxy(clock, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== 'setTimeout') return typeof value === 'function' ? value.bind(target) : value;
        return (run: () => void, delayMs: number) => {
          stores.push(tenant.getStore());
          return target.setTimeout(run, delayMs);
        };
      },
    });
    const policy = timeout({ ms: 100, clock: spied });
    await tenant.run('first', () => policy.execute(() => 1));
    expect(stores).toEqual([undefined]);
  });
});
