import { describe, expect, it } from '@jest/globals';

import { type FailedResult, type OperationContext, StepFailure, StepResult } from '../index.js';
import { turn, setUp, type Body } from './fixtures/verbs-host.js';

describe('context.step', () => {
  it('hands on the payload of what the step returns', async () => {
    const { run, named } = setUp(async (context) => [
      await context.step('plain', () => 1),
      await context.step('promise', () => Promise.resolve(2)),
      await context.step('result', () => StepResult.ok(3)),
      await context.step('uncertain', () => Promise.resolve(StepResult.uncertain(4))),
      await context.step('skipped', () => StepResult.skip('no need')),
      await context.step('nothing', () => undefined),
    ]);
    expect(await run()).toMatchObject({ data: [1, 2, 3, 4, undefined, undefined] });
    expect(named('step.ended').map((event) => event['step' as never])).toEqual([
      'plain',
      'promise',
      'result',
      'uncertain',
      'skipped',
      'nothing',
    ]);
  });

  it('throws StepFailure for a thrown error and for a failed result, which the call returns as that same result', async () => {
    const failed = StepResult.fail('no', { errorCategory: 'quota_exceeded', details: { left: 0 } });
    const boom = new Error('boom');
    let caught: unknown;
    const byResult = setUp((context) => context.step('a', () => failed));
    expect(await byResult.run()).toBe(failed);
    const byThrow = setUp(async (context) => {
      try {
        return await context.step('a', () => {
          throw boom;
        });
      } catch (thrown) {
        caught = thrown;
        throw thrown;
      }
    });
    expect(await byThrow.run()).toMatchObject({ error: 'boom', errorCategory: 'execution', cause: boom });
    expect(caught).toBeInstanceOf(StepFailure);
    const handled = setUp(async (context) => context.step('a', () => failed).catch(() => 'handled'));
    expect(await handled.run()).toMatchObject({ status: 'ok', data: 'handled' });
  });

  it('tries again as it is told, with full jitter, the same key and a growing attempt', async () => {
    const seen: { attempt: number; idempotencyKey: string; at: number }[] = [];
    const { clock, run, named } = setUp((context) =>
      context.step(
        'flaky',
        ({ attempt, idempotencyKey }) => {
          seen.push({ attempt, idempotencyKey, at: clock.monotonic() });
          if (attempt < 4) throw new Error(`attempt ${attempt}`);
          return context.runId;
        },
        { retry: { maxAttempts: 4, baseMs: 100, capMs: 250 } },
      ),
    );
    const answer = run();
    await clock.advance(1_000);
    const result = await answer;
    expect(seen.map(({ attempt, at }) => [attempt, at])).toEqual([
      [1, 0],
      [2, 50],
      [3, 150],
      [4, 275],
    ]);
    expect(new Set(seen.map((each) => each.idempotencyKey))).toEqual(
      new Set([`${String(result.data)}/flaky`]),
    );
    expect(named('step.retrying')).toMatchObject([
      { step: 'flaky', attempt: 1, delayMs: 50, error: 'attempt 1' },
      { attempt: 2, delayMs: 100 },
      { attempt: 3, delayMs: 125 },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('tries three times by default, waits as long as the failure asks, and not at all where it is final', async () => {
    const counts: Record<string, number> = { def: 0, asks: 0, final: 0, when: 0, once: 0 };
    const { clock, run } = setUp(async (context) => {
      const attempt = (name: string, make: () => unknown, retry?: object): Promise<unknown> =>
        context
          .step(
            name,
            () => {
              counts[name] = (counts[name] ?? 0) + 1;
              return make();
            },
            retry === undefined ? {} : { retry },
          )
          .catch((thrown: unknown) => (thrown as StepFailure).result.status);
      await attempt('def', () => StepResult.fail('x', { errorCategory: 'network' }), {});
      const begun = clock.monotonic();
      await attempt(
        'asks',
        () => StepResult.fail('x', { errorCategory: 'rate_limit', retryAfterMs: 3_000 }),
        { maxAttempts: 2 },
      );
      expect(clock.monotonic() - begun).toBe(3_000);
      await attempt('final', () => StepResult.fail('x', { errorCategory: 'validation' }), {});
      await attempt('when', () => StepResult.fail('x', { errorCategory: 'validation' }), {
        when: () => true,
        maxAttempts: 5,
        baseMs: 0,
      });
      await attempt('once', () => {
        throw new Error('x');
      });
      return counts;
    });
    const answer = run();
    await clock.advance(60_000);
    expect(await answer).toMatchObject({ data: { def: 3, asks: 2, final: 1, when: 5, once: 1 } });
  });

  it('ends an attempt at its timeout, aborts its signal alone, and goes on', async () => {
    const reasons: unknown[] = [];
    const { clock, run } = setUp((context) =>
      context.step(
        'slow',
        ({ signal, attempt }) => {
          if (attempt === 2) return 'second';
          signal.addEventListener('abort', () =>
            reasons.push((signal.reason as Error).name, context.signal.aborted),
          );
          return new Promise(() => undefined);
        },
        { timeoutMs: 100, retry: { maxAttempts: 2, baseMs: 0 } },
      ),
    );
    const answer = run();
    await clock.advance(100);
    expect(await answer).toMatchObject({ data: 'second' });
    expect(reasons).toEqual(['TimeoutError', false]);
    const alone = setUp((context) =>
      context.step('slow', () => new Promise(() => undefined), { timeoutMs: 20 }),
    );
    const failed = alone.run();
    await alone.clock.advance(20);
    expect(await failed).toMatchObject({
      errorCategory: 'timeout',
      retryable: true,
      error: 'The step timed out after 20 ms.',
    });
  });

  it('refuses a name twice, an empty one, and options out of bounds', async () => {
    const attempts: Body[] = [
      async (context) => {
        await context.step('a', () => 1);
        return context.step('a', () => 2);
      },
      (context) => context.step('', () => 1),
      (context) => context.step('a', () => 1, { timeoutMs: 0 }),
      (context) => context.step('a', () => 1, { retry: { maxAttempts: 0 } }),
      (context) => context.step('a', () => 1, { retry: { baseMs: NaN } }),
      (context) => context.step('a', () => 1, { retry: { capMs: -1 } }),
      (context) => context.step('a', () => 1, { retry: null as never }),
      (context) => context.step('a', () => 1, { compensate: 'undo' as never }),
    ];
    const errors: string[] = [];
    for (const body of attempts) errors.push(((await setUp(body).run()) as FailedResult).error);
    expect(errors).toEqual([
      expect.stringMatching(/This run has a step "a" already\. .* \[STEP_NAME_REPEATED\]/),
      'A step needs a non-empty name.',
      expect.stringContaining('timeoutMs must be a number of milliseconds from 1'),
      expect.stringContaining('retry.maxAttempts must be an integer >= 1, got 0'),
      expect.stringContaining('retry.baseMs must be a number of milliseconds from 0'),
      expect.stringContaining('retry.capMs must be a number of milliseconds from 0'),
      'retry must be an object, got null',
      'compensate must be a function, got a string',
    ]);
  });

  it('ends with the call, in the middle of an attempt or of a pause, and leaves nothing armed', async () => {
    for (const body of [
      (context: OperationContext) =>
        context.step('hang', () => new Promise(() => undefined), { timeoutMs: 5_000 }),
      (context: OperationContext) =>
        context.step(
          'retry',
          () => {
            throw new Error('x');
          },
          { retry: { baseMs: 5_000, maxAttempts: 9 } },
        ),
      (context: OperationContext) => context.sleep(5_000),
      (context: OperationContext) => context.waitForEvent('never', { timeoutMs: 5_000 }),
    ]) {
      const { clock, run, facade } = setUp(body);
      const controller = new AbortController();
      const answer = run({ signal: controller.signal });
      await turn();
      controller.abort();
      expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
      await turn();
      expect(clock.pending).toBe(0);
      expect(facade.listOrchestrators()['subject']).toMatchObject({ running: 0, abandoned: 0 });
    }
  });

  it('rejects nobody in particular when a call ends with verbs in flight that nobody awaits', async () => {
    const { run, clock } = setUp(async (context) => {
      const waits = [
        context.sleep(50),
        context.step('a', () => new Promise(() => undefined)),
        context.waitForEvent('x'),
        context.callOrThrow('nobody'),
      ];
      await context.parallel({ a: () => context.sleep(1_000) });
      return Promise.all(waits);
    });
    const controller = new AbortController();
    const answer = run({ signal: controller.signal });
    await turn();
    controller.abort();
    expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
    await turn();
    expect(clock.pending).toBe(0);
  });
});
