import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';

import { ResilienceError } from '../resilience-error.js';
import { bulkhead } from '../bulkhead/bulkhead.js';
import { rateLimiter, type RateLimiterOptions, type RateLimiterPolicy } from './rate-limiter.js';

const HOUR_MS = 3_600_000;

const setUp = (options: Partial<RateLimiterOptions> = {}) => {
  const clock = new FakeClock();
  return { clock, policy: rateLimiter({ permits: 10, perMs: 1_000, clock, ...options }) };
};

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof ResilienceError ? error.code : String(error)),
  );

const tryOut = async (policy: RateLimiterPolicy, times: number, key = ''): Promise<number> => {
  const codes = await Promise.all(
    Array.from({ length: times }, () => codeOf(policy.execute(() => 1, { key }))),
  );
  return codes.filter((code) => code === 'ok').length;
};

/** The most that any stretch of time held beyond what the rate gives for its length. */
function excess(stamps: readonly number[], perMs: number): number {
  let worst = 0;
  let lowest = Infinity;
  // count(i..j) - rate * (t_j - t_i), over all i <= j, in one pass.
  for (const [index, at] of stamps.entries()) {
    lowest = Math.min(lowest, index - at * perMs);
    worst = Math.max(worst, index + 1 - at * perMs - lowest);
  }
  return worst;
}

describe('rateLimiter', () => {
  it('lets a burst through, then the rate, and says when to come back', async () => {
    const { clock, policy } = setUp({ burst: 3 });
    expect(await tryOut(policy, 5)).toBe(3);
    await expect(policy.execute(() => 1)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 100,
      message: 'rate-limit: refused, because its rate is used up. Try again in 100 ms.',
      result: { errorCategory: 'rate_limit', retryAfterMs: 100 },
    });
    await clock.advance(99);
    expect(await tryOut(policy, 1)).toBe(0);
    await clock.advance(1);
    expect(await tryOut(policy, 2)).toBe(1);
    await clock.advance(10_000);
    expect(await tryOut(policy, 5)).toBe(3);
    expect(policy.stats).toEqual({ keys: 1, queued: 0, allowed: 7, refused: 7, cancelled: 0 });
  });

  it('never lets more through in any stretch of time, for none of 100 tenants, whatever the wall clock does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 1, max: 30 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 1_000 })),
        async (permits, perMs, burst, random) => {
          const { clock, policy } = setUp({ permits, perMs, burst });
          const stamps = Array.from({ length: 100 }, (): number[] => []);
          const calls: Promise<unknown>[] = [];
          for (const roll of random) {
            const tenant = roll % 100;
            for (let i = 0; i < 1 + (roll % 7); i += 1) {
              calls.push(
                policy
                  .execute(() => void stamps[tenant]?.push(clock.monotonic()), { key: `tenant ${tenant}` })
                  .catch(() => undefined),
              );
            }
            if (roll % 3 === 0) await clock.advance((roll % 11) / 3);
            if (roll % 13 === 0) clock.setWallTime(clock.now() + (roll % 2 === 0 ? HOUR_MS : -HOUR_MS));
            if (calls.length > 2_000) break;
          }
          await Promise.all(calls);
          for (const own of stamps) expect(excess(own, permits / perMs)).toBeLessThanOrEqual(burst + 1e-3);
        },
      ),
      { numRuns: 25 },
    );
  }, 30_000);

  it('gives a permit to whoever comes back when it was told to', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.1, max: 5_000, noNaN: true }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 5 }),
        async (permits, perMs, burst) => {
          const { clock, policy } = setUp({ permits, perMs, burst });
          for (let round = 0; round < 20; round += 1) {
            const refused = await policy.execute(() => undefined).catch((error: unknown) => error);
            if (!(refused instanceof ResilienceError)) continue;
            await clock.advance(refused.retryAfterMs as number);
            expect(await tryOut(policy, 1)).toBe(1);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps the 99th percentile of one tenant within a fifth of what it is alone while another comes at ten times its rate', async () => {
    /** Latencies of a tenant that stays within its rate, of a service that runs 20 calls of 20 ms at a time. */
    const p99Of = async (floods: boolean): Promise<{ p99Ms: number; answered: number; refused: number }> => {
      const clock = new FakeClock();
      const limiter = rateLimiter({ permits: 100, perMs: 1_000, burst: 10, maxWaitMs: 100, clock });
      const service = bulkhead({ maxConcurrent: 20, maxQueued: 1_000, maxWaitMs: 10_000, clock });
      const latencies: number[] = [];
      let refused = 0;
      const call = (key: string): void => {
        const begun = clock.monotonic();
        limiter
          .execute(
            (attempt) =>
              service.execute(
                () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 20)),
                attempt,
              ),
            { key },
          )
          .then(
            () => (key === 'calm' ? latencies.push(clock.monotonic() - begun) : 0),
            () => (refused += 1),
          );
      };
      for (let ms = 0; ms < 3_000; ms += 1) {
        // 83 a second in pairs, and 1,000 a second, with the wall clock jumping an hour back and forth.
        if (ms % 24 === 0) for (let pair = 0; pair < 2; pair += 1) call('calm');
        if (floods) call('flood');
        if (ms % 500 === 0) clock.setWallTime(ms % 1_000 === 0 ? 0 : 3_600_000);
        await clock.advance(1);
      }
      await clock.advance(1_000);
      latencies.sort((one, other) => one - other);
      return {
        p99Ms: latencies[Math.floor(latencies.length * 0.99)] as number,
        answered: latencies.length,
        refused,
      };
    };
    const alone = await p99Of(false);
    const beside = await p99Of(true);
    expect(alone).toMatchObject({ answered: 250, refused: 0 });
    expect(beside.answered).toBe(250);
    expect(beside.refused).toBeGreaterThan(2_500);
    expect(beside.p99Ms).toBeLessThanOrEqual(alone.p99Ms * 1.2);
  }, 60_000);

  it('does not let one tenant use up what belongs to another', async () => {
    const { policy } = setUp();
    expect(await tryOut(policy, 1_000, 'flood')).toBe(10);
    expect(await tryOut(policy, 10, 'other')).toBe(10);
  });

  it('counts by what the key is made into', async () => {
    const { policy } = setUp({ key: (key) => key.split(':')[0] as string });
    expect(await tryOut(policy, 8, 'acme:1')).toBe(8);
    expect(await tryOut(policy, 8, 'acme:2')).toBe(2);
    const broken = setUp({
      key: () => {
        throw new Error('no key');
      },
    });
    await expect(broken.policy.execute(() => 1)).rejects.toThrow('no key');
  });

  it('neither grows nor gives more away when keys are made up', async () => {
    const { clock, policy } = setUp({ permits: 2, perMs: 1_000, maxKeys: 50 });
    let allowed = 0;
    for (let i = 0; i < 5_000; i += 1) allowed += await tryOut(policy, 1, `made up ${i}`);
    expect(policy.stats.keys).toBe(50);
    expect(allowed).toBe(52);
    expect(policy.isIdle).toBe(false);
    await clock.advance(1_000);
    expect(policy.isIdle).toBe(true);
    expect(await tryOut(policy, 5, 'a newcomer')).toBe(2);
    expect(policy.stats.keys).toBe(50);
  });

  it('keeps a key that is in use, and its count, whoever else comes', async () => {
    const { clock, policy } = setUp({ permits: 1, perMs: 100, maxKeys: 3 });
    let kept = 0;
    for (let ms = 0; ms < 2_000; ms += 10) {
      kept += await tryOut(policy, 1, 'kept');
      await tryOut(policy, 1, `other ${ms}`);
      await clock.advance(10);
    }
    expect(kept).toBe(20);
  });

  it('lets who can have a permit in time wait for it, in order', async () => {
    const { clock, policy } = setUp({ burst: 1, maxWaitMs: 250 });
    const order: [number, number][] = [];
    const codes = [0, 1, 2, 3, 4].map((each) =>
      codeOf(policy.execute(() => void order.push([each, clock.monotonic()]))),
    );
    expect(policy.stats).toMatchObject({ queued: 2, refused: 2 });
    await clock.advance(500);
    expect(await Promise.all(codes)).toEqual(['ok', 'ok', 'ok', 'RATE_LIMITED', 'RATE_LIMITED']);
    expect(order).toEqual([
      [0, 0],
      [1, 100],
      [2, 200],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('refuses at once who would have to wait past its deadline, or behind too many', async () => {
    const { clock, policy } = setUp({ burst: 1, maxWaitMs: 10_000, maxQueued: 1 });
    await policy.execute(() => 1);
    expect(await codeOf(policy.execute(() => 1, { expiresAt: 99 }))).toBe('RATE_LIMITED');
    const waiting = codeOf(policy.execute(() => 1));
    await expect(policy.execute(() => 1)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 200 });
    await clock.advance(100);
    expect(await waiting).toBe('ok');
  });

  it('lets a waiting caller go at once when it cancels, and its permit goes to the next', async () => {
    const { clock, policy } = setUp({ burst: 1, maxWaitMs: 1_000 });
    const cancel = new AbortController();
    await policy.execute(() => 1);
    const first = codeOf(policy.execute(() => 'never', { signal: cancel.signal }));
    let servedAt = -1;
    const second = codeOf(policy.execute(() => (servedAt = clock.monotonic())));
    cancel.abort();
    expect(await first).toBe('CANCELLED');
    await clock.advance(100);
    expect([await second, servedAt]).toEqual(['ok', 100]);
    const alone = new AbortController();
    const third = codeOf(policy.execute(() => 1, { signal: alone.signal }));
    alone.abort();
    expect(await third).toBe('CANCELLED');
    expect(clock.pending).toBe(0);
    expect(policy.stats).toMatchObject({ queued: 0, cancelled: 2 });
  });

  it('starts work that waited in the async context of its caller, and keeps the bound while callers cancel', async () => {
    const { clock, policy } = setUp({ permits: 100, perMs: 1_000, burst: 2, maxWaitMs: 5_000 });
    const tenant = new AsyncLocalStorage<string>();
    const stamps: number[] = [];
    const rows = Array.from({ length: 100 }, (_, index) =>
      tenant.run(`tenant ${index}`, async () => {
        const cancel = new AbortController();
        if (index % 3 === 0) clock.setTimeout(() => cancel.abort(), index);
        const inside = await policy
          .execute(() => (stamps.push(clock.monotonic()), tenant.getStore()), { signal: cancel.signal })
          .catch(() => tenant.getStore());
        return [inside, tenant.getStore(), `tenant ${index}`];
      }),
    );
    await clock.advance(5_000);
    for (const row of await Promise.all(rows)) expect(new Set(row).size).toBe(1);
    expect(excess(stamps, 0.1)).toBeLessThanOrEqual(2 + 1e-3);
    expect(stamps.length).toBeGreaterThan(66);
  });

  it.each([
    [
      { permits: 0 },
      'rate-limit: permits must be a number from 5e-324 to 9007199254740991, got 0. Correct the option.',
    ],
    [
      { perMs: 0 },
      'rate-limit: perMs must be a number of milliseconds from 1 to 2147483647, got 0. Correct the option.',
    ],
    [{ burst: 0.5 }, 'rate-limit: burst must be an integer >= 1, got 0.5. Correct the option.'],
    [{ maxKeys: 0 }, 'rate-limit: maxKeys must be an integer >= 1, got 0. Correct the option.'],
    [
      { permits: NaN },
      'rate-limit: permits must be a number from 5e-324 to 9007199254740991, got NaN. Correct the option.',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => setUp(options)).toThrow(message);
  });
});
