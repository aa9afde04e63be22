import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import { ResilienceError } from '../resilience-error.js';
import { adaptiveThrottle } from './adaptive-throttle.js';

const down = (): unknown => StepResult.fail('down', { errorCategory: 'service_unavailable' });

function seeded(): () => number {
  let seed = 3;
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('adaptiveThrottle', () => {
  it('refuses nothing while at least half of the requests succeed', async () => {
    const throttle = adaptiveThrottle({ clock: new FakeClock(), random: () => 0 });
    for (let call = 0; call < 1_000; call += 1) await throttle.execute(call % 2 === 0 ? () => 'up' : down);
    expect(throttle.stats).toEqual({ requests: 1_000, accepts: 500, refusalRatio: 0, refused: 0 });
  });

  it('refuses with the probability of the formula, and tells no time to come back', async () => {
    const throttle = adaptiveThrottle({ clock: new FakeClock(), random: () => 0.7 });
    for (let call = 0; call < 10; call += 1) await throttle.execute(() => 'up');
    for (let call = 0; call < 49; call += 1) await throttle.execute(down);
    expect(throttle.stats.refusalRatio).toBeCloseTo((59 - 2 * 10) / 60, 12);
    for (let call = 0; call < 20; call += 1) await throttle.execute(down).catch(() => undefined);
    const refused = throttle.execute(() => 'up');
    await expect(refused).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: undefined });
    await expect(refused).rejects.toThrow(
      /^adaptive-throttle: refused, because the dependency accepts too few requests/,
    );
  });

  it('lets some requests through however long the outage, and recovers after it', async () => {
    const clock = new FakeClock();
    const throttle = adaptiveThrottle({ clock, random: seeded(), windowMs: 10_000 });
    let reached = 0;
    let healthy = false;
    const minute = async (): Promise<number> => {
      reached = 0;
      for (let second = 0; second < 60; second += 1) {
        for (let call = 0; call < 100; call += 1) {
          await throttle.execute(() => ((reached += 1), healthy ? 'up' : down())).catch(() => undefined);
        }
        await clock.advance(1_000);
      }
      return reached / 6_000;
    };
    await minute();
    const duringOutage = await minute();
    expect(duringOutage).toBeGreaterThan(0);
    expect(duringOutage).toBeLessThan(0.02);
    healthy = true;
    await minute();
    expect(await minute()).toBe(1);
  });

  it('keeps out of its counts what says nothing of the dependency, and cancelled calls', async () => {
    const throttle = adaptiveThrottle({ clock: new FakeClock() });
    await throttle.execute(() => StepResult.fail('x', { errorCategory: 'not_found' }));
    const controller = new AbortController();
    const cancelled = throttle.execute(
      () => {
        controller.abort();
        throw new Error('socket closed');
      },
      { signal: controller.signal },
    );
    await expect(cancelled).rejects.toThrow('socket closed');
    await expect(throttle.execute(() => 1, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(throttle.stats.requests).toBe(0);
    await expect(throttle.execute(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(throttle.stats).toMatchObject({ requests: 1, accepts: 0 });
  });

  it('refuses options out of bounds when it is made', () => {
    for (const options of [
      { multiplier: 0.5 },
      { windowMs: 1 },
      { minimumCalls: -1 },
      { random: 1 as never },
    ]) {
      expect(() => adaptiveThrottle(options)).toThrow(ResilienceError);
    }
  });
});
