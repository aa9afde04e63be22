import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { OperationContext, type OrchestrationContextInit, StepFailure, StepResult } from '../index.js';
import { aContext, one, setUp, gate, turn } from './fixtures/call-parts.js';

describe('a call', () => {
  it('answers with the payload itself, a result as it is, and a thrown error once', async () => {
    const { facade } = setUp();
    const boom = new TypeError('boom');
    const given = StepResult.uncertain(1);
    const failed = StepResult.fail('known', { errorCategory: 'rate_limit' });
    const bodies: Record<string, () => unknown> = {
      plain: () => ({ a: 1 }),
      nothing: () => undefined,
      given: () => given,
      late: () => Promise.resolve(given),
      throws: () => {
        throw boom;
      },
      rejects: () => Promise.reject(boom),
      step: () => Promise.reject(new StepFailure(failed)),
    };
    for (const [name, body] of Object.entries(bodies)) facade.register(one(name, body));
    const call = (name: string) => facade.orchestrate(name, aContext());
    expect(await call('plain')).toMatchObject({ status: 'ok', data: { a: 1 } });
    expect(await call('nothing')).toMatchObject({ status: 'ok', data: undefined });
    expect(await call('given')).toBe(given);
    expect(await call('late')).toBe(given);
    expect(await call('step')).toBe(failed);
    for (const name of ['throws', 'rejects']) {
      expect(await call(name)).toMatchObject({
        status: 'failed',
        error: 'boom',
        errorCategory: 'execution',
        retryable: false,
        cause: boom,
      });
    }
  });

  it('ends at its timeout though the body runs on; the late result is counted, told and dropped', async () => {
    const { clock, facade, runtime } = setUp();
    const { open, opened } = gate();
    let aborted: unknown;
    facade.register(
      one(
        'slow',
        (context) => {
          context.signal.addEventListener('abort', () => (aborted = context.signal.reason));
          return opened;
        },
        { timeoutMs: 100 },
      ),
    );
    const told: unknown[] = [];
    facade.events.on('call.late', (event) => told.push(event));
    const answer = facade.orchestrate('slow', aContext());
    await clock.advance(99);
    expect(facade.listOrchestrators()['slow']).toMatchObject({ running: 1, abandoned: 0 });
    await clock.advance(1);
    expect(await answer).toMatchObject({
      status: 'failed',
      errorCategory: 'timeout',
      retryable: true,
      error: 'slow.run timed out after 100 ms. What it had begun may still run on.',
    });
    expect(aborted).toMatchObject({ name: 'TimeoutError' });
    expect(facade.listOrchestrators()['slow']).toMatchObject({ running: 1, abandoned: 1 });
    expect(runtime.live).toBe(1);
    open('late');
    await turn();
    expect(facade.listOrchestrators()['slow']).toMatchObject({ running: 0, abandoned: 0 });
    expect(facade.listOrchestrators()['slow']?.operations[0]?.stats).toMatchObject({
      timeout: 1,
      late: 1,
      ok: 0,
    });
    expect(told).toMatchObject([{ type: 'call.late', orchestrator: 'slow', result: { data: 'late' } }]);
    expect(runtime.live).toBe(0);
    expect(await answer).toMatchObject({ status: 'failed' });
  });

  it('takes the shortest of the call, the operation and the deadline of its context', async () => {
    const { clock, facade } = setUp();
    facade.register(one('hang', () => new Promise(() => undefined), { timeoutMs: 50 }));
    const ends = async (init: Partial<OrchestrationContextInit>, options = {}): Promise<number> => {
      const begun = clock.monotonic();
      const answer = facade.orchestrate('hang', aContext(init), {}, options);
      let at = 0;
      void answer.then(() => (at = clock.monotonic() - begun));
      await clock.advance(200);
      expect(await answer).toMatchObject({ errorCategory: 'timeout' });
      return at;
    };
    expect(await ends({})).toBe(50);
    expect(await ends({}, { timeoutMs: 20 })).toBe(20);
    expect(await ends({}, { timeoutMs: 120 })).toBe(120);
    expect(await ends({ deadline: clock.now() + 10 }, { timeoutMs: 20 })).toBe(10);
    const jumping = ends({ deadline: clock.now() + 30 }, { timeoutMs: 100 });
    clock.setWallTime(0);
    expect(await jumping).toBe(30);
  });

  it('does not start a body whose deadline has passed or whose signal has fired', async () => {
    const { clock, facade, runtime } = setUp();
    let runs = 0;
    facade.register(one('never', () => (runs += 1)));
    facade.events.on('*', () => undefined);
    expect(await facade.orchestrate('never', aContext({ deadline: clock.now() - 1 }))).toMatchObject({
      errorCategory: 'timeout',
      details: { notStarted: true },
    });
    expect(await facade.orchestrate('never', aContext(), {}, { timeoutMs: 0 })).toMatchObject({
      errorCategory: 'timeout',
    });
    expect(await facade.orchestrate('never', aContext({ signal: AbortSignal.abort() }))).toMatchObject({
      errorCategory: 'cancelled',
    });
    expect([runs, runtime.live, clock.pending]).toEqual([0, 0, 0]);
  });

  it('is cancelled at once by the signal of its context, with every child', async () => {
    const { facade, runtime } = setUp();
    const seen: string[] = [];
    facade.register(
      one('child', async (context) => {
        await new Promise((resolve) => {
          context.signal.addEventListener('abort', resolve);
        });
        seen.push(`child ${context.signal.aborted}`);
      }),
    );
    let childAnswer: StepResult | undefined;
    facade.register(
      one('parent', async (context) => {
        childAnswer = await context.call('child');
        seen.push(`parent ${context.signal.aborted}`);
      }),
    );
    const controller = new AbortController();
    const answer = facade.orchestrate('parent', aContext({ signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await answer).toMatchObject({ status: 'failed', errorCategory: 'cancelled', retryable: false });
    await turn();
    expect(childAnswer).toMatchObject({ errorCategory: 'cancelled' });
    expect(seen.sort()).toEqual(['child true', 'parent true']);
    expect(runtime.live).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('gives a child what is left of the parent time, never more, and ends it with the parent', async () => {
    const { clock, facade } = setUp();
    const left: (number | undefined)[] = [];
    let child: Promise<StepResult> | undefined;
    facade.register(
      one(
        'child',
        (context) => {
          left.push(context.deadline === undefined ? undefined : context.deadline - clock.now());
          return new Promise(() => undefined);
        },
        { timeoutMs: 10_000 },
      ),
    );
    facade.register(
      one('parent', async (context) => {
        await context.sleep(30);
        child = context.call('child', {}, { deadline: clock.now() + 5_000, timeoutMs: 5_000 });
        return child;
      }),
    );
    const answer = facade.orchestrate('parent', aContext(), {}, { timeoutMs: 100 });
    await clock.advance(100);
    expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    expect(left).toEqual([70]);
    expect(await child).toMatchObject({ errorCategory: 'timeout' });
  });

  it('ends the calls it has made that still run, in their order, and leaves alone what is over', async () => {
    const { clock, facade, runtime } = setUp();
    const told: string[] = [];
    facade.events.on('call.ended', ({ orchestrator, result }) => {
      told.push(`${orchestrator} ${result.status === 'failed' ? result.errorCategory : result.status}`);
    });
    const gates = new Map(
      ['first', 'second', 'third', 'fourth', 'fifth'].map((name) => [name, gate()] as const),
    );
    for (const [name, { opened }] of gates) facade.register(one(name, () => opened));
    const heard: string[] = [];
    facade.register(
      one(
        'parent',
        async (context) => {
          for (const name of gates.keys()) {
            // The fifth comes when the fourth, the last before it, is over.
            if (name === 'fifth') await context.sleep(20);
            void context.call(name);
            // Listeners of its own stand between them.
            context.signal.addEventListener('abort', () => heard.push(name));
          }
          await context.sleep(1_000);
        },
        { timeoutMs: 100 },
      ),
    );
    const answer = facade.orchestrate('parent', aContext());
    await clock.advance(10);
    gates.get('second')?.open();
    gates.get('fourth')?.open();
    await clock.advance(90);
    expect(await answer).toMatchObject({ errorCategory: 'timeout' });
    expect(told).toEqual([
      'second ok',
      'fourth ok',
      'first timeout',
      'third timeout',
      'fifth timeout',
      'parent timeout',
    ]);
    expect(heard).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
    for (const { open } of gates.values()) open();
    await turn();
    expect([runtime.live, clock.pending]).toEqual([0, 0]);
  });

  it('lets go of timers and of listeners on long-lived signals', async () => {
    const { clock, facade, runtime } = setUp();
    const { signal } = new AbortController();
    facade.register(one('leaf', () => 1));
    facade.register(
      one('root', (context) => context.call('leaf', {}, { timeoutMs: 1_000 }), { timeoutMs: 1_000 }),
    );
    for (let batch = 0; batch < 50; batch += 1) {
      await Promise.all(
        Array.from({ length: 1_000 }, () => facade.orchestrate('root', aContext({ signal }))),
      );
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(runtime.deadlines.size).toBe(0);
    expect(runtime.live).toBe(0);
    expect(clock.keptAlive).toBe(0);
    expect(clock.pending).toBeLessThanOrEqual(1);
    expect(facade.runs.list()).toEqual([]);
  });

  it('leaves no memory behind', async () => {
    const gc = (globalThis as { gc?: () => void }).gc;
    if (gc === undefined) return;
    const { facade } = setUp();
    const { signal } = new AbortController();
    facade.register(one('leaf', (context) => context.runId.length));
    facade.register(one('root', (context) => context.call('leaf'), { timeoutMs: 1_000 }));
    const round = async (): Promise<number> => {
      for (let index = 0; index < 20_000; index += 1) await facade.orchestrate('root', aContext({ signal }));
      gc();
      return process.memoryUsage().heapUsed;
    };
    const first = await round();
    const last = [await round(), await round()].at(-1) as number;
    expect(last - first).toBeLessThan(2_000_000);
  }, 30_000);

  it('refuses a cycle with its path, takes a diamond, and lets a reentrant one come back', async () => {
    const { facade } = setUp();
    facade.register(one('a', (context) => context.call('b')));
    facade.register(one('b', (context) => context.call('c')));
    facade.register(one('c', (context) => context.call('a')));
    expect(await facade.orchestrate('a', aContext())).toMatchObject({
      errorCategory: 'cycle_detected',
      details: { path: ['a', 'b', 'c', 'a'] },
      error: expect.stringContaining('a → b → c → a') as unknown,
    });
    expect(await facade.orchestrate('b', aContext())).toMatchObject({
      details: { path: ['b', 'c', 'a', 'b'] },
    });

    facade.register(one('bottom', () => 1));
    facade.register(one('left', (context) => context.callOrThrow('bottom')));
    facade.register(one('right', (context) => context.callOrThrow('bottom')));
    facade.register(
      one('top', (context) =>
        context.parallel({ l: () => context.call('left'), r: () => context.call('right') }),
      ),
    );
    expect(await facade.orchestrate('top', aContext())).toMatchObject({ data: { l: 1, r: 1 } });

    facade.register(
      one(
        'again',
        (context, params: { n: number }) =>
          params.n === 0 ? 'done' : context.call('again', { n: params.n - 1 }),
        {
          reentrant: true,
          maxConcurrency: 1,
        },
      ),
    );
    expect(await facade.orchestrate('again', aContext(), { n: 5 })).toMatchObject({ data: 'done' });
    // 0 to 16 is as deep as it goes.
    expect(await facade.orchestrate('again', aContext(), { n: 16 })).toMatchObject({ data: 'done' });
    expect(await facade.orchestrate('again', aContext(), { n: 17 })).toMatchObject({
      errorCategory: 'depth_exceeded',
      details: { depth: 17, maxDepth: 16 },
    });
  });

  it('holds callers to the layer rule, and names both sides of a breach', async () => {
    const { facade } = setUp();
    const layers = ['domain', 'application', 'infrastructure'] as const;
    for (const layer of layers) {
      facade.register(one(`${layer}_leaf`, () => layer, { layer }));
      facade.register(
        one(`${layer}_root`, (context, params: { to: string }) => context.call(params.to), { layer }),
      );
    }
    const allowed: string[] = [];
    for (const from of layers) {
      for (const to of layers) {
        const result = await facade.orchestrate(`${from}_root`, aContext(), { to: `${to}_leaf` });
        if (result.success) allowed.push(`${from} → ${to}`);
        else {
          expect(result).toMatchObject({
            errorCategory: 'policy_violation',
            details: { caller: `${from}_root`, callee: `${to}_leaf` },
          });
          expect(result.error).toContain(`${from}_root (${from}) may not call ${to}_leaf (${to})`);
        }
      }
    }
    expect(allowed).toEqual([
      'domain → domain',
      'application → domain',
      'application → application',
      'application → infrastructure',
      'infrastructure → infrastructure',
    ]);
  });

  it('counts a call made with an operation context as a call of that operation', async () => {
    const { facade } = setUp();
    const seen: unknown[] = [];
    facade.register(
      one(
        'inner',
        (context) =>
          void seen.push(context.parentOrchestrator, context.orchestrationDepth, context.requestId),
      ),
    );
    facade.register(one('outer', (context) => facade.orchestrate('inner', context)));
    facade.register(one('self', (context) => facade.orchestrate('self', context)));
    await facade.orchestrate('outer', aContext({ requestId: 'r-9' }));
    expect(seen).toEqual(['outer', 1, 'r-9']);
    expect(await facade.orchestrate('self', aContext())).toMatchObject({ errorCategory: 'cycle_detected' });
  });

  it('gives the child of call what the options override, and throws nothing for nonsense', async () => {
    const { facade, clock } = setUp();
    const controller = new AbortController();
    let seen: OperationContext | undefined;
    facade.register(
      one('child', (context) => {
        seen = context;
      }),
    );
    let answers: StepResult[] = [];
    facade.register(
      one('parent', async (context) => {
        answers = [
          await context.call(
            'child',
            {},
            {
              tenantId: 'other',
              metadata: { b: 2 },
              traceId: 'trace',
              deadline: clock.now() + 500,
              signal: controller.signal,
              principal: { id: 'svc', scopes: ['x'] },
            },
          ),
          await context.call('child', {}, { tenantId: '' }),
          await context.call('child', {}, null as never),
          await context.call(
            'child',
            {},
            {
              get timeoutMs(): number {
                throw new Error('no');
              },
            },
          ),
          await context.call(null as never),
          await context.call('child', {}, { signal: AbortSignal.abort() }),
        ];
        await expect(context.callOrThrow('nobody')).rejects.toBeInstanceOf(StepFailure);
      }),
    );
    expect(await facade.orchestrate('parent', aContext({ metadata: { a: 1 } }))).toMatchObject({
      status: 'ok',
    });
    expect(answers.map((each) => each.errorCategory)).toEqual([
      undefined,
      'validation',
      'validation',
      'validation',
      'validation',
      'cancelled',
    ]);
    expect(seen).toMatchObject({
      tenantId: 'other',
      metadata: { a: 1, b: 2 },
      traceId: 'trace',
      deadline: clock.now() + 500,
      principal: { id: 'svc', scopes: ['x'] },
    });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('runs a call that an operation left behind, unless the operation was ended', async () => {
    const { facade } = setUp();
    const done: string[] = [];
    facade.register(one('leaf', (_context, params: { from: string }) => void done.push(params.from)));
    const { open, opened } = gate();
    facade.register(
      one('leaver', (context, params: { from: string }) => {
        void opened.then(() => context.call('leaf', params));
        return 'left';
      }),
    );
    facade.register(
      one('ended', (context, params: { from: string }) => {
        void opened.then(() => turn()).then(() => context.call('leaf', params));
        return new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => {
            reject(context.signal.reason as Error);
          });
        });
      }),
    );
    expect(await facade.orchestrate('leaver', aContext(), { from: 'leaver' })).toMatchObject({
      data: 'left',
    });
    const controller = new AbortController();
    const answer = facade.orchestrate('ended', aContext({ signal: controller.signal }), { from: 'ended' });
    await turn();
    controller.abort();
    expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
    await turn();
    open();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(done).toEqual(['leaver']);
  });
});
