import { describe, expect, it } from '@jest/globals';

import { currentContext, StepResult } from '../index.js';
import { turn, setUp } from './fixtures/verbs-host.js';

describe('compensation', () => {
  const undoing =
    (order: string[], fail: string[] = []) =>
    (name: string) => ({
      compensate: (value: unknown, { idempotencyKey }: { idempotencyKey: string }) => {
        order.push(`${name} ${String(value)} ${idempotencyKey.split('/')[1] ?? ''}`);
        if (fail.includes(name)) throw new Error(`${name} cannot be undone`);
      },
    });

  it('undoes finished steps in reverse order when the run fails, and reports what could not be undone', async () => {
    const order: string[] = [];
    const undo = undoing(order, ['b']);
    const { run, logger, named } = setUp(async (context) => {
      await context.step('a', () => 1, undo('a'));
      await context.step('b', () => StepResult.ok(2), undo('b'));
      await context.step('c', () => 3);
      await context.step(
        'd',
        () => {
          throw new Error('d failed');
        },
        undo('d'),
      );
    });
    const result = await run();
    expect(order).toEqual(['b 2 b', 'a 1 a']);
    expect(result).toMatchObject({
      status: 'failed',
      error: 'd failed',
      metadata: {
        compensation: { compensated: ['a'], failed: [{ step: 'b', error: 'b cannot be undone' }] },
      },
    });
    expect(logger.named('step_compensation_failed')).toMatchObject([
      { level: 'error', fields: { step: 'b', tenantId: 'acme' } },
    ]);
    expect(named('step.compensated')).toMatchObject([
      { step: 'b', failure: { error: 'b cannot be undone' } },
      { step: 'a' },
    ]);
  });

  it('keeps everything else of the failure, and undoes nothing on success, skip or doubt', async () => {
    const order: string[] = [];
    for (const end of [StepResult.ok(1), StepResult.skip('x'), StepResult.uncertain(1)]) {
      const { run } = setUp(async (context) => {
        await context.step('a', () => 1, undoing(order)('a'));
        return end;
      });
      expect(await run()).toBe(end);
    }
    expect(order).toEqual([]);
    const cause = new Error('root');
    const failure = StepResult.fail('returned', {
      errorCategory: 'rate_limit',
      retryAfterMs: 7,
      severity: 'high',
      details: [1],
      cause,
      metadata: { mine: 1 },
      warnings: ['w'],
    });
    const { run } = setUp(async (context) => {
      await context.step('a', () => 1, undoing(order)('a'));
      return failure;
    });
    expect(await run()).toMatchObject({
      ...failure,
      metadata: { mine: 1, compensation: { compensated: ['a'] } },
    });
  });

  it('runs when the call is cancelled or times out, as part of that call', async () => {
    const order: string[] = [];
    const inContext: unknown[] = [];
    const { clock, run } = setUp(
      async (context) => {
        await context.step('a', () => 1, {
          compensate: (_value, { signal }) =>
            void (order.push('undone'), inContext.push(currentContext()?.requestId, signal.aborted)),
        });
        await context.sleep(60_000);
      },
      { timeoutMs: 100 },
    );
    const timedOut = run({ requestId: 'mine' });
    await clock.advance(100);
    expect(await timedOut).toMatchObject({ errorCategory: 'timeout' });
    expect(order).toEqual(['undone']);
    const controller = new AbortController();
    const cancelled = run({ signal: controller.signal, requestId: 'second' });
    await turn();
    controller.abort();
    expect(await cancelled).toMatchObject({ errorCategory: 'cancelled' });
    await turn();
    expect(order).toEqual(['undone', 'undone']);
    expect(inContext).toEqual(['mine', false, 'second', false]);
    expect(clock.keptAlive).toBe(0);
  });

  it('begins a second after the abort where the body goes on, and undoes once', async () => {
    const order: string[] = [];
    let end: () => void = () => undefined;
    const { clock, run, facade } = setUp(
      async (context) => {
        await context.step('a', () => 1, { compensate: () => void order.push('undone') });
        await new Promise<void>((resolve) => (end = resolve));
      },
      { timeoutMs: 100 },
    );
    const answer = run();
    await clock.advance(100);
    expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    await clock.advance(999);
    expect(order).toEqual([]);
    await clock.advance(1);
    expect(order).toEqual(['undone']);
    expect(facade.listOrchestrators()['subject']).toMatchObject({ running: 1, abandoned: 1 });
    end();
    await turn();
    expect(order).toEqual(['undone']);
    expect(facade.listOrchestrators()['subject']).toMatchObject({ running: 0, abandoned: 0 });
  });

  it('undoes a step that succeeds after the call was given up', async () => {
    const order: string[] = [];
    let finish: (value: string) => void = () => undefined;
    const { clock, run } = setUp(
      (context) =>
        context.step('charge', () => new Promise<string>((resolve) => (finish = resolve)), {
          compensate: (value) => void order.push(`refund ${value}`),
        }),
      { timeoutMs: 100 },
    );
    const answer = run();
    await clock.advance(100);
    expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    finish('receipt');
    await turn();
    expect(order).toEqual(['refund receipt']);
  });

  it('does not undo an attempt that came late once another attempt of the step succeeded', async () => {
    const order: string[] = [];
    let finish: (value: string) => void = () => undefined;
    const { clock, run } = setUp(async (context) => {
      await context.step(
        'charge',
        ({ attempt }) => (attempt === 1 ? new Promise<string>((resolve) => (finish = resolve)) : 'second'),
        { timeoutMs: 10, retry: { baseMs: 0 }, compensate: (value) => void order.push(`refund ${value}`) },
      );
      finish('first');
      await turn();
      throw new Error('later');
    });
    const answer = run();
    await clock.advance(10);
    expect(await answer).toMatchObject({
      error: 'later',
      metadata: { compensation: { compensated: ['charge'] } },
    });
    expect(order).toEqual(['refund second']);
  });

  it('has a time budget of its own', async () => {
    const { clock, run } = setUp(async (context) => {
      await context.step('a', () => 1, { compensate: () => undefined });
      await context.step('b', () => 2, { compensate: () => new Promise(() => undefined) });
      throw new Error('late failure');
    });
    const answer = run();
    await clock.advance(30_000);
    expect(await answer).toMatchObject({
      error: 'late failure',
      metadata: {
        compensation: {
          compensated: [],
          failed: [
            { step: 'b', error: expect.stringContaining('longer than 30000 ms') as unknown },
            { step: 'a' },
          ],
        },
      },
    });
    expect(clock.pending).toBe(0);
  });

  it('that outlives the call is no longer counted once it ends', async () => {
    let end: () => void = () => undefined;
    const { clock, run, facade } = setUp(
      async (context) => {
        await context.step('a', () => 1, {
          compensate: () => new Promise<void>((resolve) => (end = resolve)),
        });
        throw new Error('failed');
      },
      { timeoutMs: 50 },
    );
    const answer = run();
    await clock.advance(50);
    expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    expect(facade.listOrchestrators()['subject']).toMatchObject({ abandoned: 1 });
    end();
    await turn();
    expect(facade.listOrchestrators()['subject']).toMatchObject({ abandoned: 0 });
  });
});
