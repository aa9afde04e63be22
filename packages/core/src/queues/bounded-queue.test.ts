import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { runInContext } from '../ambient.js';
import { OrchestrationContext } from '../context.js';
import type { QueueOverflow } from '../orchestrator/options.js';
import type { StepResult } from '../step-result.js';
import { BoundedQueue, type BoundedQueueOptions, type QueueBatch } from './bounded-queue.js';

const context = (tenantId: string, requestId = `${tenantId}-1`): OrchestrationContext =>
  new OrchestrationContext({ tenantId, requestId });

const aQueue = (options: Partial<BoundedQueueOptions> = {}): BoundedQueue<number> =>
  new BoundedQueue<number>({ name: 'signals', capacity: 2, ...options });

/** A batch by its items and the identity of its context: contexts hide what they hold, and would all be equal. */
const isBatch = (batch: QueueBatch<number> | undefined, items: number[], where: unknown): void => {
  expect(batch?.items).toEqual(items);
  expect(batch?.context === where).toBe(true);
};

const microtasks = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await undefined;
};

const balanced = (queue: BoundedQueue<number>): boolean =>
  queue.offered === queue.taken + queue.depth + queue.dropped + queue.refused + queue.undelivered;

const kindOf = (result: StepResult<unknown> | undefined): string =>
  result === undefined ? 'waiting' : result.status === 'failed' ? result.errorCategory : result.status;

describe('BoundedQueue', () => {
  it('takes up to its capacity and refuses what is more, with the next step in the message', () => {
    const lost: unknown[] = [];
    const a = context('a');
    const queue = aQueue({ onRefused: (depth, lostIn) => lost.push([depth, lostIn === a]) });
    expect([queue.name, queue.capacity, queue.overflow]).toEqual(['signals', 2, 'reject']);
    expect(queue.offer(1)).toMatchObject({ status: 'ok', data: { depth: 1 } });
    expect(queue.offer(2)).toMatchObject({ status: 'ok', data: { depth: 2 } });
    expect(runInContext(a, () => queue.offer(3))).toMatchObject({
      status: 'failed',
      errorCategory: 'service_overloaded',
      retryable: true,
      error: 'Queue "signals" is full: 2 items wait. Offer the item again later, or raise the capacity.',
    });
    expect([queue.depth, queue.refused, queue.dropped, lost]).toEqual([2, 1, 0, [[2, true]]]);
    isBatch(queue.takeBatch(10), [1, 2], undefined);
    expect(queue.takeBatch(10)).toBeUndefined();
    expect(new BoundedQueue({ name: 'plain' }).capacity).toBe(1_000);
  });

  it('gives up the oldest for the newest with overflow drop-oldest, and says whose it was', () => {
    const lost: unknown[] = [];
    const [a, b] = [context('a'), context('b')];
    const queue = aQueue({
      overflow: 'drop-oldest',
      onDropped: (depth, lostIn) => lost.push([depth, lostIn === a]),
    });
    runInContext(a, () => queue.offer(1));
    for (const item of [2, 3]) runInContext(b, () => queue.offer(item));
    expect([queue.depth, queue.dropped, queue.refused, lost]).toEqual([2, 1, 0, [[2, true]]]);
    isBatch(queue.takeBatch(10), [2, 3], b);
    expect(queue.offered).toBe(3);
  });

  it('serves waiting puts in order, before any newcomer', async () => {
    const queue = aQueue({ capacity: 1, overflow: 'block' });
    const order: string[] = [];
    const put = (item: number): Promise<unknown> =>
      queue.put(item).then((r) => order.push(`${item} ${r.status}`));
    const puts = [put(1), put(2), put(3)];
    expect([queue.depth, queue.waiting]).toEqual([1, 2]);
    expect(kindOf(queue.offer(9))).toBe('service_overloaded');

    expect(queue.takeBatch(1)?.items).toEqual([1]);
    expect([queue.depth, queue.waiting]).toEqual([1, 1]);
    expect(kindOf(queue.offer(9))).toBe('service_overloaded');
    puts.push(put(4));
    expect([queue.takeBatch(1)?.items, queue.takeBatch(1)?.items, queue.takeBatch(1)?.items]).toEqual([
      [2],
      [3],
      [4],
    ]);
    await Promise.all(puts);
    expect(order).toEqual(['1 ok', '2 ok', '3 ok', '4 ok']);
    expect(balanced(queue)).toBe(true);
  });

  it('lets go of an aborted put at once, keeps the others, and leaves no listener on the signal', async () => {
    const queue = aQueue({ capacity: 1, overflow: 'block' });
    const longLived = new AbortController();
    const leaving = new AbortController();
    queue.offer(0);
    const first = queue.put(1, { signal: longLived.signal });
    const second = queue.put(2, { signal: leaving.signal });
    const third = queue.put(3, { signal: longLived.signal });
    leaving.abort(new Error('caller left'));
    expect(await second).toMatchObject({
      errorCategory: 'cancelled',
      error: 'The put into queue "signals" was aborted before the item was taken in.',
      cause: new Error('caller left'),
    });
    expect([queue.takeBatch(9)?.items, queue.takeBatch(9)?.items, queue.takeBatch(9)?.items]).toEqual([
      [0],
      [1],
      [3],
    ]);
    expect([kindOf(await first), kindOf(await third)]).toEqual(['ok', 'ok']);

    for (let i = 0; i < 2_000; i += 1) {
      void queue.put(i, { signal: longLived.signal });
      if (i % 2 === 1) queue.takeBatch(1);
    }
    expect(getEventListeners(longLived.signal, 'abort')).toHaveLength(1);
    expect(queue.waiting).toBe(999);
    queue.close();
    expect(getEventListeners(longLived.signal, 'abort')).toHaveLength(0);
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    expect(kindOf(await queue.put(1, { signal: leaving.signal }))).toBe('cancelled');
    expect(balanced(queue)).toBe(true);
  });

  it('refuses everything once closed, settles the waiting puts, and still hands out what it has', async () => {
    const lost: unknown[] = [];
    const a = context('a');
    const queue = aQueue({
      capacity: 1,
      overflow: 'block',
      onRefused: (_depth, lostIn) => lost.push(lostIn === a),
    });
    queue.offer(1);
    const waiting = runInContext(a, () => queue.put(2));
    queue.close();
    queue.close();
    const refusal = {
      errorCategory: 'service_unavailable',
      retryable: true,
      error:
        'Queue "signals" is closed and takes no more items. Offer the item again once its orchestrator runs.',
    };
    expect(await waiting).toMatchObject(refusal);
    expect(queue.offer(3)).toMatchObject(refusal);
    expect(await queue.put(4)).toMatchObject(refusal);
    expect([queue.closed, queue.refused, lost]).toEqual([true, 3, [true, false, false]]);
    expect(queue.takeBatch(1)?.items).toEqual([1]);
    expect(balanced(queue)).toBe(true);
  });

  it('counts what is removed at the end, and lets waiting puts move up where it is still open', async () => {
    const queue = aQueue({ overflow: 'block' });
    for (const item of [1, 2]) queue.offer(item);
    const waiting = queue.put(3);
    expect(queue.drainRemaining()).toBe(2);
    expect([kindOf(await waiting), queue.depth, queue.undelivered]).toEqual(['ok', 1, 2]);
    queue.close();
    expect([queue.drainRemaining(), queue.drainRemaining(), queue.undelivered]).toEqual([1, 0, 3]);
    expect(balanced(queue)).toBe(true);
  });

  it('hands out a batch in the one context of its items, or in a new one of their tenant', () => {
    const [a1, a2, b] = [context('a', 'r1'), context('a', 'r2'), context('b', 'r3')];
    const queue = aQueue({ capacity: 20 });
    const offer = (where: OrchestrationContext | undefined, ...items: number[]): void => {
      for (const item of items) runInContext(where, () => queue.offer(item));
    };
    offer(a1, 1, 2);
    offer(b, 3);
    offer(a1, 4);
    offer(a2, 5);
    offer(undefined, 6, 7);
    offer(a2, 8, 9, 10);

    isBatch(queue.takeBatch(5), [1, 2], a1);
    isBatch(queue.takeBatch(5), [3], b);
    const mixed = queue.takeBatch(5);
    expect(mixed?.items).toEqual([4, 5]);
    expect(mixed?.context).not.toBe(a1);
    expect(mixed?.context).toMatchObject({
      tenantId: 'a',
      requestId: expect.stringMatching(/^batch-[0-9a-f-]{36}$/),
    });
    expect(mixed?.context?.metadata).toEqual({});
    isBatch(queue.takeBatch(5), [6, 7], undefined);
    // A batch that is cut by its size is no reason for a new context.
    isBatch(queue.takeBatch(2), [8, 9], a2);
    isBatch(queue.takeBatch(2), [10], a2);
  });

  it('is not changed by hooks that throw, and refuses options that make no sense', () => {
    const broken = (): never => {
      throw new Error('broken hook');
    };
    const rejecting = aQueue({ capacity: 1, onRefused: broken });
    expect([1, 2].map((item) => kindOf(rejecting.offer(item)))).toEqual(['ok', 'service_overloaded']);
    const dropping = aQueue({ capacity: 1, overflow: 'drop-oldest', onDropped: broken });
    expect([1, 2].map((item) => kindOf(dropping.offer(item)))).toEqual(['ok', 'ok']);

    expect(() => aQueue({ capacity: 0 })).toThrow(
      new RangeError('capacity of queue "signals" must be an integer >= 1, got 0'),
    );
    expect(() => aQueue({ overflow: 'grow' as QueueOverflow })).toThrow(
      new RangeError('overflow of queue "signals" must be one of reject, drop-oldest, block, got grow'),
    );
  });

  it('loses nothing uncounted and keeps the order, whatever is done to it', async () => {
    const tenant = fc.constantFrom('a', 'b', undefined);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('offer' as const), tenant }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), tenant, signal: fc.nat(3) }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('take' as const), max: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), signal: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('tick' as const), count: fc.nat(8) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'close' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<QueueOverflow>('reject', 'drop-oldest', 'block'),
        fc.integer({ min: 1, max: 20 }),
        fc.array(step, { maxLength: 120 }),
        async (overflow, capacity, steps) => {
          let refusedTold = 0;
          let droppedTold = 0;
          const queue = aQueue({
            overflow,
            capacity,
            onRefused: () => (refusedTold += 1),
            onDropped: () => (droppedTold += 1),
          });
          const controllers = Array.from({ length: 4 }, () => new AbortController());
          const contexts = new Map([
            ['a', context('a')],
            ['b', context('b')],
          ]);
          // The model: two plain arrays, and what each item is expected to end as.
          interface Item {
            readonly id: number;
            readonly tenant: string | undefined;
            readonly signal: AbortSignal | undefined;
          }
          let waiting: Item[] = [];
          let line: Item[] = [];
          let closed = false;
          let [ids, taken, dropped, undelivered] = [0, 0, 0, 0];
          const expected = new Map<number, string>();
          const actual = new Map<number, StepResult<unknown>>();
          const promised: Promise<void>[] = [];
          const settled = new Map<number, number>();
          const arrive = (item: Item, mayWait: boolean): void => {
            if (item.signal?.aborted === true) expected.set(item.id, 'cancelled');
            else if (closed) expected.set(item.id, 'service_unavailable');
            else if (waiting.length < capacity || overflow === 'drop-oldest') {
              if (waiting.length === capacity) {
                waiting.shift();
                dropped += 1;
              }
              waiting.push(item);
              expected.set(item.id, 'ok');
            } else if (mayWait && overflow === 'block') line.push(item);
            else expected.set(item.id, 'service_overloaded');
          };
          const moveUp = (): void => {
            while (line.length > 0 && waiting.length < capacity) {
              const item = line.shift() as Item;
              waiting.push(item);
              expected.set(item.id, 'ok');
            }
          };

          for (const now of steps) {
            if (now.do === 'offer') {
              const id = (ids += 1);
              arrive({ id, tenant: now.tenant, signal: undefined }, false);
              actual.set(
                id,
                runInContext(contexts.get(now.tenant ?? ''), () => queue.offer(id)),
              );
            } else if (now.do === 'put') {
              const id = (ids += 1);
              const signal = controllers[now.signal]?.signal as AbortSignal;
              arrive({ id, tenant: now.tenant, signal }, true);
              const put = runInContext(contexts.get(now.tenant ?? ''), () => queue.put(id, { signal }));
              promised.push(
                put.then((result) => {
                  actual.set(id, result);
                  settled.set(id, (settled.get(id) ?? 0) + 1);
                }),
              );
            } else if (now.do === 'take') {
              const batch = queue.takeBatch(now.max);
              const head = waiting[0];
              let size = head === undefined ? 0 : 1;
              while (
                size > 0 &&
                size < now.max &&
                size < waiting.length &&
                waiting[size]?.tenant === head?.tenant
              )
                size += 1;
              const items = waiting.splice(0, size);
              taken += size;
              moveUp();
              expect(batch?.items ?? []).toEqual(items.map(({ id }) => id));
              expect(batch?.context).toBe(contexts.get(head?.tenant ?? ''));
            } else if (now.do === 'abort') {
              const { signal } = controllers[now.signal] as AbortController;
              for (const item of line) if (item.signal === signal) expected.set(item.id, 'cancelled');
              line = line.filter((item) => item.signal !== signal);
              controllers[now.signal]?.abort();
            } else if (now.do === 'tick') {
              await microtasks(now.count);
            } else if (now.do === 'drain') {
              undelivered += waiting.length;
              expect(queue.drainRemaining()).toBe(waiting.length);
              waiting = [];
              moveUp();
            } else {
              closed = true;
              for (const item of line) expected.set(item.id, 'service_unavailable');
              line = [];
              queue.close();
            }
            expect([queue.depth, queue.waiting, queue.taken, queue.dropped, queue.undelivered]).toEqual([
              waiting.length,
              line.length,
              taken,
              dropped,
              undelivered,
            ]);
            expect(balanced(queue)).toBe(true);
            expect([refusedTold, droppedTold]).toEqual([queue.refused, queue.dropped]);
          }
          queue.close();
          for (const item of line) expected.set(item.id, 'service_unavailable');
          await Promise.all(promised);
          for (const [id, kind] of expected) expect(`${id} ${kindOf(actual.get(id))}`).toBe(`${id} ${kind}`);
          expect(actual.size).toBe(ids);
          expect([...settled.values()].every((times) => times === 1)).toBe(true);
          for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('settles a waiting put exactly once, whichever of take, abort and close comes first', async () => {
    for (let takeAt = 0; takeAt <= 8; takeAt += 1) {
      for (let abortAt = 0; abortAt <= 8; abortAt += 1) {
        for (let closeAt = 0; closeAt <= 8; closeAt += 1) {
          const queue = aQueue({ capacity: 1, overflow: 'block' });
          const controller = new AbortController();
          queue.offer(0);
          const delivered: number[] = [];
          const results: StepResult<unknown>[] = [];
          const put = queue.put(1, { signal: controller.signal }).then((result) => results.push(result));
          const at = async (depth: number, act: () => void): Promise<void> => {
            await microtasks(depth);
            act();
          };
          await Promise.all([
            at(takeAt, () => delivered.push(...(queue.takeBatch(1)?.items ?? []))),
            at(abortAt, () => controller.abort()),
            at(closeAt, () => queue.close()),
          ]);
          await put;
          delivered.push(...(queue.takeBatch(1)?.items ?? []));

          // Equal depths act in the order they are written above.
          const first = Math.min(takeAt, abortAt, closeAt);
          const winner = takeAt === first ? 'ok' : abortAt === first ? 'cancelled' : 'service_unavailable';
          expect([takeAt, abortAt, closeAt, ...results.map(kindOf)]).toEqual([
            takeAt,
            abortAt,
            closeAt,
            winner,
          ]);
          expect(delivered).toEqual(winner === 'ok' ? [0, 1] : [0]);
          expect(balanced(queue)).toBe(true);
          expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
        }
      }
    }
  });
});
