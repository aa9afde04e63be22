import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { currentContext, runInContext } from '../ambient.js';
import { OrchestrationContext } from '../context.js';
import type { BackgroundOptions } from '../orchestrator/options.js';
import { StepResult } from '../step-result.js';
import { FakeClock } from '../testing/fake-clock.js';
import { BackgroundTask, type BackgroundTaskInit } from './background-task.js';

interface Rig {
  readonly clock: FakeClock;
  readonly task: BackgroundTask;
  /** What the hooks were told, in order. */
  readonly told: unknown[][];
  /** Monotonic times at which runs began. */
  readonly begun: number[];
  readonly sleep: (ms: number) => Promise<void>;
}

const aTask = (
  run: (signal: AbortSignal, rig: Rig) => unknown,
  options: Partial<BackgroundOptions> = {},
  init: Partial<BackgroundTaskInit> = {},
): Rig => {
  const clock = new FakeClock();
  const told: unknown[][] = [];
  const begun: number[] = [];
  const task: BackgroundTask = new BackgroundTask({
    name: 'sweep',
    options: { everyMs: 1_000, ...options },
    clock,
    // The middle: no jitter, and three quarters of the back-off.
    random: () => 0.5,
    run: (signal) => {
      begun.push(clock.monotonic());
      return run(signal, rig);
    },
    onEnded: (durationMs) => told.push(['ended', durationMs]),
    onFailed: (error, restarts, delayMs) =>
      told.push(['failed', (error as Error).message, restarts, delayMs]),
    onGaveUp: (error, then) => told.push(['gave up', (error as Error).message, then]),
    onRecovered: () => told.push(['recovered']),
    ...init,
  });
  const rig: Rig = {
    clock,
    task,
    told,
    begun,
    sleep: (ms) => new Promise((done) => clock.setTimeout(done, ms)),
  };
  return rig;
};

const fail = (): never => {
  throw new Error('broken');
};

describe('BackgroundTask', () => {
  it('runs again a fixed pause after each run has ended', async () => {
    const { clock, task, told, begun } = aTask((_signal, rig) => rig.sleep(300), { initialDelayMs: 50 });
    expect(task.state).toBe('idle');
    task.start();
    task.start();
    expect([task.state, clock.pending, clock.nextTimerIn(), begun]).toEqual(['waiting', 1, 50, []]);
    await clock.advance(50);
    expect([task.state, task.runs]).toEqual(['running', 1]);
    await clock.advance(300);
    expect([task.state, clock.nextTimerIn()]).toEqual(['waiting', 1_000]);
    await clock.advance(2_600);
    expect([begun, told]).toEqual([[50, 1_350, 2_650], Array(3).fill(['ended', 300])]);
    await task.stop();
    expect(clock.pending).toBe(0);
  });

  it('begins every run in a timer, also the first and those without any pause', async () => {
    const { clock, task, begun } = aTask(
      () => undefined,
      { everyMs: 1, jitterRatio: 1 },
      { random: () => 0 },
    );
    task.start();
    expect(begun).toEqual([]);
    await clock.advance(3);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('varies each pause by up to its share, to both sides', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (everyMs, jitterRatio, drawn) => {
          const { clock, task } = aTask(() => undefined, { everyMs, jitterRatio }, { random: () => drawn });
          task.start();
          await clock.advance(0);
          const pause = clock.nextTimerIn() ?? NaN;
          expect(pause).toBeCloseTo(Math.max(1, everyMs * (1 - jitterRatio + 2 * jitterRatio * drawn)), 6);
          expect(pause).toBeGreaterThanOrEqual(Math.max(1, everyMs * (1 - jitterRatio)) - 1e-6);
          expect(pause).toBeLessThanOrEqual(everyMs * (1 + jitterRatio) + 1e-6);
          await task.stop();
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
    const longest = aTask(() => undefined, { everyMs: 2 ** 31 - 1 }, { random: () => 0.9 });
    longest.task.start();
    await longest.clock.advance(0);
    expect(longest.clock.nextTimerIn()).toBe(2 ** 31 - 1);
  });

  it('gives up after six runs that fail, within eight seconds, whatever is drawn and however they fail', async () => {
    const failures: readonly (() => unknown)[] = [
      fail,
      () => Promise.reject(new Error('broken')),
      () => StepResult.fail('broken'),
      async () => {
        await undefined;
        return StepResult.fail('broken');
      },
      () => ({ then: fail }),
    ];
    for (const run of failures) {
      for (const [drawn, delays] of [
        [0, [100, 200, 400, 800, 1_600]],
        [0.5, [150, 300, 600, 1_200, 2_400]],
        [0.999_999, [199, 399, 799, 1_599, 3_199]],
      ] as const) {
        const { clock, task, told, begun } = aTask(run, {}, { random: () => drawn });
        task.start();
        await clock.advance(8_000);
        expect(begun).toHaveLength(6);
        expect(told).toEqual([
          ...delays.map((delayMs, i) => ['failed', 'broken', i + 1, delayMs]),
          ['gave up', 'broken', 'degrade'],
        ]);
        expect(begun.at(-1)).toBe(delays.reduce((sum, delayMs) => sum + delayMs, 0));
        expect([task.state, clock.pending, (task.lastError as Error).message]).toEqual([
          'failed',
          0,
          'broken',
        ]);
        expect(task.restarts).toBe(6);
        await clock.advance(100_000);
        expect([begun.length, task.restarts]).toEqual([6, 0]);
      }
    }
  });

  it('gives up after as many restarts as it is told, and says what is to happen then', async () => {
    for (const maxRestarts of [0, 1, 3]) {
      const { clock, task, told, begun } = aTask(fail, { restart: { maxRestarts, then: 'stop-host' } });
      task.start();
      await clock.advance(10_000);
      expect([begun.length, told.at(-1)]).toEqual([maxRestarts + 1, ['gave up', 'broken', 'stop-host']]);
    }
  });

  it('keeps back-off within half and the whole of base · 2^n, and below the cap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 2_000 }),
        async (draws, baseMs, capMs) => {
          const left = [...draws];
          const { clock, task, told } = aTask(
            fail,
            { restart: { maxRestarts: 1_000, baseMs, capMs } },
            { random: () => left.shift() ?? 0 },
          );
          task.start();
          await clock.advance(0);
          for (let n = 0; n < draws.length; n += 1) {
            const delayMs = told[n]?.[3] as number;
            const longest = Math.min(capMs, baseMs * 2 ** n);
            expect(delayMs).toBeGreaterThanOrEqual(Math.max(1, Math.floor(longest / 2)));
            expect(delayMs).toBeLessThanOrEqual(Math.max(1, longest));
            expect([task.state, clock.nextTimerIn()]).toEqual(['backing-off', delayMs]);
            await clock.advance(delayMs);
          }
          await task.stop();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('recovers with the first run that works, begins back-off anew, and forgets failures with time', async () => {
    const fails = [1, 1, 1, 0, 1, 1, 0, 0];
    const { clock, task, told } = aTask(() => (fails.shift() === 1 ? fail() : undefined));
    task.start();
    await clock.advance(150 + 300 + 600);
    expect([task.state, task.restarts]).toEqual(['waiting', 3]);
    await clock.advance(1_000 + 150 + 300);
    expect(told).toEqual([
      ['failed', 'broken', 1, 150],
      ['failed', 'broken', 2, 300],
      ['failed', 'broken', 3, 600],
      ['ended', 0],
      ['recovered'],
      ['failed', 'broken', 4, 150],
      ['failed', 'broken', 5, 300],
      ['ended', 0],
      ['recovered'],
    ]);
    await clock.advance(1_000);
    expect(told.at(-1)).toEqual(['ended', 0]);
    // The first failure was at 0, the last at 2,200.
    await clock.advance(30_000 - clock.monotonic() - 1);
    expect(task.restarts).toBe(5);
    await clock.advance(1);
    expect(task.restarts).toBe(4);
    await clock.advance(2_200);
    expect(task.restarts).toBe(0);
  });

  it('gives up on failures that runs between them do not outweigh, and not on rare ones', async () => {
    let runs = 0;
    const everySecond = (): void => void ((runs += 1) % 2 === 1 && fail());
    const often = aTask(everySecond, { everyMs: 100 });
    often.task.start();
    await often.clock.advance(10_000);
    expect([often.task.state, often.begun.length]).toEqual(['failed', 11]);

    const rarely = aTask(everySecond, { everyMs: 10_000 });
    rarely.task.start();
    await rarely.clock.advance(1_000_000);
    expect([rarely.task.state, rarely.told.filter(([what]) => what === 'gave up')]).toEqual(['waiting', []]);
  });

  it('begins back-off anew after a run that lasted as long as the window', async () => {
    const { clock, task, told } = aTask(
      (_signal, rig) => rig.sleep(task.runs < 3 ? 20_000 : 30_000).then(fail),
      {
        restart: { maxRestarts: 2 },
      },
    );
    task.start();
    await clock.advance(120_000);
    expect(told.map(([, , , delayMs]) => delayMs)).toEqual([150, 300, 150, 150]);
  });

  it('counts a run past its time-out as failed at once, and waits for its body before the pause', async () => {
    const reasons: unknown[] = [];
    let end: () => void = fail;
    const { clock, task, told, begun } = aTask(
      (signal) => {
        signal.addEventListener('abort', () => reasons.push((signal.reason as Error).name));
        return new Promise<void>((_, reject) => (end = () => reject(new Error('too late to matter'))));
      },
      { timeoutMs: 500 },
    );
    task.start();
    await clock.advance(499);
    expect([task.state, told, reasons]).toEqual(['running', [], []]);
    await clock.advance(1);
    const message = 'A run of background task "sweep" took longer than 500 ms.';
    expect([told, reasons]).toEqual([[['failed', message, 1, 150]], ['TimeoutError']]);
    expect([task.state, task.abandoned, clock.pending]).toEqual(['backing-off', 1, 0]);
    await clock.advance(60_000);
    expect(begun).toEqual([0]);
    end();
    await clock.advance(149);
    expect([task.abandoned, begun]).toEqual([0, [0]]);
    await clock.advance(1);
    expect([begun, told.length]).toEqual([[0, 60_650], 1]);
    await clock.advance(10);
    end();
    await clock.advance(0);
    expect([told.at(-1), clock.pending]).toEqual([['failed', 'too late to matter', 1, 300], 1]);
  });

  it('gives up while a body runs on, and a new start waits for it', async () => {
    const ends: (() => void)[] = [];
    const { clock, task, told, begun } = aTask(() => new Promise<void>((resolve) => ends.push(resolve)), {
      timeoutMs: 10,
      restart: { maxRestarts: 0 },
    });
    task.start();
    await clock.advance(1_000);
    expect([task.state, task.abandoned, told.length, clock.pending]).toEqual(['failed', 1, 1, 0]);
    task.start();
    await clock.advance(1_000);
    expect([task.state, begun]).toEqual(['waiting', [0]]);
    ends[0]?.();
    await clock.advance(0);
    expect([task.state, begun, task.abandoned]).toEqual(['running', [0, 2_000], 0]);
  });

  it('never overlaps runs and leaves nothing behind, whatever is done to it', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(400) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('tick' as const), count: fc.nat(8) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), to: fc.nat() }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.array(fc.record({ takes: fc.nat(300), fails: fc.boolean(), heeds: fc.boolean() }), {
          minLength: 1,
        }),
        async (steps, runs) => {
          let [running, most, ended] = [0, 0, 0];
          const { clock, task, told, begun, sleep } = aTask(
            async (signal) => {
              const run = runs[task.runs % runs.length];
              running += 1;
              most = Math.max(most, running);
              await new Promise<void>((resolve) => {
                if (run?.heeds === true) signal.addEventListener('abort', () => resolve());
                void sleep(run?.takes ?? 0).then(resolve);
              });
              running -= 1;
              ended += 1;
              if (run?.fails === true) fail();
            },
            { everyMs: 50, timeoutMs: 200, restart: { maxRestarts: 3, withinMs: 2_000, baseMs: 20 } },
          );
          const stops: Promise<void>[] = [];
          for (const now of steps) {
            if (now.do === 'advance') await clock.advance(now.ms);
            else if (now.do === 'start') task.start();
            else if (now.do === 'stop') stops.push(task.stop());
            else if (now.do === 'jump') clock.setWallTime(now.to);
            else for (let i = 0; i < now.count; i += 1) await undefined;
            const isKnown = task.state === 'running' || task.abandoned === 1;
            expect(running <= (isKnown ? 1 : 0)).toBe(true);
            // A body that just ended is still known until its promise has settled.
            if (now.do === 'advance') expect(running === 1).toBe(isKnown);
          }
          stops.push(task.stop());
          await clock.advance(1_000);
          await Promise.all(stops);
          expect([most <= 1, running, task.state, task.abandoned, clock.pending]).toEqual([
            true,
            0,
            'stopped',
            0,
            0,
          ]);
          expect([begun.length, ended]).toEqual([task.runs, task.runs]);
          // Each run is reported once at most; one that was aborted by a stop need not be.
          expect(told.filter(([what]) => what !== 'recovered').length).toBeLessThanOrEqual(task.runs);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('stops at once while it waits or backs off, and starts again with its failures forgotten', async () => {
    for (const run of [() => undefined, fail]) {
      const { clock, task, begun, told } = aTask(run);
      await task.stop();
      task.start();
      await clock.advance(0);
      expect([task.state, clock.pending]).toEqual([run === fail ? 'backing-off' : 'waiting', 1]);
      await task.stop();
      await task.stop();
      expect([task.state, clock.pending]).toEqual(['stopped', 0]);
      await clock.advance(10_000);
      expect(begun).toEqual([0]);
      task.start();
      expect(task.restarts).toBe(0);
      await clock.advance(0);
      expect([begun, told[1]]).toEqual([
        [0, 10_000],
        run === fail ? ['failed', 'broken', 1, 150] : ['ended', 0],
      ]);
      await task.stop();
    }
  });

  it('fires the signal of the current run when stopped, and resolves once its body has settled', async () => {
    const aborts: readonly [string, (signal: AbortSignal) => unknown, unknown[][]][] = [
      ['ends', () => undefined, [['ended', 110]]],
      ['throws the reason', (signal) => signal.throwIfAborted(), []],
      ['throws an abort', () => Promise.reject(new DOMException('gone', 'AbortError')), []],
      ['fails', fail, [['failed', 'broken', 0, 0]]],
    ];
    for (const [kind, end, told] of aborts) {
      const reasons: unknown[] = [];
      const rig = aTask(
        async (signal, { sleep }) => {
          signal.addEventListener('abort', () => reasons.push((signal.reason as Error).message));
          await sleep(110);
          return end(signal);
        },
        { timeoutMs: 5_000 },
      );
      const { clock, task } = rig;
      task.start();
      await clock.advance(100);
      let stopped = 0;
      for (let i = 0; i < 2; i += 1) void task.stop().then(() => (stopped += 1));
      expect([task.state, task.abandoned, reasons]).toEqual([
        'stopped',
        1,
        ['Background task "sweep" is being stopped.'],
      ]);
      await clock.advance(9);
      // Only what the body itself waits for.
      expect([stopped, clock.pending]).toEqual([0, 1]);
      await clock.advance(1);
      expect([kind, stopped, task.abandoned, rig.told, clock.pending]).toEqual([kind, 2, 0, told, 0]);
      await clock.advance(10_000);
      expect(task.runs).toBe(1);
    }
  });

  it('can be started before the stopped run has settled, which the next run then waits for', async () => {
    const { clock, task, begun } = aTask((_signal, rig) => rig.sleep(100), { initialDelayMs: 10 });
    task.start();
    await clock.advance(50);
    const stopped = task.stop();
    task.start();
    await clock.advance(60);
    await stopped;
    expect([begun, task.state]).toEqual([[10], 'waiting']);
    await clock.advance(10);
    expect(begun).toEqual([10, 120]);
    await clock.advance(100);
    await task.stop();
    expect(clock.pending).toBe(0);
  });

  it('can be stopped from its own hooks and from listeners of its signal', async () => {
    for (const from of ['onEnded', 'onFailed', 'onGaveUp', 'abort listener'] as const) {
      const stop = (): void => void task.stop();
      const { clock, task } = aTask(
        (signal) => {
          if (from === 'abort listener') {
            signal.addEventListener('abort', stop);
            return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          }
          return from === 'onEnded' ? undefined : fail();
        },
        { timeoutMs: 100, restart: { maxRestarts: from === 'onGaveUp' ? 0 : 5 } },
        from === 'abort listener' ? {} : { [from]: stop },
      );
      task.start();
      await clock.advance(10_000);
      expect([from, task.state, task.runs, clock.pending]).toEqual([from, 'stopped', 1, 0]);
    }
  });

  it('is not concerned by jumps of the wall clock', async () => {
    const { clock, task, begun } = aTask(() => (task.runs === 2 ? fail() : undefined));
    task.start();
    await clock.advance(0);
    for (const to of [Date.UTC(2040, 0, 1), 0, Date.UTC(2024, 5, 1)]) {
      clock.setWallTime(to);
      await clock.advance(1_000);
    }
    expect([begun, task.restarts]).toEqual([[0, 1_000, 1_150, 2_150], 1]);
    clock.setWallTime(Date.UTC(2060, 0, 1));
    expect(task.restarts).toBe(1);
  });

  it('runs, and reports, outside of the call that started it and of whatever the clock calls in', async () => {
    const trace = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = (): void => void seen.push(currentContext() ?? trace.getStore());
    const { clock, task } = aTask(
      async () => {
        note();
        await undefined;
        note();
        if (task.runs === 2) fail();
        if (task.runs === 3) await new Promise(() => undefined);
      },
      { timeoutMs: 200, restart: { maxRestarts: 1 } },
      { onEnded: note, onFailed: note, onRecovered: note, onGaveUp: note },
    );
    const call = new OrchestrationContext({ tenantId: 'a', requestId: 'a-1' });
    const inCall = <R>(fn: () => R): R => trace.run('span of the call', () => runInContext(call, fn));
    const { setTimeout } = clock;
    clock.setTimeout = (run, delayMs) => setTimeout.call(clock, () => inCall(run), delayMs);
    inCall(() => task.start());
    await inCall(() => clock.advance(1_500));
    // Three runs, and after each a report.
    expect([seen, task.state]).toEqual([Array(9).fill(undefined), 'failed']);
  });

  it('is not stopped by hooks that throw', async () => {
    const { clock, task } = aTask(
      () => (task.runs === 1 ? fail() : undefined),
      {},
      { onEnded: fail, onFailed: fail, onRecovered: fail, onGaveUp: fail },
    );
    task.start();
    await clock.advance(150 + 2_000);
    expect([task.runs, task.state]).toEqual([4, 'waiting']);
  });

  it('refuses options out of their bounds with the task, the option and the value', () => {
    const wrong: readonly [Partial<BackgroundOptions>, string][] = [
      [
        { everyMs: 0 },
        'everyMs of background task "sweep" must be a number of milliseconds from 1 to 2147483647, got 0',
      ],
      [{ initialDelayMs: -1 }, 'initialDelayMs of background task "sweep" must be'],
      [{ jitterRatio: 1.1 }, 'jitterRatio of background task "sweep" must be a number from 0 to 1, got 1.1'],
      [{ jitterRatio: NaN }, 'jitterRatio of background task "sweep" must be a number from 0 to 1, got NaN'],
      [{ timeoutMs: 0 }, 'timeoutMs of background task "sweep" must be'],
      [
        { restart: { maxRestarts: 1.5 } },
        'restart.maxRestarts of background task "sweep" must be an integer >= 0, got 1.5',
      ],
      [{ restart: { withinMs: 0 } }, 'restart.withinMs of background task "sweep" must be'],
      [{ restart: { baseMs: Infinity } }, 'restart.baseMs of background task "sweep" must be'],
      [{ restart: { capMs: -5 } }, 'restart.capMs of background task "sweep" must be'],
      [
        { restart: { then: 'panic' as 'degrade' } },
        'restart.then of background task "sweep" must be one of degrade, stop-host, got panic',
      ],
    ];
    for (const [options, message] of wrong) {
      expect(() => aTask(fail, options)).toThrow(RangeError);
      expect(() => aTask(fail, options)).toThrow(message);
    }
  });
});
