import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';

import { ResilienceError } from '../resilience-error.js';
import { timeout } from '../timeout/timeout.js';
import { bulkhead } from './bulkhead.js';
import type { BulkheadOptions } from './bulkhead-options.js';

/** Work whose end is in the hands of the test. */
function aGate() {
  let open: (value: string) => void = () => undefined;
  const done = new Promise<string>((resolve) => {
    open = resolve;
  });
  return { open, work: () => done };
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await Promise.resolve();
};

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof ResilienceError ? error.code : String(error)),
  );

const setUp = (options: BulkheadOptions = {}) => {
  const clock = new FakeClock();
  return { clock, policy: bulkhead({ clock, ...options }) };
};

describe('bulkhead', () => {
  it('runs so many at once, lets so many wait, and refuses the rest at once', async () => {
    const { policy } = setUp({ maxConcurrent: 2, maxQueued: 1 });
    const gates = [aGate(), aGate(), aGate()];
    const running = gates.map(({ work }) => policy.execute(work));
    const refused = policy.execute(() => 'never');
    expect(policy.stats).toMatchObject({ running: 2, queued: 1, refused: 1 });
    await expect(refused).rejects.toMatchObject({
      code: 'BULKHEAD_FULL',
      message: 'bulkhead: refused, because all slots are taken, and 1 executions wait. Try again later.',
      result: { errorCategory: 'service_overloaded', retryable: true },
    });
    for (const [index, gate] of gates.entries()) gate.open(`value ${index}`);
    expect(await Promise.all(running)).toEqual(['value 0', 'value 1', 'value 2']);
    expect(policy.stats).toMatchObject({ running: 0, queued: 0 });
    expect(policy.isIdle).toBe(true);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'hands a slot over to who waits, however many microtasks after the release a newcomer comes (%i)',
    async (depth) => {
      const { policy } = setUp({ maxConcurrent: 1, maxQueued: 1 });
      let running = 0;
      let most = 0;
      const order: string[] = [];
      const body =
        (name: string, done: Promise<unknown> = turns(3)) =>
        async () => {
          most = Math.max(most, (running += 1));
          order.push(name);
          await done;
          running -= 1;
          return name;
        };
      const gate = aGate();
      const first = policy.execute(body('first', gate.work()));
      const waiting = policy.execute(body('waiting'));
      gate.open('');
      await turns(depth);
      const newcomer = codeOf(policy.execute(body('newcomer')));
      expect(await first).toBe('first');
      expect(await waiting).toBe('waiting');
      await newcomer;
      expect(order.slice(0, 2)).toEqual(['first', 'waiting']);
      expect(most).toBe(1);
      expect(policy.isIdle).toBe(true);
    },
  );

  it('stays in order however many microtasks after an abort, a time-out or the end of abandoned work a newcomer comes', async () => {
    for (const event of ['abort', 'expiry', 'late end'] as const) {
      for (let depth = 0; depth <= 8; depth += 1) {
        const { clock, policy } = setUp({ maxConcurrent: 1, maxQueued: 2, maxWaitMs: 100 });
        const limit = timeout({ ms: 50, clock });
        const order: string[] = [];
        const gate = aGate();
        const cancel = new AbortController();
        const first =
          event === 'late end'
            ? policy.execute((attempt) => limit.execute(gate.work, attempt))
            : policy.execute(gate.work);
        const codes = [codeOf(first)];
        const enter = (name: string, options = {}): void => {
          codes.push(codeOf(policy.execute(() => order.push(name), options)));
        };
        enter('gives up', { signal: cancel.signal, ...(event === 'expiry' ? { expiresAt: 60 } : {}) });
        enter('waits');
        await clock.advance(event === 'late end' ? 50 : 0);
        if (event === 'abort') cancel.abort();
        else if (event === 'expiry') await clock.advance(60);
        else gate.open('');
        await turns(depth);
        enter('newcomer');
        gate.open('');
        await Promise.all(codes);
        const given = event === 'late end' ? ['gives up', 'waits', 'newcomer'] : ['waits', 'newcomer'];
        expect(order).toEqual(given.slice(0, order.length));
        expect(order.length).toBeGreaterThanOrEqual(given.length - 1);
        expect(policy.isIdle).toBe(true);
      }
    }
  });

  it('answers every one of 20,000 calls once, and lets half of those that wait go while the others stay', async () => {
    const { policy } = setUp({ maxConcurrent: 25, maxQueued: 1_000 });
    const gate = aGate();
    const cancel = new AbortController();
    const counts: Record<string, number> = {};
    const answers: Promise<void>[] = [];
    for (let i = 0; i < 20_000; i += 1) {
      const answer = policy.execute(gate.work, i % 2 === 0 ? {} : { signal: cancel.signal });
      answers.push(codeOf(answer).then((code) => void (counts[code] = (counts[code] ?? 0) + 1)));
    }
    expect(policy.stats).toMatchObject({ running: 25, queued: 1_000, refused: 18_975 });
    cancel.abort();
    await turns(5);
    expect(policy.stats.queued).toBe(500);
    expect(counts['CANCELLED']).toBe(500);
    gate.open('done');
    await Promise.all(answers);
    expect(counts).toEqual({ ok: 525, CANCELLED: 500, BULKHEAD_FULL: 18_975 });
    expect(policy.isIdle).toBe(true);
  }, 30_000);

  it('never runs too many, never refuses what has begun, keeps the order and loses nothing, whatever happens', async () => {
    const call = fc.record({
      at: fc.integer({ min: 0, max: 60 }),
      lastsMs: fc.integer({ min: 0, max: 40 }),
      cancelAfter: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
      budgetMs: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
      fails: fc.boolean(),
      key: fc.constantFrom('a', 'b', 'c'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 6 }),
        fc.boolean(),
        async (calls, maxConcurrent, maxQueued, isFair) => {
          const { clock, policy } = setUp({
            maxConcurrent,
            maxQueued,
            maxWaitMs: 25,
            ...(isFair ? { fairness: {} } : {}),
          });
          let running = 0;
          const started: { index: number; key: string; at: number }[] = [];
          const outcomes = new Map<number, string>();
          for (const [index, { at, lastsMs, cancelAfter, budgetMs, fails, key }] of calls.entries()) {
            clock.setTimeout(() => {
              const cancel = new AbortController();
              if (cancelAfter !== undefined) clock.setTimeout(() => cancel.abort(), cancelAfter);
              const answer = policy.execute(
                async () => {
                  running += 1;
                  expect(running).toBeLessThanOrEqual(maxConcurrent);
                  started.push({ index, key, at });
                  await new Promise<void>((resolve) => {
                    clock.setTimeout(resolve, lastsMs);
                  });
                  running -= 1;
                  if (fails) throw new Error('failed');
                },
                {
                  key,
                  signal: cancel.signal,
                  ...(budgetMs === undefined ? {} : { expiresAt: clock.monotonic() + budgetMs }),
                },
              );
              void codeOf(answer).then((code) => outcomes.set(index, code));
            }, at);
          }
          await clock.advance(3_000);
          expect(outcomes.size).toBe(calls.length);
          expect(policy.stats).toMatchObject({ running: 0, queued: 0, abandoned: 0 });
          expect(policy.isIdle).toBe(true);
          const begun = new Set(started.map(({ index }) => index));
          for (const [index, outcome] of outcomes) {
            expect(begun.has(index)).toBe(['ok', 'Error: failed'].includes(outcome));
          }
          for (const lane of isFair ? ['a', 'b', 'c'] : [undefined]) {
            const own = started.filter(({ key }) => lane === undefined || key === lane);
            const inOrder = [...own].sort((one, other) => one.at - other.at || one.index - other.index);
            expect(own).toEqual(inOrder);
          }
        },
      ),
      { numRuns: 120 },
    );
  }, 30_000);

  it('lets a waiting caller go at once when it cancels, and goes on with the others', async () => {
    const { clock, policy } = setUp({ maxConcurrent: 1 });
    const gate = aGate();
    const first = policy.execute(gate.work);
    const cancel = new AbortController();
    const why = new Error('not needed any more');
    const second = policy.execute(() => 'never', { signal: cancel.signal });
    const third = policy.execute(() => 'third');
    cancel.abort(why);
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED', cause: why });
    expect(policy.stats).toMatchObject({ running: 1, queued: 1, cancelled: 1 });
    gate.open('first');
    expect(await Promise.all([first, third])).toEqual(['first', 'third']);
    expect(clock.keptAlive).toBe(0);
  });

  it('passes the slot on where its new owner cancels before it could use it', async () => {
    const { policy } = setUp({ maxConcurrent: 1 });
    const gate = aGate();
    const cancel = new AbortController();
    const first = policy.execute(gate.work);
    // Runs right after the bulkhead has heard that the work has ended.
    void gate.work().then(() => {
      cancel.abort();
    });
    const second = codeOf(policy.execute(() => 'never', { signal: cancel.signal }));
    const third = policy.execute(() => 'third');
    gate.open('first');
    await first;
    expect([await second, await third]).toEqual(['CANCELLED', 'third']);
    expect(policy.stats).toMatchObject({ running: 0, cancelled: 1 });
  });

  it('refuses who waits too long, and says which of the two times was up', async () => {
    const { clock, policy } = setUp({ maxConcurrent: 1, maxWaitMs: 100 });
    const gate = aGate();
    const first = policy.execute(gate.work);
    const patient = policy.execute(() => 'never');
    const hurried = policy.execute(() => 'never', { expiresAt: 40 });
    const late = policy.execute(() => 'never', { expiresAt: 0.5 });
    const all = [patient, hurried, late].map((each) => codeOf(each));
    await clock.advance(40);
    expect(policy.stats.queued).toBe(1);
    await clock.advance(60);
    expect(await Promise.all(all)).toEqual(['BULKHEAD_FULL', 'TIMEOUT', 'TIMEOUT']);
    await expect(patient).rejects.toThrow(
      'bulkhead: refused, because waited 100 ms for one of 1 slots. Try again later.',
    );
    await expect(hurried).rejects.toMatchObject({ result: { details: { notStarted: true } } });
    gate.open('done');
    expect(await first).toBe('done');
    expect(policy.isIdle).toBe(true);
  });

  it('holds the slot of work that goes on after its time-out, until it ends', async () => {
    const { clock, policy } = setUp({ maxConcurrent: 1 });
    const limit = timeout({ ms: 50, clock });
    const gate = aGate();
    const slow = policy.execute((attempt) => limit.execute(gate.work, attempt));
    const waiting = policy.execute(() => 'next');
    const code = codeOf(slow);
    await clock.advance(50);
    expect(await code).toBe('TIMEOUT');
    expect(policy.stats).toEqual({ running: 1, queued: 1, abandoned: 1, refused: 0, cancelled: 0 });
    gate.open('at last');
    expect(await waiting).toBe('next');
    expect(policy.stats).toMatchObject({ running: 0, queued: 0, abandoned: 0 });
  });

  it.each([false, true])('starts work in the async context of who queued it (fair: %s)', async (isFair) => {
    const { clock, policy } = setUp({ maxConcurrent: 2, ...(isFair ? { fairness: { maxShare: 1 } } : {}) });
    const tenant = new AsyncLocalStorage<string>();
    const seen = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        tenant.run(`tenant ${index}`, async () => {
          const inside = await policy.execute(
            async () => {
              const before = tenant.getStore();
              await turns(index % 4);
              return [before, tenant.getStore()];
            },
            { key: `key ${index % 7}` },
          );
          return [...inside, tenant.getStore(), `tenant ${index}`];
        }),
      ),
    );
    for (const row of seen) expect(new Set(row).size).toBe(1);
    expect(clock.keptAlive).toBe(0);
  });

  it('treats what the work throws at once as a rejection', async () => {
    const { policy } = setUp();
    const work = (): never => {
      throw new Error('at once');
    };
    await expect(policy.execute(work)).rejects.toThrow('at once');
    expect(policy.isIdle).toBe(true);
  });

  it('does not begin for a caller that has cancelled', async () => {
    const { policy } = setUp();
    expect(await codeOf(policy.execute(() => 1, { signal: AbortSignal.abort() }))).toBe('CANCELLED');
    expect(policy.isIdle).toBe(true);
  });

  it.each([
    [{ maxConcurrent: 0 }, 'bulkhead: maxConcurrent must be an integer >= 1, got 0. Correct the option.'],
    [{ maxQueued: -1 }, 'bulkhead: maxQueued must be an integer >= 0, got -1. Correct the option.'],
    [
      { maxWaitMs: 0 },
      'bulkhead: maxWaitMs must be a number of milliseconds from 1 to 2147483647, got 0. Correct the option.',
    ],
    [
      { fairness: { maxShare: 0 } },
      'bulkhead: fairness.maxShare must be a number from 5e-324 to 1, got 0. Correct the option.',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => bulkhead(options)).toThrow(message);
  });
});

describe('bulkhead with fairness', () => {
  const fair = (options: BulkheadOptions = {}) => setUp({ fairness: {}, ...options });

  it('keeps a share of the slots and of the places free for others', async () => {
    const { policy } = fair({ maxConcurrent: 4, maxQueued: 4 });
    const gate = aGate();
    const greedy = Array.from({ length: 10 }, () => policy.execute(gate.work, { key: 'greedy' }));
    const codes = greedy.map((each) => codeOf(each));
    expect(policy.stats).toMatchObject({ running: 2, queued: 2, refused: 6 });
    const modest = [policy.execute(gate.work, { key: 'b' }), policy.execute(gate.work, { key: 'c' })];
    expect(policy.stats).toMatchObject({ running: 4, queued: 2 });
    gate.open('done');
    expect(await Promise.all(modest)).toEqual(['done', 'done']);
    expect((await Promise.all(codes)).filter((code) => code === 'ok')).toHaveLength(4);
    expect(policy.isIdle).toBe(true);
  });

  it('takes turns in proportion to the weights', async () => {
    const { policy } = fair({
      maxConcurrent: 1,
      maxQueued: 200,
      fairness: { maxShare: 1, weight: (key) => (key === 'heavy' ? 3 : 1) },
    });
    const gate = aGate();
    const order: string[] = [];
    const all = [policy.execute(gate.work, { key: 'other' })];
    for (const key of ['light', 'heavy']) {
      for (let i = 0; i < 40; i += 1) {
        all.push(policy.execute(() => (order.push(key), ''), { key }));
      }
    }
    gate.open('');
    await Promise.all(all);
    const early = order.slice(0, 40);
    expect(early.filter((key) => key === 'heavy')).toHaveLength(30);
    expect(order).toHaveLength(80);
  });

  it('lets a tenant that floods it at 100 times the rate delay nobody else', async () => {
    const { clock, policy } = fair({ maxConcurrent: 10, maxQueued: 100, maxWaitMs: 1_000 });
    const waits: number[] = [];
    const lost = { flood: 0, others: 0 };
    const offer = (key: string): void => {
      const at = clock.monotonic();
      policy
        .execute(
          async () => {
            if (key !== 'flood') waits.push(clock.monotonic() - at);
            await new Promise<void>((resolve) => {
              clock.setTimeout(resolve, 10);
            });
          },
          { key },
        )
        .catch(() => {
          lost[key === 'flood' ? 'flood' : 'others'] += 1;
        });
    };
    for (let ms = 0; ms < 400; ms += 1) {
      for (let i = 0; i < 10; i += 1) clock.setTimeout(() => offer('flood'), ms);
      if (ms % 10 === 0) for (const other of ['a', 'b', 'c', 'd']) clock.setTimeout(() => offer(other), ms);
    }
    await clock.advance(3_000);
    expect(lost.others).toBe(0);
    expect(lost.flood).toBeGreaterThan(2_000);
    expect(waits).toHaveLength(160);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10);
  });

  it('forgets keys that have nothing here, and passes on what a weight throws', async () => {
    const { policy } = fair({ maxConcurrent: 1, maxQueued: 0 });
    for (let i = 0; i < 1_000; i += 1) await policy.execute(() => 1, { key: `key ${i}` });
    expect(policy.isIdle).toBe(true);
    const picky = fair({ fairness: { weight: () => 0 } }).policy;
    await expect(picky.execute(() => 1, { key: 'a' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    expect(picky.isIdle).toBe(true);
  });
});
