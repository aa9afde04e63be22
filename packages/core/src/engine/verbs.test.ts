import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  currentContext,
  defineOrchestrator,
  type FailedResult,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  type OrchestrationEvent,
  type OrchestratorDeclaration,
  StepFailure,
  StepResult,
} from '../index.js';
import { LineLogger } from '../facade/fixtures/line-logger.js';
import { FakeClock } from '../testing/fake-clock.js';

type Body = (context: OperationContext) => unknown;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(body: Body, options: Partial<OrchestratorDeclaration> = {}, random = 0.5) {
  const clock = new FakeClock();
  const logger = new LineLogger('warn');
  const facade = new OrchestrationFacade({ clock, logger, random: () => random });
  const current = { body };
  class Subject extends BaseOrchestrator {
    run(context: OperationContext): unknown {
      return current.body(context);
    }
  }
  defineOrchestrator(Subject, { layer: 'application', type: 'sequential', operations: ['run'], ...options });
  facade.register(Subject);
  const events: OrchestrationEvent[] = [];
  facade.events.on('*', (event) => events.push(event));
  const run = (init = {}): Promise<StepResult> => {
    const answer = facade.orchestrate('subject', OrchestrationContext.create({ tenantId: 'acme', ...init }));
    return answer;
  };
  const named = <K extends OrchestrationEvent['type']>(type: K) =>
    events.filter((event) => event.type === type);
  return { clock, facade, run, logger, named, current };
}

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

describe('context.parallel', () => {
  it('gives the payloads by key, in the order of the keys', async () => {
    const { run, clock } = setUp(async (context) => {
      const values = await context.parallel({
        slow: () => context.sleep(10).then(() => 1),
        result: () => StepResult.ok('r'),
        skipped: () => StepResult.skip('x'),
        plain: () => 2,
      });
      return Object.entries(values);
    });
    const answer = run();
    await clock.advance(10);
    expect(await answer).toMatchObject({
      data: [
        ['slow', 1],
        ['result', 'r'],
        ['skipped', undefined],
        ['plain', 2],
      ],
    });
    expect(await setUp((context) => context.parallel({})).run()).toMatchObject({ data: {} });
  });

  it('ends the others at the first failure: their steps, sleeps and calls, and none begins any more', async () => {
    const told: string[] = [];
    const { run, clock, facade } = setUp((context) =>
      context.parallel(
        {
          sleeper: () =>
            context.sleep(10_000).catch((thrown: unknown) => told.push(`sleep ${(thrown as Error).message}`)),
          stepper: () =>
            context.step(
              's',
              ({ signal }) =>
                new Promise((_resolve, reject) => {
                  signal.addEventListener('abort', () => {
                    told.push('step');
                    reject(signal.reason as Error);
                  });
                }),
            ),
          caller: async () => told.push(`call ${(await context.call('hang')).errorCategory ?? ''}`),
          failing: async () => {
            await context.sleep(5);
            return StepResult.fail('first', { errorCategory: 'quota_exceeded' });
          },
          never: () => told.push('begun'),
        },
        { concurrency: 4 },
      ),
    );
    class Hang extends BaseOrchestrator {
      run(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    facade.register(
      defineOrchestrator(Hang, { layer: 'application', type: 'sequential', operations: ['run'] }),
    );
    const answer = run();
    await clock.advance(5);
    expect(await answer).toMatchObject({ error: 'first', errorCategory: 'quota_exceeded' });
    await turn();
    expect(told.sort()).toEqual(['call cancelled', 'sleep The branch "failing" failed.', 'step']);
    expect(clock.pending).toBe(0);
  });

  it('settles all where asked, and leaves the call itself alive', async () => {
    const { run } = setUp(async (context) => {
      const results = await context.parallel(
        {
          good: () => 1,
          bad: () => {
            throw new Error('x');
          },
          failed: () => StepResult.fail('y'),
          skipped: () => StepResult.skip('z'),
        },
        { mode: 'settle' },
      );
      return [
        Object.entries(results).map(([key, result]) => `${key} ${result.status}`),
        context.signal.aborted,
      ];
    });
    expect(await run()).toMatchObject({
      data: [['good ok', 'bad failed', 'failed failed', 'skipped skipped'], false],
    });
  });

  it('runs no more side by side than it is told', async () => {
    let [now, most] = [0, 0];
    const branch = (context: OperationContext) => async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await context.sleep(1);
      now -= 1;
    };
    const { run, clock } = setUp((context) =>
      context.parallel(
        Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`b${index}`, branch(context)])),
        { concurrency: 3 },
      ),
    );
    const answer = run();
    await clock.advance(10);
    expect((await answer).success).toBe(true);
    expect(most).toBe(3);
    expect(
      await setUp((context) => context.parallel({ a: () => 1 }, { concurrency: 0 })).run(),
    ).toMatchObject({ error: expect.stringContaining('concurrency must be an integer >= 1') as unknown });
  });

  it('refuses a mode it does not know: failures would go unseen', async () => {
    const failing = {
      a: () => {
        throw new Error('unseen');
      },
    };
    for (const mode of ['settled', 'all', null] as never[]) {
      const result = await setUp((context) => context.parallel(failing, { mode })).run();
      expect(result).toMatchObject({
        error: expect.stringContaining("must be 'fail-fast' or 'settle'") as unknown,
      });
    }
    expect(await setUp((context) => context.parallel(5 as never)).run()).toMatchObject({
      error: 'parallel needs an object of functions, got a number',
    });
  });

  it('takes any key for a branch', async () => {
    const keys = ['__proto__', 'constructor', 'toString'];
    const branches = Object.fromEntries(keys.map((key) => [key, () => key]));
    const { data } = await setUp(async (context) => Object.entries(await context.parallel(branches))).run();
    expect(data).toEqual(keys.map((key) => [key, key]));
  });

  it('does not end the branches of an outer one that did not fail', async () => {
    const { run, clock } = setUp((context) =>
      context.parallel({
        outer: () => context.sleep(10).then(() => 'outer'),
        inner: () =>
          context
            .parallel({
              bad: () => {
                throw new Error('inner');
              },
              other: () => context.sleep(100),
            })
            .catch(() => 'handled'),
      }),
    );
    const answer = run();
    await clock.advance(10);
    expect(await answer).toMatchObject({ data: { outer: 'outer', inner: 'handled' } });
  });
});

describe('the signals of a call', () => {
  it('may be listened to by many at once without a warning of a leak', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const listen = (signal: AbortSignal): void => {
      for (let each = 0; each < 12; each += 1) signal.addEventListener('abort', () => undefined);
    };
    const other = new AbortController();
    const { run } = setUp(async (context) => {
      listen(context.signal);
      listen(context.createChildContext('subject', { signal: other.signal }).signal);
      await context.step('plain', ({ signal }) => listen(signal));
      await context.step('limited', ({ signal }) => listen(signal), { timeoutMs: 1_000 });
      await context.parallel({ branch: () => context.step('branch', ({ signal }) => listen(signal)) });
    });
    expect(await run()).toMatchObject({ status: 'ok' });
    listen(OrchestrationContext.create({ tenantId: 'acme' }).signal);
    await turn();
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});

describe('the other verbs', () => {
  it('know time and chance through the ports', async () => {
    const { run, clock } = setUp(
      async (context) => {
        const before = context.now();
        await context.sleep(1_500);
        return [
          context.now() - before,
          context.random(),
          typeof context.runId,
          context.orchestrator,
          context.operation,
        ];
      },
      {},
      0.25,
    );
    const answer = run();
    await clock.advance(1_500);
    expect(await answer).toMatchObject({ data: [1_500, 0.25, 'string', 'subject', 'run'] });
    for (const ms of [-1, NaN, Infinity, 'x']) {
      expect(await setUp((context) => context.sleep(ms as number)).run()).toMatchObject({
        status: 'failed',
        errorCategory: 'execution',
      });
    }
  });

  it('take an event that came before anybody waited, and arm no timer for it', async () => {
    const { run, clock, facade, named } = setUp(async (context) => {
      context.progress(0.3, 'waiting');
      await facade.runs.signal(context.runId, 'go', 'early');
      return context.waitForEvent<string>('go', { timeoutMs: 60_000 });
    });
    expect(await run()).toMatchObject({ status: 'ok', data: 'early' });
    expect(clock.pending).toBe(0);
    expect(named('run.progress')).toMatchObject([{ ratio: 0.3, message: 'waiting', tenantId: 'acme' }]);
  });
});
