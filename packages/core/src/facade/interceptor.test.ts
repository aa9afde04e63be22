import { describe, expect, it } from '@jest/globals';

import { BaseOrchestrator, defineOrchestrator, type Interceptor, StepResult } from '../index.js';
import { aContext, one, setUp, gate, turn } from './fixtures/call-parts.js';

describe('an interceptor', () => {
  it('stands around a call by order, outermost first, equals by registration', async () => {
    const { facade } = setUp();
    const told: string[] = [];
    facade.register(one('leaf', () => void told.push('body')));
    const named = (name: string, order?: number): Interceptor => ({
      name,
      ...(order === undefined ? {} : { order }),
      before: () => void told.push(`before ${name}`),
      after: () => void told.push(`after ${name}`),
      around: async (_call, next) => {
        told.push(`in ${name}`);
        const result = await next();
        told.push(`out ${name}`);
        return result;
      },
    });
    const offs = [
      facade.use(named('b')),
      facade.use(named('c')),
      facade.use(named('a', -1)),
      facade.use(named('d', 10)),
    ];
    await facade.orchestrate('leaf', aContext());
    const order = ['a', 'b', 'c', 'd'];
    const back = [...order].reverse();
    expect(told).toEqual([
      ...order.map((each) => `before ${each}`),
      ...order.map((each) => `in ${each}`),
      'body',
      ...back.map((each) => `out ${each}`),
      ...back.map((each) => `after ${each}`),
    ]);
    for (const off of offs) off();
    told.length = 0;
    await facade.orchestrate('leaf', aContext());
    expect(told).toEqual(['body']);
    expect(() => facade.use({})).toThrow('at least one of before, after, around and watch');
    expect(() => facade.use({ order: NaN, before: () => undefined })).toThrow(RangeError);
  });

  it('sees the call as it was made, with the policy of the call before that of the operation', async () => {
    const { facade } = setUp();
    class WithPolicy extends BaseOrchestrator {
      run(): void {}
    }
    defineOrchestrator(WithPolicy, {
      layer: 'domain',
      type: 'parallel',
      name: 'with_policy',
      operations: { run: { policy: 'strict' } },
    });
    facade.register(WithPolicy);
    const seen: unknown[] = [];
    facade.use({ before: (call) => void seen.push({ ...call, context: call.context.tenantId }) });
    await facade.orchestrate('with_policy', aContext(), { a: 1 });
    await facade.orchestrate('with_policy', aContext(), { a: 2 }, { policy: 'lax' });
    expect(seen).toMatchObject([
      {
        orchestrator: 'with_policy',
        layer: 'domain',
        type: 'parallel',
        operation: 'run',
        policy: 'strict',
        context: 'acme',
        params: { a: 1 },
      },
      { policy: 'lax', params: { a: 2 }, options: { policy: 'lax' } },
    ]);
  });

  it('answers a call without running it, replaces an answer, and fails a call by throwing', async () => {
    const { facade } = setUp();
    let runs = 0;
    facade.register(one('leaf', () => (runs += 1)));
    const with_ = async (interceptor: Interceptor) => {
      const off = facade.use(interceptor);
      const result = await facade.orchestrate('leaf', aContext());
      off();
      return result;
    };
    expect(await with_({ before: () => StepResult.ok('cached') })).toMatchObject({ data: 'cached' });
    expect(await with_({ around: () => Promise.resolve(StepResult.ok('instead')) })).toMatchObject({
      data: 'instead',
    });
    expect(
      await with_({
        before: () => {
          throw new Error('denied');
        },
      }),
    ).toMatchObject({ status: 'failed', error: 'denied' });
    expect(runs).toBe(0);
    expect(await with_({ after: (_call, result) => StepResult.map(result, () => 'replaced') })).toMatchObject(
      { data: 'replaced' },
    );
    expect(
      await with_({
        after: () => {
          throw new Error('after');
        },
      }),
    ).toMatchObject({ status: 'failed', error: 'after' });
    expect(
      await with_({
        around: () => {
          throw new Error('around');
        },
      }),
    ).toMatchObject({ status: 'failed', error: 'around' });
    expect(await with_({ around: () => Promise.reject(new Error('around')) })).toMatchObject({
      status: 'failed',
      error: 'around',
    });
    const asynchronous = (): never => Promise.reject(new Error('lost')) as never;
    for (const misuse of [
      { name: 'audit', before: asynchronous },
      { name: 'audit', after: asynchronous },
    ]) {
      expect(await with_(misuse)).toMatchObject({
        status: 'failed',
        details: { code: 'INTERCEPTOR_ASYNC' },
        error: expect.stringContaining('interceptor "audit" returned a promise') as unknown,
      });
    }
  });

  it('may try again, one body at a time in one slot', async () => {
    const { facade, runtime } = setUp();
    let runs = 0;
    facade.register(
      one(
        'flaky',
        () => {
          runs += 1;
          if (runs < 3) throw new Error(`attempt ${runs}`);
          return runs;
        },
        { maxConcurrency: 1 },
      ),
    );
    facade.use({
      around: async (_call, next) => {
        let result = await next();
        while (!result.success) result = await next();
        return result;
      },
    });
    expect(await facade.orchestrate('flaky', aContext())).toMatchObject({ data: 3 });
    expect(facade.listOrchestrators()['flaky']).toMatchObject({
      running: 0,
      abandoned: 0,
      operations: [{ stats: { started: 1, ok: 1, failed: 0 } }],
    });
    expect(runtime.live).toBe(0);
  });

  it('that answers early leaves an abandoned body, and cannot start another one afterwards', async () => {
    const { facade, runtime } = setUp();
    const { open, opened } = gate();
    let runs = 0;
    let again: (() => Promise<StepResult>) | undefined;
    facade.register(
      one('leaf', () => {
        runs += 1;
        return opened;
      }),
    );
    facade.use({
      around: (_call, next) => {
        again = next;
        void next();
        return Promise.resolve(StepResult.ok('fallback'));
      },
    });
    expect(await facade.orchestrate('leaf', aContext())).toMatchObject({ data: 'fallback' });
    expect(facade.listOrchestrators()['leaf']).toMatchObject({ running: 1, abandoned: 1 });
    expect(await again?.()).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    open();
    await turn();
    expect(facade.listOrchestrators()['leaf']).toMatchObject({ running: 0, abandoned: 0 });
    expect([runs, runtime.live]).toEqual([1, 0]);
  });

  it('may race two bodies, which hold the one slot until both have ended', async () => {
    const { facade } = setUp();
    const ends: ReturnType<typeof gate>[] = [];
    facade.register(
      one(
        'hedged',
        () => {
          const mine = gate();
          ends.push(mine);
          return mine.opened;
        },
        { maxConcurrency: 1 },
      ),
    );
    const off = facade.use({ around: (_call, next) => Promise.race([next(), next()]) });
    const first = facade.orchestrate('hedged', aContext());
    await turn();
    off();
    const second = facade.orchestrate('hedged', aContext());
    ends[0]?.open('fast');
    expect(await first).toMatchObject({ data: 'fast' });
    await turn();
    expect(ends).toHaveLength(2);
    expect(facade.listOrchestrators()['hedged']).toMatchObject({ running: 1, waiting: 1, abandoned: 1 });
    ends[1]?.open('slow');
    await turn();
    ends[2]?.open('next');
    expect(await second).toMatchObject({ data: 'next' });
    expect(facade.listOrchestrators()['hedged']).toMatchObject({ running: 0, waiting: 0, abandoned: 0 });
  });

  it('hears of the abort as the caller does', async () => {
    const { clock, facade, runtime } = setUp();
    facade.register(one('hang', () => new Promise(() => undefined), { timeoutMs: 10 }));
    const told: (string | undefined)[] = [];
    facade.use({
      after: (_call, result) => void told.push(`after ${result.errorCategory}`),
      around: async (_call, next) => {
        const result = await next();
        told.push(`around ${result.errorCategory}`);
        return result;
      },
    });
    const answer = facade.orchestrate('hang', aContext());
    await clock.advance(10);
    expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    expect(told).toEqual(['after timeout', 'around timeout']);
    expect(runtime.live).toBe(1);
  });
});
