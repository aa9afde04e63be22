import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { currentContext, runInContext } from '../ambient.js';
import { systemClock } from '../clock/clock.js';
import { OrchestrationContext } from '../context.js';
import { StepFailure, StepResult } from '../step-result.js';
import { FakeClock } from '../testing/fake-clock.js';
import { BoundedQueue, type BoundedQueueOptions } from './bounded-queue.js';
import { QueueConsumer, type QueueConsumerOptions } from './queue-consumer.js';

const context = (tenantId: string, requestId = `${tenantId}-1`): OrchestrationContext =>
  new OrchestrationContext({ tenantId, requestId });

const microtasks = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await undefined;
};

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Rig {
  readonly clock: FakeClock;
  readonly queue: BoundedQueue<number>;
  readonly consumer: QueueConsumer<number>;
  readonly sleep: (ms: number) => Promise<void>;
}

const aRig = (
  handler: (items: number[], signal: AbortSignal, rig: Rig) => unknown,
  options: Partial<Omit<QueueConsumerOptions<number>, 'queue' | 'handler'>> = {},
  queueOptions: Partial<BoundedQueueOptions> = {},
): Rig => {
  const clock = new FakeClock();
  const queue = new BoundedQueue<number>({ name: 'signals', ...queueOptions });
  const consumer: QueueConsumer<number> = new QueueConsumer<number>({
    queue,
    clock,
    handler: (items, signal) => handler(items, signal, rig),
    ...options,
  });
  const rig: Rig = {
    clock,
    queue,
    consumer,
    sleep: (ms) => new Promise((done) => clock.setTimeout(done, ms)),
  };
  return rig;
};

describe('QueueConsumer', () => {
  it('hands over what waits and what comes, in batches, and has no timer while idle', async () => {
    const batches: number[][] = [];
    const { clock, queue, consumer } = aRig((items) => batches.push(items), { batchSize: 3 });
    for (const item of [1, 2, 3, 4]) queue.offer(item);
    await aTurn();
    expect([batches, consumer.state]).toEqual([[], 'stopped']);
    consumer.start();
    consumer.start();
    expect(batches).toEqual([]);
    await aTurn();
    for (const item of [5, 6]) queue.offer(item);
    // A producer never runs the handler.
    expect(batches).toEqual([[1, 2, 3], [4]]);
    await aTurn();
    expect(batches).toEqual([[1, 2, 3], [4], [5, 6]]);
    expect([consumer.processed, consumer.failed, consumer.running, clock.pending]).toEqual([6, 0, 0, 0]);
  });

  it('runs the work of twenty tenants in the context of each, never in another one', async () => {
    const seen: (readonly [number, OrchestrationContext | undefined, string])[] = [];
    const note = (item: number, where: string): void => void seen.push([item, currentContext(), where]);
    const { clock, queue, consumer, sleep } = aRig(
      async ([item = NaN]) => {
        note(item, 'at once');
        await undefined;
        note(item, 'after a microtask');
        await aTurn();
        note(item, 'after a turn');
        await sleep(1 + (item % 5));
        note(item, 'after a timer');
        if (item % 3 === 0) throw new Error('odd one out');
      },
      { concurrency: 4, onFailed: () => note(NaN, 'hook') },
    );
    consumer.start();
    const contexts = Array.from({ length: 20 }, (_, i) => (i % 7 === 6 ? undefined : context(`tenant-${i}`)));
    await Promise.all(
      contexts.map((own, item) =>
        runInContext(own, async () => {
          for (let i = 0; i < item % 4; i += 1) await undefined;
          queue.offer(item);
        }),
      ),
    );
    await clock.advance(100);

    expect(consumer.processed + consumer.failed).toBe(20);
    expect(seen.filter(([, , where]) => where !== 'hook')).toHaveLength(80);
    for (const [item, own, where] of seen) {
      // By identity: contexts keep what they hold to themselves, and would all be equal.
      expect([item, where, own === (where === 'hook' ? undefined : contexts[item])]).toEqual([
        item,
        where,
        true,
      ]);
    }
  });

  it('passes on nothing else of the call it was made in or of the producer that woke it', async () => {
    const trace = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { queue } = trace.run('span of the first call', () => {
      const rig = aRig(async (items) => void seen.push([items[0], trace.getStore()]));
      rig.consumer.start();
      return rig;
    });
    trace.run('span of the first', () => queue.offer(1));
    trace.run('span of the second', () => queue.offer(2));
    await aTurn();
    trace.run('span of the third', () => queue.offer(3));
    await aTurn();
    expect(seen).toEqual([
      [1, undefined],
      [2, undefined],
      [3, undefined],
    ]);
  });

  it('never has more batches in work than its concurrency, uses all of it, and accounts for each item', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.record({ takes: fc.nat(20), fails: fc.boolean(), pause: fc.nat(5) }), {
          minLength: 1,
          maxLength: 40,
        }),
        async (concurrency, batchSize, jobs) => {
          let [running, most] = [0, 0];
          const order: number[] = [];
          const { clock, queue, consumer, sleep } = aRig(
            async (items) => {
              running += 1;
              most = Math.max(most, running);
              order.push(...items);
              const job = jobs[items[0] ?? 0];
              if (job !== undefined && job.takes > 0) await sleep(job.takes);
              running -= 1;
              if (job?.fails === true) throw new Error('failed');
            },
            { concurrency, batchSize },
          );
          consumer.start();
          for (const [item, job] of jobs.entries()) {
            queue.offer(item);
            if (job.pause > 0) await clock.advance(job.pause);
            expect(consumer.running).toBe(running);
            if (queue.depth > 0) expect(running === concurrency || job.pause === 0).toBe(true);
          }
          await clock.advance(1_000);
          expect(most).toBeLessThanOrEqual(concurrency);
          expect(order).toEqual(jobs.map((_, item) => item));
          expect([consumer.processed + consumer.failed, queue.taken, consumer.running]).toEqual([
            jobs.length,
            jobs.length,
            0,
          ]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reports every kind of failure with its batch, goes on, and leaves no rejection unhandled', async () => {
    const failures: unknown[] = [];
    const own = context('a');
    const error = (kind: string): Error => new Error(kind);
    const outcomes: readonly (() => unknown)[] = [
      () => {
        throw error('thrown');
      },
      () => Promise.reject(error('rejected')),
      async () => {
        await undefined;
        throw error('rejected later');
      },
      () => ({ then: (_ok: unknown, fail: (reason: unknown) => void) => fail(error('foreign promise')) }),
      () => ({
        then: () => {
          throw error('throwing then');
        },
      }),
      () => ({
        get then(): never {
          throw error('throwing getter');
        },
      }),
      () => StepResult.fail('returned failure'),
      () => Promise.resolve(StepResult.fail('resolved failure')),
      () => StepResult.skip('nothing to do'),
      () => undefined,
    ];
    const { queue, consumer } = aRig((items) => outcomes[items.splice(0)[0] ?? 0]?.(), {
      onFailed: (reason, items, where) => {
        failures.push([(reason as Error).message, items, where === own]);
        throw error('broken hook');
      },
    });
    consumer.start();
    runInContext(own, () => outcomes.forEach((_, item) => queue.offer(item)));
    for (let i = 0; i < 5; i += 1) await aTurn();
    const messages = [
      'thrown',
      'rejected',
      'rejected later',
      'foreign promise',
      'throwing then',
      'throwing getter',
    ];
    expect(failures).toEqual([...messages, 'returned failure', 'resolved failure'].map((m) => [m, 1, true]));
    expect([consumer.processed, consumer.failed, consumer.running]).toEqual([2, 8, 0]);
    // A rejection that nobody handles would fail this test within these turns: Jest sees to it.
    for (let i = 0; i < 3; i += 1) await aTurn();
  });

  it('hands a returned failure on as the error that carries it', async () => {
    const failure = StepResult.fail('no room', { errorCategory: 'storage_full' });
    let seen: unknown;
    const { queue, consumer } = aRig(() => failure, { onFailed: (error) => (seen = error) });
    consumer.start();
    queue.offer(1);
    await aTurn();
    expect(seen).toBeInstanceOf(StepFailure);
    expect((seen as StepFailure).result).toBe(failure);
  });

  it('gives the process its turn after 10 ms of work that never waits for anything', async () => {
    for (const kind of ['sync', 'async', 'idle between'] as const) {
      let [ticks, handled] = [0, 0];
      const clock = new FakeClock();
      const slow = { ...systemClock, monotonic: () => clock.monotonic() + ticks };
      const queue = new BoundedQueue<number>({ name: 'hot', capacity: 10 });
      const refill = (): void => void queue.offer(handled);
      const consumer = new QueueConsumer<number>({
        queue,
        clock: slow,
        handler: () => {
          handled += 1;
          ticks += 1;
          if (kind === 'sync') return refill();
          if (kind === 'async') return Promise.resolve().then(refill);
          // The queue is empty when this batch ends, and the consumer has to be woken again.
          void (async () => {
            for (let i = 0; i < 6; i += 1) await undefined;
            refill();
          })();
          return undefined;
        },
      });
      consumer.start();
      refill();
      await aTurn();
      expect([kind, handled]).toEqual([kind, 10]);
      await aTurn();
      await aTurn();
      expect([kind, handled > 10 && handled <= 30]).toEqual([kind, true]);
      await consumer.stop();
      const before = handled;
      await aTurn();
      await aTurn();
      expect(handled).toBe(before);
    }
  });

  it('gives the process its turn after 1,000 batches where the clock stands still', async () => {
    let handled = 0;
    const { queue, consumer } = aRig((_items, _signal, rig) => {
      handled += 1;
      rig.queue.offer(handled);
    });
    consumer.start();
    queue.offer(0);
    await aTurn();
    expect(handled).toBe(1_000);
    await consumer.stop();
  });

  it('lets running batches end when stopped, takes no others, and starts again', async () => {
    const done: number[] = [];
    const { clock, queue, consumer } = aRig(async ([item = NaN], signal, { sleep }) => {
      await sleep(10);
      expect(signal.aborted).toBe(false);
      done.push(item);
    });
    consumer.start();
    for (const item of [1, 2, 3]) queue.offer(item);
    await clock.advance(5);
    const stops = [consumer.stop(), consumer.stop({ deadlineMs: 1_000 })];
    expect(consumer.state).toBe('stopping');
    await clock.advance(5);
    await Promise.all(stops);
    expect([done, consumer.state, queue.depth, clock.pending]).toEqual([[1], 'stopped', 2, 0]);
    await consumer.stop();
    queue.offer(4);
    await clock.advance(100);
    expect(done).toEqual([1]);

    consumer.start();
    await clock.advance(100);
    expect([done, consumer.state, consumer.processed]).toEqual([[1, 2, 3, 4], 'running', 4]);
  });

  it('fires the signal of running batches at the deadline or when its own fires, and then ends the wait', async () => {
    for (const by of ['deadline', 'signal', 'aborted signal'] as const) {
      const reasons: unknown[] = [];
      const controller = new AbortController();
      const { clock, queue, consumer } = aRig(
        ([item], signal) =>
          new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason);
              // The first heeds its signal, in its own time; the second never ends.
              if (item === 1) void microtasks(20).then(resolve);
            });
          }),
        { concurrency: 2 },
      );
      consumer.start();
      for (const item of [1, 2]) queue.offer(item);
      await aTurn();
      expect(consumer.running).toBe(2);
      const reason = new Error('host stops');
      if (by === 'aborted signal') controller.abort(reason);
      const stopped = consumer.stop(by === 'deadline' ? { deadlineMs: 50 } : { signal: controller.signal });
      if (by === 'deadline') {
        await clock.advance(49);
        expect([consumer.state, reasons]).toEqual(['stopping', []]);
        await clock.advance(1);
      } else if (by === 'signal') controller.abort(reason);
      await stopped;
      expect([consumer.state, consumer.running, consumer.processed, clock.pending]).toEqual([
        'stopped',
        1,
        1,
        0,
      ]);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      expect(reasons.map((r) => (r as Error).message)).toEqual(
        Array(2).fill(
          by === 'deadline'
            ? 'The consumer of queue "signals" was still busy 50 ms after it was told to stop.'
            : 'host stops',
        ),
      );
    }
    const { consumer } = aRig(() => undefined);
    expect(() => consumer.stop({ deadlineMs: -1 })).toThrow(RangeError);
  });

  it('aborts only what is in work, and keeps the place of what ignores it', async () => {
    const aborted: number[] = [];
    const release: (() => void)[] = [];
    const { queue, consumer } = aRig(([item = NaN], signal) => {
      signal.addEventListener('abort', () => aborted.push(item));
      return new Promise<void>((resolve) => release.push(resolve));
    });
    consumer.start();
    for (const item of [1, 2]) queue.offer(item);
    await aTurn();
    consumer.abort('enough');
    await aTurn();
    expect([aborted, consumer.running, queue.depth]).toEqual([[1], 1, 1]);
    release[0]?.();
    await aTurn();
    expect([aborted, consumer.running, queue.depth]).toEqual([[1], 1, 0]);
    release[1]?.();
    await aTurn();
    expect([consumer.processed, consumer.running]).toEqual([2, 0]);
  });

  it('never hands out a signal that has fired or on which somebody still listens, nor one that is in use', async () => {
    const leave: (() => void)[] = [];
    const seen: AbortSignal[] = [];
    const { queue, consumer } = aRig(
      ([item], signal) => {
        seen.push(signal);
        expect([signal.aborted, getEventListeners(signal, 'abort').length]).toEqual([false, 0]);
        if (item === 1) signal.addEventListener('abort', () => undefined);
        if (item === 2) consumer.abort();
        if (item === 3) return new Promise<void>((resolve) => leave.push(resolve));
        return undefined;
      },
      { concurrency: 2 },
      { capacity: 2_000 },
    );
    consumer.start();
    for (let item = 0; item < 1_000; item += 1) queue.offer(item);
    await aTurn();
    await aTurn();
    leave[0]?.();
    await aTurn();
    expect([seen.length, consumer.processed, consumer.failed]).toEqual([1_000, 1_000, 0]);
    const [held, ...others] = [seen[3], ...seen.slice(4)];
    expect(others).not.toContain(held);
    expect(new Set(seen).size).toBeLessThan(20);
    // What cannot be seen to hang on a signal goes with it: none serves for ever.
    for (const signal of new Set(seen))
      expect(seen.filter((other) => other === signal).length).toBeLessThanOrEqual(100);
  });

  it('drains what is left, also what waits for room, and then is stopped', async () => {
    const done: number[] = [];
    const { clock, queue, consumer } = aRig(
      async ([item = NaN], _signal, { sleep }) => {
        await sleep(10);
        done.push(item);
      },
      { concurrency: 2 },
      { capacity: 2, overflow: 'block' },
    );
    const puts = [1, 2, 3, 4, 5].map((item) => queue.put(item));
    const controller = new AbortController();
    // Never started: what is left is worked off all the same.
    const drained = Promise.all([consumer.drain(controller.signal), consumer.drain(controller.signal)]);
    expect(consumer.state).toBe('draining');
    await clock.advance(25);
    expect([done, consumer.state]).toEqual([[1, 2, 3, 4], 'draining']);
    await clock.advance(5);
    await drained;
    expect([done, consumer.state, queue.depth]).toEqual([[1, 2, 3, 4, 5], 'stopped', 0]);
    expect((await Promise.all(puts)).every((result) => result.success)).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    queue.offer(6);
    await clock.advance(50);
    expect(done).toHaveLength(5);
  });

  it('ends a drain when its signal fires, on stop and on start, and leaves the rest in the queue', async () => {
    for (const by of ['abort', 'stop', 'start', 'aborted before'] as const) {
      const { clock, queue, consumer, sleep } = aRig(() => sleep(10));
      const controller = new AbortController();
      for (const item of [1, 2, 3]) queue.offer(item);
      if (by === 'aborted before') controller.abort();
      else consumer.start();
      await clock.advance(5);
      let over = false;
      const drained = consumer.drain(controller.signal).then(() => (over = true));
      if (by === 'abort') controller.abort();
      if (by === 'stop') void consumer.stop();
      if (by === 'start') consumer.start();
      await drained;
      expect([by, over, queue.depth]).toEqual([by, true, by === 'aborted before' ? 3 : 2]);
      await clock.advance(100);
      expect([by, consumer.state, queue.depth]).toEqual(
        by === 'start' ? [by, 'running', 0] : [by, 'stopped', by === 'aborted before' ? 3 : 2],
      );
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    }
  });

  it('resolves a stop that still waits when it is started again', async () => {
    const { clock, queue, consumer, sleep } = aRig(() => sleep(10));
    consumer.start();
    for (const item of [1, 2]) queue.offer(item);
    await clock.advance(5);
    const stopped = consumer.stop({ deadlineMs: 100 });
    consumer.start();
    await stopped;
    await clock.advance(200);
    expect([consumer.state, consumer.processed, clock.pending]).toEqual(['running', 2, 0]);
  });

  it('loses nothing that was accepted over a stop at any moment', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.nat(30),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(8),
        async (stopAt, graceMs, concurrency, depth) => {
          const ledger = { accepted: new Set<number>(), refused: 0, begun: [] as number[] };
          const { clock, queue, consumer, sleep } = aRig(
            async (items) => {
              ledger.begun.push(...items);
              await sleep(3);
            },
            { concurrency, batchSize: 2 },
            { capacity: 5 },
          );
          consumer.start();
          const producer = (async () => {
            for (let item = 0; item < 60; item += 1) {
              if (queue.offer(item).success) ledger.accepted.add(item);
              else ledger.refused += 1;
              if (item % 3 === 0) await sleep(2);
            }
          })();
          await clock.advance(stopAt);
          for (let i = 0; i < depth; i += 1) await undefined;
          queue.close();
          const grace = new AbortController();
          clock.setTimeout(() => grace.abort(), graceMs);
          const drained = consumer.drain(grace.signal);
          await clock.advance(100);
          await drained;
          await consumer.stop();
          const left = queue.drainRemaining();
          await producer;

          expect(ledger.begun).toEqual([...ledger.accepted].slice(0, ledger.begun.length));
          expect(ledger.begun.length + left).toBe(ledger.accepted.size);
          expect(consumer.processed).toBe(ledger.begun.length);
          expect([queue.refused, queue.offered]).toEqual([ledger.refused, 60]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses a batchSize or concurrency that makes no sense', () => {
    expect(() => aRig(() => undefined, { batchSize: 0 })).toThrow(
      new RangeError('batchSize of queue "signals" must be an integer >= 1, got 0'),
    );
    expect(() => aRig(() => undefined, { concurrency: 1.5 })).toThrow(
      new RangeError('concurrency of queue "signals" must be an integer >= 1, got 1.5'),
    );
  });

  it('hands a failed batch over again, whole and in its place, until it is told not to', async () => {
    const seen: string[] = [];
    const asked: string[] = [];
    const tenant = context('acme');
    const { clock, queue, consumer } = aRig(
      (items) => {
        seen.push(`${items.join()} of ${currentContext()?.tenantId}`);
        if (items[0] === 1) {
          items.length = 0;
          throw new Error('busy');
        }
        return items[0] === 2 ? StepResult.fail('no') : undefined;
      },
      {
        batchSize: 2,
        retry: ({ error, thrown, items, attempt, context: of }) => {
          asked.push(`${(error as Error).message} ${thrown} ${items} ${attempt} ${of?.tenantId}`);
          return attempt < 3 && thrown ? 50 : undefined;
        },
      },
    );
    consumer.start();
    runInContext(tenant, () => [1, 5, 2].forEach((item) => queue.offer(item)));
    await aTurn();
    expect([seen, consumer.running]).toEqual([['1,5 of acme'], 1]);
    await clock.advance(49);
    expect(seen).toHaveLength(1);
    await clock.advance(1);
    await clock.advance(50);
    await aTurn();
    expect(seen).toEqual(['1,5 of acme', '1,5 of acme', '1,5 of acme', '2 of acme']);
    expect(asked).toEqual([
      'busy true 2 1 acme',
      'busy true 2 2 acme',
      'busy true 2 3 acme',
      'no false 1 1 acme',
    ]);
    expect([consumer.processed, consumer.failed, consumer.running, clock.pending]).toEqual([0, 3, 0, 0]);
  });

  it('works off a batch that waits for another attempt when it drains, and gives it up when it is aborted', async () => {
    let fails = 1;
    const failed: unknown[] = [];
    const handler = async (): Promise<void> => {
      if (fails-- > 0) throw new Error('busy');
    };
    const { clock, queue, consumer } = aRig(handler, {
      retry: () => 100,
      onFailed: (error, items) => failed.push([(error as Error).message, items]),
    });
    consumer.start();
    queue.offer(1);
    await aTurn();
    const drained = consumer.drain(new AbortController().signal);
    queue.offer(2);
    await clock.advance(100);
    await drained;
    expect([consumer.processed, consumer.state, failed]).toEqual([2, 'stopped', []]);

    fails = 100;
    consumer.start();
    queue.offer(3);
    await aTurn();
    expect([consumer.running, clock.pending]).toEqual([1, 1]);
    consumer.abort(new Error('enough'));
    expect([consumer.running, clock.pending, consumer.failed, failed]).toEqual([0, 0, 1, [['busy', 1]]]);
    // What waits goes on: an abort is of what was in work.
    fails = 0;
    queue.offer(4);
    await aTurn();
    expect(consumer.processed).toBe(3);
  });

  it('does not hand over again what was aborted while it was asked whether to', async () => {
    let handed = 0;
    const { clock, queue, consumer } = aRig(
      async () => {
        handed += 1;
        throw new Error('busy');
      },
      {
        retry: () => {
          consumer.abort(new Error('enough'));
          return 100;
        },
      },
    );
    consumer.start();
    queue.offer(1);
    await aTurn();
    expect([handed, consumer.running, consumer.failed, clock.pending]).toEqual([1, 0, 1, 0]);
  });
});
