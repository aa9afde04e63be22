import { describe, expect, it } from '@jest/globals';

import { type FailedResult, StepResult } from '../step-result.js';
import { FlowHost, HostOrchestrator, settle } from './fixtures/flow-host.js';
import { ReplayContext } from './fixtures/replay-context.js';
import { sequential } from './sequential.js';

describe('sequential', () => {
  it('hands each step the input, the orchestrator and the payloads before it, and reports progress', async () => {
    const host = new FlowHost();
    const flow = sequential<{ word: string }, HostOrchestrator>()
      .step('greet', ({ input }, { self }) => `${self.greeting()} ${input.word}`)
      .step('measure', ({ greet }) => StepResult.ok({ length: greet.length }))
      .step('tell', ({ measure }, { context, attempt, idempotencyKey, signal }) => ({
        tenant: context.tenantId,
        attempt,
        keyEnds: idempotencyKey.endsWith('/tell'),
        aborted: signal.aborted,
        length: measure.length,
      }));

    const result = await host.run(flow, { word: 'world' });

    expect(result.toJSON()).toEqual({
      status: 'ok',
      data: {
        greet: 'hello world',
        measure: { length: 11 },
        tell: { tenant: 'acme', attempt: 1, keyEnds: true, aborted: false, length: 11 },
      },
    });
    expect(host.progress).toEqual([
      [1 / 3, 'greet'],
      [2 / 3, 'measure'],
      [1, 'tell'],
    ]);
  });

  it('stops at the first failure, returns it as it was, and undoes what is finished in reverse', async () => {
    const host = new FlowHost();
    const undone: unknown[] = [];
    const later: string[] = [];
    const flow = sequential<string>()
      .step('reserve', () => StepResult.ok({ seat: 7 }), { compensate: ({ seat }) => undone.push(seat) })
      .step('none', () => StepResult.skip('nothing to do'), { compensate: () => undone.push('none') })
      .step('charge', ({ input }) => input.length, { compensate: (amount) => undone.push(amount) })
      .step('ship', () =>
        StepResult.fail('No lorry.', {
          errorCategory: 'service_unavailable',
          retryAfterMs: 50,
          metadata: { lorries: 0 },
        }),
      )
      .step('thank', () => later.push('thank'));

    const result = (await host.run(flow, 'four')) as FailedResult;

    expect(result).toMatchObject({
      error: 'No lorry.',
      errorCategory: 'service_unavailable',
      retryable: true,
      retryAfterMs: 50,
    });
    expect(result.metadata).toMatchObject({
      lorries: 0,
      failedStep: 'ship',
      skipped: [{ step: 'none', reason: 'nothing to do' }],
    });
    expect(result.warnings).toEqual([]);
    expect(undone).toEqual([4, 7]);
    expect(host.compensated).toEqual(['charge', 'none', 'reserve']);
    expect(later).toEqual([]);
  });

  it('passes retry and timeout on to the step', async () => {
    const host = new FlowHost();
    let attempts = 0;
    const flow = sequential<null>()
      .step(
        'flaky',
        () => {
          attempts += 1;
          if (attempts < 3) throw new Error('not yet');
          return attempts;
        },
        { retry: { maxAttempts: 3, baseMs: 10 } },
      )
      .step('slow', () => new Promise<never>(() => undefined), { timeoutMs: 500 });

    const running = host.run(flow, null);
    await host.clock.advance(1_000);
    const result = await running;

    expect(host.retried).toEqual(['flaky', 'flaky']);
    expect(attempts).toBe(3);
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'timeout',
      metadata: { failedStep: 'slow' },
    });
  });

  it('goes on past skipped and uncertain steps and says so', async () => {
    const host = new FlowHost();
    const flow = sequential<number>()
      .step('guess', () => StepResult.uncertain(40, { reason: 'low confidence' }))
      .step('cache', () => (Math.sign(1) === 1 ? StepResult.skip('cold') : StepResult.ok(1)))
      .step('never', () => 1, { when: ({ guess }) => guess > 100 })
      .step('always', () => StepResult.ok(1, { warnings: ['slow disk'] }), { when: ({ guess }) => guess > 1 })
      .returns(({ input, guess, cache, never, always }) => [input, guess, cache, never, always]);

    const result = await host.run(flow, 2);

    expect(result.toJSON()).toEqual({
      status: 'uncertain',
      reason: 'guess: low confidence',
      data: [2, 40, undefined, undefined, 1],
      metadata: {
        skipped: [
          { step: 'cache', reason: 'cold' },
          { step: 'never', reason: 'Its condition did not hold.' },
        ],
      },
      warnings: ['always: slow disk', 'guess: low confidence'],
    });
    expect(host.progress.map(([, step]) => step)).toEqual(['guess', 'cache', undefined, 'always']);
  });

  it('fails a step that needs the payload of a skipped result', async () => {
    const host = new FlowHost();
    const flow = sequential<null>().step('look', (): number =>
      StepResult.unwrap<number>(StepResult.skip('not there')),
    );

    const result = await host.run(flow, null);

    expect(result).toMatchObject({
      status: 'failed',
      error: 'A payload was needed where there was none: not there',
      errorCategory: 'dependency',
    });
  });

  it('turns whatever its functions throw into a failed result', async () => {
    const host = new FlowHost();
    const boom = (): never => {
      throw new TypeError('boom');
    };
    const first = sequential<null>().step('a', () => 1);

    for (const flow of [
      first.step('b', boom),
      first.step('b', () => 1, { when: boom }),
      first.returns(boom),
    ]) {
      const result = await host.run(flow, null);
      expect(result).toMatchObject({
        status: 'failed',
        error: 'boom',
        errorCategory: 'execution',
        retryable: false,
      });
      expect((result as FailedResult).cause).toBeInstanceOf(TypeError);
    }
  });

  it('lets the result that `returns` gives stand for the flow', async () => {
    const host = new FlowHost();
    const flow = sequential<string>().step('a', () => StepResult.uncertain(1));
    const by = (result: () => StepResult<number>) => host.run(flow.returns(result), '');

    expect((await by(() => StepResult.ok(2, { metadata: { m: 1 } }))).toJSON()).toEqual({
      status: 'uncertain',
      reason: 'a: uncertain',
      data: 2,
      metadata: { m: 1 },
      warnings: ['a: uncertain'],
    });
    expect(await by(() => StepResult.uncertain(2, { reason: 'old' }))).toMatchObject({
      reason: 'old; a: uncertain',
    });
    expect(await by(() => StepResult.fail('too little', { errorCategory: 'validation' }))).toMatchObject({
      error: 'too little',
      errorCategory: 'validation',
    });
    expect(await by(() => StepResult.skip('later'))).toMatchObject({ status: 'skipped', reason: 'later' });
  });

  it('ends with its call, without beginning another step', async () => {
    const host = new FlowHost();
    const controller = new AbortController();
    const began: string[] = [];
    const flow = sequential<null>()
      .step('wait', (_values, { signal }) => {
        began.push('wait');
        return new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
      })
      .step('next', () => began.push('next'));

    const running = host.run(flow, null, { signal: controller.signal });
    await settle();
    controller.abort();
    const result = await running;
    await settle();

    expect(result).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    expect(began).toEqual(['wait']);
  });

  it('replays from a journal without running a finished step again, whatever became of the step', async () => {
    const flow = sequential<number>()
      .step('one', ({ input }) => StepResult.uncertain(input + 1, { reason: 'rounded' }))
      .step('two', () => StepResult.skip('not today'))
      .step('three', ({ one, two }) => ({ one, two }));
    const crashed = new ReplayContext(new Map(), 2);
    await expect(flow.run(crashed, 1)).rejects.toThrow('crashed');

    const resumed = new ReplayContext(crashed.journal);
    const result = await flow.run(resumed, 1);
    const again = new ReplayContext(crashed.journal);

    expect(crashed.ran).toEqual(['one', 'two']);
    expect(resumed.ran).toEqual(['three']);
    expect(result.toJSON()).toEqual({
      status: 'uncertain',
      reason: 'one: rounded',
      data: { one: 2, two: undefined, three: { one: 2 } },
      metadata: { skipped: [{ step: 'two', reason: 'not today' }] },
      warnings: ['one: rounded'],
    });
    expect(await flow.run(again, 1)).toEqual(result);
    expect(again.ran).toEqual([]);
  });
});
