import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import { ResilienceError } from '../resilience-error.js';
import { timeout } from '../timeout/timeout.js';
import { circuitBreaker, type CircuitBreaker } from './circuit-breaker.js';
import type { CircuitBreakerOptions } from './circuit-options.js';
import type { CircuitStateChange } from './circuit-state.js';

const down = (): never => {
  throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
};
const up = (): string => 'up';

async function run(breaker: CircuitBreaker, work: () => unknown, times = 1): Promise<void> {
  for (let call = 0; call < times; call += 1) await breaker.execute(work).catch(() => undefined);
}

/** A breaker whose jitter is 0, and what it said about itself. */
function setUp(options: CircuitBreakerOptions = {}): {
  clock: FakeClock;
  breaker: CircuitBreaker;
  changes: string[];
} {
  const clock = new FakeClock();
  const breaker = circuitBreaker({ clock, random: () => 0.5, ...options });
  const changes: string[] = [];
  breaker.onStateChange(({ from, to, reason }) => changes.push(`${from} → ${to}: ${reason}`));
  return { clock, breaker, changes };
}

async function opened(options: CircuitBreakerOptions = {}): Promise<ReturnType<typeof setUp>> {
  const made = setUp(options);
  await run(made.breaker, down, 20);
  expect(made.breaker.state).toBe('open');
  return made;
}

async function halfOpened(options: CircuitBreakerOptions = {}): Promise<ReturnType<typeof setUp>> {
  const made = await opened(options);
  await made.clock.advance(5_000);
  expect(made.breaker.state).toBe('half-open');
  made.changes.length = 0;
  return made;
}

describe('a closed circuit', () => {
  it('stays closed below the minimum of calls, and below the share of failures', async () => {
    const { breaker } = setUp();
    await run(breaker, down, 19);
    expect(breaker.state).toBe('closed');
    const other = setUp().breaker;
    await run(other, up, 11);
    await run(other, down, 10);
    expect(other.stats).toMatchObject({ state: 'closed', calls: 21, failures: 10 });
  });

  it('opens at exactly the share of failures, also when the call that completes is a good one', async () => {
    const { breaker, changes } = setUp();
    await run(breaker, down, 10);
    await run(breaker, up, 9);
    expect(breaker.state).toBe('closed');
    await run(breaker, up);
    expect(changes).toEqual(['closed → open: failures']);
    const tenth = setUp({ failureRatio: 0.1, minimumCalls: 30 }).breaker;
    await run(tenth, down, 3);
    await run(tenth, up, 27);
    expect(tenth.state).toBe('open');
  });

  it('forgets what is older than its window by elapsed time, however long nobody called', async () => {
    for (const idleMs of [10_000, 11_000, 3_600_000, 86_400_000]) {
      const { breaker, clock } = setUp();
      await run(breaker, down, 19);
      await clock.advance(idleMs);
      await run(breaker, down, 3);
      expect(breaker.stats).toMatchObject({ state: 'closed', calls: 3, failures: 3 });
    }
  });

  it('does not look at the wall clock', async () => {
    const { breaker, clock } = setUp();
    await run(breaker, down, 19);
    clock.setWallTime(clock.now() + 3_600_000);
    await run(breaker, down);
    expect(breaker.state).toBe('open');
    clock.setWallTime(0);
    await clock.advance(5_000);
    expect(breaker.state).toBe('half-open');
  });

  it('does not count cancels, mistakes of the caller, limits, open circuits and bugs of this side', async () => {
    const { breaker } = setUp();
    const ignored: (() => unknown)[] = [
      ...(
        [
          'cancelled',
          'validation',
          'not_found',
          'rate_limit',
          'service_overloaded',
          'depth_exceeded',
          'cycle_detected',
        ] as const
      ).map((errorCategory) => () => StepResult.fail('x', { errorCategory })),
      () => Promise.reject(new ResilienceError('BULKHEAD_FULL', 'b', 'full')),
      () => Promise.reject(new ResilienceError('CIRCUIT_OPEN', 'b', 'open')),
      () => Promise.reject(new TypeError('undefined is not a function')),
    ];
    for (const work of ignored) await run(breaker, work, 25);
    expect(breaker.stats).toMatchObject({ state: 'closed', calls: 0 });
    for (let call = 0; call < 25; call += 1) {
      const controller = new AbortController();
      await run(breaker, up);
      const cancelled = breaker.execute(
        ({ signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(new Error('socket closed'))),
          ),
        { signal: controller.signal },
      );
      controller.abort();
      await expect(cancelled).rejects.toThrow('socket closed');
    }
    expect(breaker.stats).toMatchObject({ calls: 25, failures: 0 });
  });

  it('counts time-outs of a policy inside, failed results of dependencies, and what a rule says', async () => {
    const { breaker, clock } = setUp();
    const limit = timeout({ ms: 10, clock });
    const calls = Array.from({ length: 20 }, () =>
      breaker
        .execute((attempt) => limit.execute(() => new Promise(() => undefined), attempt))
        .catch(() => undefined),
    );
    await clock.advance(10);
    await Promise.all(calls);
    expect(breaker.state).toBe('open');
    const ruled = setUp({
      classify: (settled) => (settled.ok && settled.value === 503 ? 'failure' : undefined),
    }).breaker;
    await run(ruled, () => 503, 10);
    await run(ruled, () => StepResult.fail('x', { errorCategory: 'external_service_error' }), 10);
    expect(ruled.state).toBe('open');
  });

  it('opens when too many good calls are slow', async () => {
    const { breaker, clock, changes } = setUp({ slowCallMs: 100, minimumCalls: 5 });
    const calls = Array.from({ length: 5 }, (_, index) =>
      breaker.execute(
        () => new Promise<void>((resolve) => clock.setTimeout(resolve, index === 0 ? 100 : 101)),
      ),
    );
    await clock.advance(200);
    await Promise.all(calls);
    expect(changes).toEqual(['closed → open: slow-calls']);
  });

  it('ignores calls that began before it last opened', async () => {
    const { breaker, clock } = setUp({ probes: 1 });
    const stragglers: (() => void)[] = [];
    const late = Array.from({ length: 30 }, () =>
      breaker
        .execute(() => new Promise((_, reject) => stragglers.push(() => reject(new Error('late')))))
        .catch(() => undefined),
    );
    await run(breaker, down, 20);
    await clock.advance(5_000);
    await run(breaker, up);
    expect(breaker.state).toBe('closed');
    for (const end of stragglers) end();
    await Promise.all(late);
    expect(breaker.stats).toMatchObject({ state: 'closed', calls: 0 });
  });
});

describe('an open circuit', () => {
  it('refuses at once with CIRCUIT_OPEN and the time left, and runs nothing', async () => {
    const { breaker, clock } = await opened();
    await clock.advance(1_000);
    let ran = false;
    await expect(breaker.execute(() => (ran = true))).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      policy: 'circuit-breaker',
      retryAfterMs: 4_000,
      message: 'circuit-breaker: the circuit is open, because too many calls failed. Try again in 4000 ms.',
      result: { errorCategory: 'circuit_breaker_open', retryAfterMs: 4_000 },
    });
    expect({ ran, refused: breaker.stats.refused }).toEqual({ ran: false, refused: 1 });
  });

  it('stays open twice as long each time in a row, up to its maximum, and begins anew once it has closed', async () => {
    const { breaker, clock } = await opened({ probes: 1 });
    const lengths: (number | undefined)[] = [];
    for (let time = 0; time < 7; time += 1) {
      lengths.push(breaker.stats.retryAfterMs);
      await clock.advance(breaker.stats.retryAfterMs ?? 0);
      await run(breaker, down);
    }
    expect(lengths).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    await clock.advance(60_000);
    await run(breaker, up);
    expect(breaker.state).toBe('closed');
    await run(breaker, down, 20);
    expect(breaker.stats.retryAfterMs).toBe(5_000);
  });

  it('never overflows, and varies its time by a fifth', async () => {
    for (const [draw, expected] of [
      [0, 4_000],
      [0.5, 5_000],
      [0.999999, 6_000],
    ] as const) {
      const { breaker } = await opened({ random: () => draw });
      expect(breaker.stats.retryAfterMs).toBe(expected);
    }
    const { breaker, clock } = await opened({ probes: 1, openMs: 1, maxOpenMs: 2_147_483_647 });
    for (let time = 0; time < 60; time += 1) {
      const { retryAfterMs = NaN } = breaker.stats;
      expect(retryAfterMs).toBeLessThanOrEqual(2_147_483_647);
      await clock.advance(retryAfterMs);
      await run(breaker, down);
    }
  }, 30_000);

  it('becomes half-open by itself, on a timer that does not hold the process, and can be told to hold', async () => {
    const { breaker, clock, changes } = await opened();
    expect({ pending: clock.pending, keptAlive: clock.keptAlive }).toEqual({ pending: 1, keptAlive: 0 });
    await clock.advance(5_000);
    expect(changes.at(-1)).toBe('open → half-open: elapsed');
    breaker.isolate();
    await clock.advance(86_400_000);
    await expect(breaker.execute(up)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfterMs: undefined,
      message: 'circuit-breaker: the circuit is held open by hand. Call reset() to close it.',
    });
    expect({ state: breaker.state, pending: clock.pending }).toEqual({ state: 'isolated', pending: 0 });
    breaker.reset();
    await expect(breaker.execute(up)).resolves.toBe('up');
    expect(changes.slice(-2)).toEqual(['half-open → isolated: manual', 'isolated → closed: manual']);
  });
});

describe('a half-open circuit', () => {
  it.each(['good', 'bad', 'thrown at once', 'cancelled'] as const)(
    'lets exactly three of a thousand callers through and refuses the rest at once, when probes end %s',
    async (end) => {
      for (let round = 0; round < 5; round += 1) {
        const { breaker } = await halfOpened();
        const controller = new AbortController();
        const settle: (() => void)[] = [];
        let bodies = 0;
        let refused = 0;
        const calls = Array.from({ length: 1_000 }, () =>
          breaker
            .execute(
              () => {
                bodies += 1;
                if (end === 'thrown at once') throw new Error('down');
                return new Promise((resolve, reject) =>
                  settle.push(() => (end === 'good' ? resolve(1) : reject(new Error('down')))),
                );
              },
              { signal: controller.signal },
            )
            .catch((error: unknown) => {
              if ((error as ResilienceError).code === 'CIRCUIT_OPEN') refused += 1;
            }),
        );
        expect(bodies).toBe(3);
        // At once: before anything else can happen.
        await Promise.resolve();
        await Promise.resolve();
        expect(refused).toBe(997);
        if (end === 'cancelled') {
          controller.abort();
          expect(breaker.state).toBe('half-open');
          const next = await Promise.all([1, 2, 3].map(() => breaker.execute(up)));
          expect(next).toEqual(['up', 'up', 'up']);
        }
        for (const each of settle) each();
        await Promise.all(calls);
        expect(breaker.state).toBe(end === 'good' || end === 'cancelled' ? 'closed' : 'open');
      }
    },
  );

  it('refuses without the cost of a stack, and leaves that of other errors as it is', async () => {
    const { breaker } = await halfOpened();
    breaker.isolate();
    const limit = Error.stackTraceLimit;
    const error = await breaker.execute(up).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect((error as Error).stack).not.toMatch(/\n\s+at /);
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error('another').stack).toMatch(/\n\s+at /);
  });

  it('closes with an empty window after three good probes, and opens on the first bad one', async () => {
    const good = await halfOpened();
    await run(good.breaker, up, 2);
    expect(good.breaker.state).toBe('half-open');
    await run(good.breaker, up);
    expect(good.changes).toEqual(['half-open → closed: probes-succeeded']);
    expect(good.breaker.stats.calls).toBe(0);
    const bad = await halfOpened();
    await run(bad.breaker, up, 2);
    await run(bad.breaker, down);
    expect(bad.changes).toEqual(['half-open → open: probe-failed']);
  });

  it('opens again when a probe hangs, and takes nothing from that probe later', async () => {
    const { breaker, clock, changes } = await halfOpened({ probes: 1 });
    let finish: (value: string) => void = () => undefined;
    const hung = breaker.execute(() => new Promise<string>((resolve) => (finish = resolve)));
    await expect(breaker.execute(up)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 5_000 });
    await clock.advance(19_999);
    expect(breaker.state).toBe('half-open');
    await clock.advance(1);
    expect(changes).toEqual(['half-open → open: probe-hung']);
    await clock.advance(10_000);
    expect(breaker.state).toBe('half-open');
    finish('late');
    await expect(hung).resolves.toBe('late');
    expect(breaker.state).toBe('half-open');
    await run(breaker, up);
    expect(breaker.state).toBe('closed');
  });

  it('gives the permit of a probe back whose outcome does not count', async () => {
    const { breaker } = await halfOpened({ probes: 1 });
    await run(breaker, () => StepResult.fail('x', { errorCategory: 'not_found' }), 50);
    expect(breaker.state).toBe('half-open');
    await run(breaker, up);
    expect(breaker.state).toBe('closed');
  });

  it('waits for callers as long as it takes', async () => {
    const { breaker, clock } = await halfOpened();
    await run(breaker, up, 2);
    await clock.advance(86_400_000);
    await run(breaker, up);
    expect({ state: breaker.state, timers: clock.pending }).toEqual({ state: 'closed', timers: 0 });
  });
});

describe('listeners', () => {
  it('harm nobody by throwing, rejecting, or changing the state themselves', async () => {
    const clock = new FakeClock();
    const breaker = circuitBreaker({ clock });
    const heard: string[] = [];
    breaker.onStateChange(() => {
      throw new Error('bad listener');
    });
    breaker.onStateChange(() => Promise.reject(new Error('bad too')) as unknown as void);
    breaker.onStateChange(({ to }) => {
      if (to === 'open') breaker.reset();
    });
    const off = breaker.onStateChange(({ to }: CircuitStateChange) => heard.push(to));
    await run(breaker, down, 20);
    expect({ heard, state: breaker.state }).toEqual({ heard: ['open', 'closed'], state: 'closed' });
    off();
    breaker.isolate();
    expect(heard).toHaveLength(2);
  });

  it('are not told of a reset that changes no state, which still empties the window', async () => {
    const { breaker, changes } = setUp();
    await run(breaker, down, 19);
    breaker.reset();
    await run(breaker, down, 19);
    expect({ changes, state: breaker.state }).toEqual({ changes: [], state: 'closed' });
  });
});

describe('circuitBreaker', () => {
  it('does not run work for a caller that has cancelled, whatever its state', async () => {
    const signal = AbortSignal.abort('gone');
    for (const { breaker } of [setUp(), await opened(), await halfOpened()]) {
      await expect(breaker.execute(up, { signal })).rejects.toMatchObject({
        code: 'CANCELLED',
        cause: 'gone',
      });
    }
  });

  it.each<[CircuitBreakerOptions, string]>([
    [{ failureRatio: 0 }, 'failureRatio must be a number from'],
    [{ failureRatio: 1.1 }, 'failureRatio must be a number from'],
    [{ minimumCalls: 0 }, 'minimumCalls must be an integer >= 1, got 0'],
    [{ windowMs: 5 }, 'windowMs must be a number of milliseconds from 10 to 2147483647, got 5'],
    [{ openMs: NaN }, 'openMs must be a number of milliseconds from 1'],
    [{ openMs: 100, maxOpenMs: 50 }, 'openMs (100) is above maxOpenMs (50)'],
    [{ jitterRatio: 2 }, 'jitterRatio must be a number from 0 to 1, got 2'],
    [{ probes: Infinity }, 'probes must be an integer >= 1, got Infinity'],
    [{ slowCallMs: -1 }, 'slowCallMs must be a number of milliseconds from 0'],
  ])('refuses the options %p when it is made', (options, message) => {
    expect(() => circuitBreaker(options)).toThrow(message);
    expect(() => circuitBreaker(options)).toThrow(ResilienceError);
  });
});
