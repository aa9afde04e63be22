import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';

import { ResilienceError } from '../resilience-error.js';
import { timeout } from '../timeout/timeout.js';
import { loadShedder, type LoadShedderOptions, type LoadShedderPolicy } from './load-shedder.js';
import { eventLoopProbe } from './loop-lag.js';

const WORKERS = 10;
const SERVICE_MS = 10;
/** What the service can do, in calls per ms. */
const CAPACITY = WORKERS / SERVICE_MS;

/** So many workers, each busy for so long with a call; further calls queue, without bound and first come, first served. */
class Service {
  serviceMs = SERVICE_MS;
  readonly #clock: FakeClock;
  readonly #queue: (() => void)[] = [];
  readonly #random = seeded(7);
  #busy = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  call(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      this.#next();
    });
  }

  #next(): void {
    while (this.#busy < WORKERS) {
      const done = this.#queue.shift();
      if (done === undefined) return;
      this.#busy += 1;
      this.#clock.setTimeout(
        () => {
          this.#busy -= 1;
          done();
          this.#next();
        },
        this.serviceMs * (0.8 + 0.4 * this.#random()),
      );
    }
  }
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

interface Seen {
  readonly at: number;
  readonly priority: number;
  /** undefined where it was refused. */
  readonly tookMs: number | undefined;
}

/** Open-loop load: calls come whether or not others have been answered. */
async function load(
  clock: FakeClock,
  policy: LoadShedderPolicy | undefined,
  service: Service,
  factor: number,
  forMs: number,
  priorities: readonly number[] = [5],
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const random = seeded(3);
  const until = clock.monotonic() + forMs;
  let count = 0;
  const arrive = (): void => {
    const at = clock.monotonic();
    if (at >= until) return;
    const priority = priorities[count % priorities.length] as number;
    count += 1;
    const work = async (): Promise<number> => {
      await service.call();
      return clock.monotonic() - at;
    };
    (policy === undefined ? work() : policy.execute(work, { priority })).then(
      (tookMs) => seen.push({ at, priority, tookMs }),
      () => seen.push({ at, priority, tookMs: undefined }),
    );
    clock.setTimeout(arrive, -Math.log(1 - random()) / (CAPACITY * factor));
  };
  arrive();
  await clock.advance(forMs);
  return seen;
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] as number;

const admitted = (seen: readonly Seen[]): number[] => seen.flatMap(({ tookMs }) => tookMs ?? []);

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof ResilienceError ? error.code : String(error)),
  );

const setUp = (options: LoadShedderOptions = {}) => {
  const clock = new FakeClock();
  return {
    clock,
    service: new Service(clock),
    policy: loadShedder({ clock, random: seeded(1), ...options }),
  };
};

/** Served within three times the usual time, in relation to what the service can do. */
const goodputOf = (seen: readonly Seen[], fromMs: number, toMs: number): number =>
  seen.filter(
    ({ at, tookMs }) => at >= fromMs && at < toMs && tookMs !== undefined && tookMs <= 3 * SERVICE_MS,
  ).length /
  (CAPACITY * (toMs - fromMs));

describe('loadShedder', () => {
  it('keeps 90 % of what can be done at three times the load, where without it nothing is left', async () => {
    const { clock, service, policy } = setUp();
    const seen = await load(clock, policy, service, 3, 2_000);
    expect(goodputOf(seen, 500, 1_900)).toBeGreaterThanOrEqual(0.9);
    const calm = setUp();
    const normal = admitted(await load(calm.clock, calm.policy, calm.service, 0.5, 1_000));
    const times = admitted(seen.filter(({ at }) => at >= 500));
    expect(percentile(times, 0.99)).toBeLessThanOrEqual(2 * percentile(normal, 0.99));
    expect(policy.stats.refused).toBeGreaterThan(3_000);

    const without = setUp();
    const drowned = await load(without.clock, undefined, without.service, 3, 2_000);
    expect(goodputOf(drowned, 500, 1_900)).toBeLessThan(0.1);
  }, 60_000);

  it('refuses the less important first', async () => {
    const { clock, service, policy } = setUp();
    const seen = await load(clock, policy, service, 2, 2_000, [1, 1, 5, 9]);
    const share = (priority: number): number => {
      const own = seen.filter((each) => each.priority === priority && each.at >= 500);
      return admitted(own).length / own.length;
    };
    expect(share(9)).toBeGreaterThan(0.95);
    expect(share(5)).toBeGreaterThan(share(1) + 0.2);
    expect(goodputOf(seen, 500, 1_900)).toBeGreaterThanOrEqual(0.9);
  }, 60_000);

  it('finds down from a limit far too high, and does not drift up under lasting overload', async () => {
    const { clock, service, policy } = setUp({ limit: { initial: 200, remeasureMs: 500 } });
    const seen = await load(clock, policy, service, 3, 4_000);
    expect(goodputOf(seen, 2_000, 3_900)).toBeGreaterThanOrEqual(0.9);
    expect(policy.stats.limit).toBeLessThan(2.5 * WORKERS);
    expect(policy.stats.unloadedMs).toBeLessThan(1.5 * SERVICE_MS);
  }, 60_000);

  it('takes a service that has become slower for what it is', async () => {
    const { clock, service, policy } = setUp({ limit: { remeasureMs: 500 } });
    await load(clock, policy, service, 2, 1_000);
    service.serviceMs = 3 * SERVICE_MS;
    await load(clock, policy, service, 2, 3_000);
    expect(policy.stats.unloadedMs).toBeGreaterThan(2.5 * SERVICE_MS);
    expect(policy.stats.limit).toBeGreaterThanOrEqual(WORKERS);
  }, 60_000);

  it('lowers the limit when work is refused or times out further on, not when it fails otherwise', async () => {
    const { clock, policy } = setUp({ limit: { initial: 100 } });
    const end = async (result: StepResult): Promise<void> => {
      await clock.advance(50);
      await policy.execute(() => result);
    };
    for (let i = 0; i < 20; i += 1) await end(StepResult.fail('broken', { errorCategory: 'validation' }));
    expect(policy.stats.limit).toBe(100);
    for (let i = 0; i < 20; i += 1)
      await end(StepResult.fail('busy', { errorCategory: 'service_overloaded' }));
    expect(policy.stats.limit).toBeLessThan(60);
    expect(policy.stats.limit).toBeGreaterThanOrEqual(2);
  });

  it('does not grow while it is not used', async () => {
    const { clock, policy } = setUp();
    for (let i = 0; i < 500; i += 1) {
      await policy.execute(() => 1);
      await clock.advance(10);
    }
    expect(policy.stats).toMatchObject({ limit: 20, running: 0, refused: 0 });
  });

  it('counts work until it has really ended', async () => {
    const { clock, policy } = setUp({ limit: { initial: 2 } });
    const limit = timeout({ ms: 10, clock });
    let finish: () => void = () => undefined;
    const slow = policy.execute((attempt) =>
      limit.execute(() => new Promise<void>((resolve) => (finish = resolve)), attempt),
    );
    const code = codeOf(slow);
    await clock.advance(10);
    expect(await code).toBe('TIMEOUT');
    expect(policy.stats.running).toBe(1);
    expect(policy.isIdle).toBe(false);
    expect(await codeOf(policy.execute(() => 1))).toBe('LOAD_SHED');
    finish();
    await clock.advance(0);
    expect(policy.isIdle).toBe(true);
    expect(await codeOf(policy.execute(() => 1))).toBe('ok');
  });

  it('refuses with a message that says how much runs, and nothing for who has cancelled', async () => {
    const { policy } = setUp({ limit: { initial: 2, min: 1 } });
    const running = [policy.execute(() => new Promise(() => undefined))];
    await expect(policy.execute(() => 1, { priority: 0 })).rejects.toMatchObject({
      code: 'LOAD_SHED',
      message:
        'load-shedder: refused, because 1 executions run, which is the limit for priority 0. Try again later.',
      result: { errorCategory: 'service_overloaded', retryable: true },
    });
    running.push(policy.execute(() => new Promise(() => undefined), { priority: 9 }));
    expect(await codeOf(policy.execute(() => 1, { priority: 9 }))).toBe('LOAD_SHED');
    expect(await codeOf(policy.execute(() => 1, { signal: AbortSignal.abort() }))).toBe('CANCELLED');
    expect(policy.stats).toMatchObject({ running: 2, refused: 2 });
    expect(running).toHaveLength(2);
  });

  it.each([
    [{ limit: { min: 0 } }, 'load-shedder: limit.min must be an integer >= 1, got 0. Correct the option.'],
    [
      { limit: { initial: 1 } },
      'load-shedder: limit.min (2) is above limit.initial (1). Lower limit.min, or raise limit.initial.',
    ],
    [
      { limit: { tolerance: 0.5 } },
      'load-shedder: limit.tolerance must be a number from 1 to 10, got 0.5. Correct the option.',
    ],
    [
      { loop: {} as never },
      'load-shedder: loop.probe.readP99Ms must be a function, got undefined. Correct the option.',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => loadShedder(options)).toThrow(message);
  });
});

describe('loadShedder with a probe of the event loop', () => {
  const probed = (delays: readonly number[]) => {
    const left = [...delays];
    const { clock, policy } = setUp({ loop: { probe: { readP99Ms: () => left.shift() ?? 0 } } });
    /** What becomes of each priority after another second. */
    const second = async (): Promise<string> => {
      await clock.advance(1_000);
      const codes = await Promise.all(
        [0, 4, 5, 8, 9].map((priority) => codeOf(policy.execute(() => 1, { priority }))),
      );
      return codes.map((code) => (code === 'ok' ? '+' : '-')).join('');
    };
    return { clock, policy, second };
  };

  it('sheds after the second late sample, and stops after the second one in time', async () => {
    const { policy, second } = probed([0, 150, 150, 150, 0, 0]);
    expect([
      await second(),
      await second(),
      await second(),
      await second(),
      await second(),
      await second(),
    ]).toEqual(['+++++', '+++++', '--+++', '--++-', '--++-', '+++++']);
    expect(policy.stats).toMatchObject({ loop: 'calm', loopDelayMs: 0 });
    expect(policy.isReady).toBe(true);
  });

  it('lets only the most important through while the loop is stuck, and says that it is not ready', async () => {
    const { clock, policy, second } = probed([0, 600, 600, 600, 0, 0]);
    for (let i = 0; i < 3; i += 1) await second();
    expect(policy.isReady).toBe(true);
    expect(await second()).toBe('----+');
    expect(policy.isReady).toBe(false);
    await expect(policy.execute(() => 1)).rejects.toThrow(
      'load-shedder: refused, because the event loop is late by 600 ms, and priority 5 is low. Try again later.',
    );
    await clock.advance(1_000);
    expect(policy.isReady).toBe(false);
    await clock.advance(1_000);
    expect(policy.isReady).toBe(true);
  });

  it('is not moved by one late sample, by what is long past, nor by a probe that fails', async () => {
    const { clock, policy, second } = probed([0, 150, 0, 150, 900, 900]);
    for (let i = 0; i < 4; i += 1) expect(await second()).toBe('+++++');
    await clock.advance(60_000);
    expect(await second()).toBe('+++++');
    expect(await second()).toBe('+++++');
    expect(policy.stats.loop).toBe('calm');
    const broken = setUp({
      loop: {
        probe: {
          readP99Ms: () => {
            throw new Error('no probe');
          },
        },
      },
    });
    expect(await codeOf(broken.policy.execute(() => 1))).toBe('ok');
  });

  it('measures the real loop without holding the process', () => {
    const probe = eventLoopProbe({ resolutionMs: 1 });
    const delayMs = probe.readP99Ms();
    expect(delayMs).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(delayMs)).toBe(true);
    probe.close();
    expect(() => eventLoopProbe({ resolutionMs: 0 })).toThrow(ResilienceError);
  });
});
