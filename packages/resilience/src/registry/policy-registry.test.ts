import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import type { Pipeline } from '../pipeline/pipeline.js';
import { ResilienceError } from '../resilience-error.js';
import { PolicyRegistry, SHARED_KEY } from './policy-registry.js';

const failing = () => StepResult.fail('down', { errorCategory: 'network' });
const open = (policy: Pipeline): Promise<unknown> => policy.executeToResult(failing);

const setUp = (maxInstances = 3) => {
  const clock = new FakeClock();
  const policies = new PolicyRegistry({ clock, maxInstances })
    .define('payments', { breaker: { minimumCalls: 1 }, bulkhead: { maxConcurrent: 1, maxQueued: 0 } })
    .define('search', { timeout: { ms: 100 } });
  return { clock, policies };
};

describe('PolicyRegistry', () => {
  it('has an instance for every policy and key, with state of its own', async () => {
    const { policies } = setUp();
    expect(policies.names).toEqual(['payments', 'search']);
    const north = policies.for('payments', 'north');
    expect(policies.for('payments', 'north')).toBe(north);
    await open(north);
    await expect(policies.for('payments', 'north').execute(() => 1)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      policy: 'payments.breaker',
    });
    expect(await policies.for('payments', 'south').execute(() => 1)).toBe(1);
    expect(await policies.for('search').execute(() => 1)).toBe(1);
    expect(policies.snapshot()).toMatchObject([
      { policy: 'payments', key: 'north', stats: { breaker: { state: 'open' }, bulkhead: { running: 0 } } },
      { policy: 'payments', key: 'south', stats: { breaker: { state: 'closed' } } },
      { policy: 'search', key: '', stats: { timeout: { pending: 0 } } },
    ]);
    expect(policies.breakers()).toEqual([
      { name: 'payments/north', state: 'open' },
      { name: 'payments/south', state: 'closed' },
    ]);
    expect(JSON.parse(JSON.stringify(policies.snapshot()))).toEqual(policies.snapshot());
    expect(policies.stats).toEqual({ policies: 2, instances: 3, evicted: 0, shared: 0 });
  });

  it('knows its names when it is compiled', () => {
    const { policies } = setUp();
    // @ts-expect-error there is no policy of that name
    expect(() => policies.for('payment')).toThrow(
      'There is no policy "payment". Define it in the policy registry, or use one of: "payments", "search".',
    );
    expect(policies.find('payment')).toBeUndefined();
    expect(policies.find('__proto__')).toBeUndefined();
    // @ts-expect-error nor can it be changed
    expect(() => policies.reconfigure('payment', {})).toThrow(ResilienceError);
    expect(() => new PolicyRegistry<string>().for('any')).toThrow(
      'There is no policy "any": none is defined. Define it in the policy registry.',
    );
  });

  it('makes room by dropping what is idle and was not used lately', () => {
    const { policies } = setUp();
    const first = policies.for('payments', 'a');
    policies.for('payments', 'b');
    policies.for('payments', 'c');
    policies.for('payments', 'a');
    policies.for('payments', 'd');
    expect(policies.stats).toMatchObject({ instances: 3, evicted: 1 });
    expect(policies.for('payments', 'a')).toBe(first);
  });

  it('never drops an open circuit or a taken slot; newcomers then share one instance', async () => {
    const { policies } = setUp();
    const kept = ['a', 'b', 'c'].map((key) => policies.for('payments', key));
    const [a, b, c] = kept as [Pipeline, Pipeline, Pipeline];
    let finish: (value: number) => void = () => undefined;
    await open(a);
    const running = b.execute(() => new Promise<number>((resolve) => (finish = resolve)));
    await open(c);
    const newcomers = Array.from({ length: 1_000 }, (_, index) =>
      policies.for('payments', `made up ${index}`),
    );
    expect(new Set(newcomers).size).toBe(1);
    expect(kept.map((_, index) => policies.for('payments', 'abc'[index] as string))).toEqual(kept);
    expect(policies.stats).toMatchObject({ instances: 3, evicted: 0, shared: 1_000 });
    expect(policies.snapshot().map(({ key }) => key)).toContain(SHARED_KEY);
    finish(1);
    expect(await running).toBe(1);
    policies.for('payments', 'd');
    policies.for('payments', 'e');
    expect(policies.stats.evicted).toBeGreaterThan(0);
    expect([policies.for('payments', 'a'), policies.for('payments', 'c')]).toEqual([a, c]);
  });

  it('changes a policy between two executions, and keeps what stays as it was', async () => {
    const { policies } = setUp();
    await open(policies.for('payments', 'north'));
    let finish: (value: string) => void = () => undefined;
    const south = policies.for('payments', 'south');
    const running = south.execute(() => new Promise<string>((resolve) => (finish = resolve)));
    policies.reconfigure('payments', {
      breaker: { minimumCalls: 1 },
      bulkhead: { maxConcurrent: 1, maxQueued: 0 },
      timeout: { ms: 50 },
    });
    await expect(policies.for('payments', 'north').execute(() => 1)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    const changed = policies.for('payments', 'south');
    expect(changed).not.toBe(south);
    expect(changed.parts).toMatchObject({ timeout: { ms: 50 } });
    await expect(changed.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    finish('under the old options');
    expect(await running).toBe('under the old options');
    expect(await changed.execute(() => 1)).toBe(1);
  });

  it('keeps the old options where the new ones are no good', async () => {
    const { policies } = setUp();
    expect(() => policies.reconfigure('search', { timeout: { ms: -1 } })).toThrow(
      'search.timeout: ms must be a number of milliseconds from 1 to 2147483647, got -1. Correct the option.',
    );
    expect(policies.for('search').parts.timeout?.ms).toBe(100);
    expect(await policies.for('search').execute(() => 1)).toBe(1);
  });

  it.each([
    ['', {}, 'A policy needs a name that is not empty. Give it one.'],
    [
      'payments',
      {},
      'The policy "payments" is already defined. Choose another name, or change it with reconfigure().',
    ],
    [
      'new',
      { retry: { attempts: 0 } },
      'new.retry: attempts must be an integer >= 1, got 0. Correct the option.',
    ],
  ])('refuses to define %j as %j', (name, options, message) => {
    const { policies } = setUp();
    expect(() => policies.define(name, options)).toThrow(message);
    expect(policies.names).toEqual(['payments', 'search']);
  });

  it('does not grow however many keys there are', () => {
    const policies = new PolicyRegistry().define('any', { breaker: {} });
    for (let i = 0; i < 5_000; i += 1) policies.for('any', `key ${i}`);
    expect(policies.stats).toMatchObject({ instances: 1_000, evicted: 4_000, shared: 0 });
  });
});
