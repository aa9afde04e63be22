import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { FakeClock } from './fake-clock.js';

const sleep = (clock: FakeClock, ms: number): Promise<void> =>
  new Promise((resolve) => clock.setTimeout(resolve, ms));

describe('FakeClock', () => {
  it('stands still at the first instant of 2024 until it is moved', async () => {
    const clock = new FakeClock();
    expect([clock.now(), clock.monotonic()]).toEqual([Date.parse('2024-01-01T00:00:00Z'), 0]);
    await clock.advance(1_500);
    expect([clock.now(), clock.monotonic()]).toEqual([Date.parse('2024-01-01T00:00:01.500Z'), 1_500]);

    const other = new FakeClock({ now: 5, monotonic: 1_000 });
    expect([other.now(), other.monotonic()]).toEqual([5, 1_000]);
  });

  it('runs each timer at its time, equal ones in the order they were armed, and no later one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delay: fc.nat(50), cleared: fc.boolean() }), { maxLength: 30 }),
        fc.nat(60),
        async (timers, passed) => {
          const clock = new FakeClock({ monotonic: 7 });
          const ran: { id: number; at: number }[] = [];
          const handles = timers.map(({ delay }, id) =>
            clock.setTimeout(() => ran.push({ id, at: clock.monotonic() - 7 }), delay),
          );
          timers.forEach(({ cleared }, id) => cleared && clock.clearTimeout(handles[id]));
          await clock.advance(passed);

          const left = timers
            .map(({ delay, cleared }, id) => ({ id, at: delay, cleared }))
            .filter((t) => !t.cleared);
          const due = left.filter(({ at }) => at <= passed).sort((a, b) => a.at - b.at || a.id - b.id);
          expect(ran).toEqual(due.map(({ id, at }) => ({ id, at })));
          expect(clock.pending).toBe(left.length - due.length);
          expect(clock.monotonic()).toBe(7 + passed);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets code run that awaits between timers, however long its promise chains', async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const work = (async () => {
      for (let round = 0; round < 5; round += 1) {
        for (let i = 0; i < 200; i += 1) await undefined;
        await new Promise((resolve) => setImmediate(resolve));
        await sleep(clock, 10);
        seen.push(clock.monotonic());
      }
    })();
    await clock.advance(49);
    expect(seen).toEqual([10, 20, 30, 40]);
    await clock.advance(1);
    await work;
    expect(seen).toEqual([10, 20, 30, 40, 50]);
  });

  it('runs several advances one after the other', async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    void sleep(clock, 15).then(() => seen.push(clock.monotonic()));
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect([seen, clock.monotonic()]).toEqual([[15], 20]);
  });

  it('keeps monotonic time and timers out of a wall-clock jump', async () => {
    const clock = new FakeClock();
    let runs = 0;
    clock.setTimeout(() => (runs += 1), 100);
    clock.setWallTime(Date.UTC(1999, 0, 1));
    expect([clock.now(), clock.monotonic(), clock.nextTimerIn()]).toEqual([Date.UTC(1999, 0, 1), 0, 100]);
    clock.setWallTime(Date.UTC(2050, 0, 1));
    await clock.advance(99);
    expect(runs).toBe(0);
    await clock.advance(1);
    expect([runs, clock.now()]).toEqual([1, Date.UTC(2050, 0, 1) + 100]);
    expect(() => clock.setWallTime(NaN)).toThrow(
      new RangeError('setWallTime needs finite epoch milliseconds, got NaN'),
    );
  });

  it('tells how many timers are armed, how many hold the process, and when the next is due', async () => {
    const clock = new FakeClock();
    expect([clock.pending, clock.keptAlive, clock.nextTimerIn()]).toEqual([0, 0, undefined]);
    const far = clock.setTimeout(() => undefined, 30);
    const near = clock.setTimeout(() => undefined, 10);
    clock.keepAlive(far, false);
    expect([clock.pending, clock.keptAlive, clock.nextTimerIn()]).toEqual([2, 1, 10]);
    await clock.advance(4);
    expect(clock.nextTimerIn()).toBe(6);
    clock.clearTimeout(near);
    clock.clearTimeout(near);
    clock.clearTimeout(undefined);
    clock.keepAlive(near, true);
    expect([clock.pending, clock.keptAlive, clock.nextTimerIn()]).toEqual([1, 0, 26]);
    clock.keepAlive(far, true);
    expect(clock.keptAlive).toBe(1);
  });

  it('runs a timer in the async context it was armed in', async () => {
    const clock = new FakeClock();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    for (const tenant of ['a', 'b']) {
      storage.run(tenant, () => clock.setTimeout(() => seen.push(storage.getStore()), 5));
    }
    clock.setTimeout(() => seen.push(storage.getStore()), 5);
    await storage.run('tester', () => clock.advance(5));
    expect(seen).toEqual(['a', 'b', undefined]);
  });

  it('rejects with what a timer throws, stands at that timer, and can go on', async () => {
    const clock = new FakeClock();
    let runs = 0;
    clock.setTimeout(() => {
      throw new Error('broken timer');
    }, 5);
    clock.setTimeout(() => (runs += 1), 6);
    await expect(clock.advance(10)).rejects.toThrow('broken timer');
    expect([clock.monotonic(), clock.pending, runs]).toEqual([5, 1, 0]);
    await clock.advance(1);
    expect([clock.monotonic(), clock.pending, runs]).toEqual([6, 0, 1]);
  });

  it('refuses times that make no sense, and a timer that arms itself without delay for ever', async () => {
    const clock = new FakeClock();
    for (const delay of [NaN, -1, Infinity, 2 ** 31]) {
      expect(() => clock.setTimeout(() => undefined, delay)).toThrow(RangeError);
      if (delay !== 2 ** 31) expect(() => clock.advance(delay)).toThrow(RangeError);
    }
    const again = (): void => void clock.setTimeout(again, 0);
    again();
    await expect(clock.advance(3)).rejects.toThrow(
      'advance(3) ran 10000 timers without time going on. Give the timer that arms itself a delay above 0.',
    );
  });
});
