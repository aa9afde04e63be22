import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  currentContext,
  defineOrchestrator,
  type Interceptor,
  type Logger,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  type OrchestratorDeclaration,
  StepResult,
} from '../index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { internalsOf } from './orchestration-facade.js';

const aContext = (tenantId = 'acme', requestId = 'r-1'): OrchestrationContext =>
  new OrchestrationContext({ tenantId, requestId });

function one(
  name: string,
  body: (context: OperationContext, params: never) => unknown,
  options: Partial<OrchestratorDeclaration> = {},
) {
  class One extends BaseOrchestrator {
    run(context: OperationContext, params: unknown): unknown {
      return body(context, params as never);
    }
  }
  return defineOrchestrator(One, {
    layer: 'domain',
    type: 'parallel',
    operations: ['run'],
    name,
    ...options,
  });
}

function setUp(body: (context: OperationContext) => unknown, options: Partial<OrchestratorDeclaration> = {}) {
  const facade = new OrchestrationFacade({ clock: new FakeClock() });
  facade.register(one('leaf', body, options));
  const call = () => facade.orchestrate('leaf', aContext());
  return { facade, call, runtime: internalsOf(facade).runtime };
}

/** Gives up the first attempt once it runs, then makes another. */
const secondTry = (how: 'signal' | 'endedBy'): Interceptor => ({
  name: 'second-try',
  async around(_call, next) {
    const controller = new AbortController();
    const reason = new DOMException('Too slow.', 'TimeoutError');
    const first = next(
      how === 'signal'
        ? { signal: controller.signal }
        : {
            endedBy: (end) => {
              const abort = (): void => {
                end(reason);
              };
              controller.signal.addEventListener('abort', abort);
              return () => {
                controller.signal.removeEventListener('abort', abort);
              };
            },
          },
    );
    await Promise.resolve();
    controller.abort(reason);
    expect(await first).toMatchObject({ status: 'failed', errorCategory: 'timeout', error: 'Too slow.' });
    return next();
  },
});

describe('an attempt that an interceptor ends', () => {
  it.each(['signal', 'endedBy'] as const)(
    'leaves its call running, and the author can tell (%s)',
    async (how) => {
      const signals: AbortSignal[] = [];
      const { facade, call, runtime } = setUp(async ({ signal }) => {
        signals.push(signal);
        if (signals.length === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return signals.length;
      });
      const late: unknown[] = [];
      facade.events.on('call.late', (event) => late.push(event.result.data));
      facade.use(secondTry(how));
      expect(await call()).toMatchObject({ status: 'ok', data: 2 });
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
      await Promise.resolve();
      expect(late).toEqual([1]);
      expect(runtime.live).toBe(0);
    },
  );

  it('never reaches the author where it was ended before it began', async () => {
    let runs = 0;
    const { facade, call } = setUp(() => (runs += 1));
    facade.use({ around: (_call, next) => next({ signal: AbortSignal.abort(new Error('not wanted')) }) });
    expect(await call()).toMatchObject({ status: 'failed', error: 'not wanted' });
    expect(runs).toBe(0);
  });

  it('keeps its slot until its body ends, and the next attempt needs one of its own', async () => {
    const open: ((value: unknown) => void)[] = [];
    const { facade, call } = setUp(() => new Promise((resolve) => open.push(resolve)), { maxConcurrency: 1 });
    facade.use(secondTry('signal'));
    const answer = call();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    expect(open).toHaveLength(1);
    open[0]?.('late');
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    expect(open).toHaveLength(2);
    open[1]?.('in time');
    expect(await answer).toMatchObject({ data: 'in time' });
  });

  it('is ended also where an interceptor further in does not pass it on', async () => {
    const { facade, call } = setUp(() => 'after all');
    const controller = new AbortController();
    facade.use({
      async around(_call, next) {
        const answer = next({ signal: controller.signal });
        controller.abort();
        return answer;
      },
    });
    facade.use({ around: () => new Promise(() => undefined) });
    expect(await call()).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
  });

  it('ends with its call, whatever ends that', async () => {
    const { facade, runtime } = setUp(() => new Promise(() => undefined));
    facade.use({ around: (_call, next) => next({ signal: new AbortController().signal }) });
    const caller = new AbortController();
    const context = new OrchestrationContext({ tenantId: 'a', requestId: 'r', signal: caller.signal });
    const answer = facade.orchestrate('leaf', context);
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
    expect(runtime.live).toBe(1);
  });
});

describe('what an attempt holds', () => {
  it('is free once nothing of the attempt runs any more, not when it is answered', async () => {
    let end: (value: unknown) => void = () => undefined;
    const { facade, call } = setUp(() => new Promise((resolve) => (end = resolve)));
    const told: string[] = [];
    const controller = new AbortController();
    facade.use({
      async around(_call, next) {
        const first = await next({ signal: controller.signal, onOver: () => told.push('over') });
        told.push(`answered ${String(first.errorCategory)}`);
        return first;
      },
    });
    const answer = call();
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
    expect(told).toEqual(['answered cancelled']);
    end('late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['answered cancelled', 'over']);
  });

  it('is known to be held on before the answer is there, and not where the body has ended', async () => {
    let end: (value: unknown) => void = () => undefined;
    let ends = true;
    const { facade, call } = setUp(() => (ends ? 'at once' : new Promise((resolve) => (end = resolve))));
    const told: string[] = [];
    const controller = new AbortController();
    // One object whose methods are called on it.
    const attempt = {
      name: 'mine',
      endedBy(endIt: (reason: unknown) => void) {
        const abort = (): void => {
          endIt(controller.signal.reason);
        };
        controller.signal.addEventListener('abort', abort);
        return () => {
          controller.signal.removeEventListener('abort', abort);
        };
      },
      onAbandoned() {
        told.push(`${this.name} abandoned`);
        throw new Error('nobody cares');
      },
      onOver() {
        told.push(`${this.name} over`);
      },
    };
    facade.use({
      async around(_call, next) {
        const answer = await next(attempt);
        told.push('answered');
        return answer;
      },
    });
    expect(await call()).toMatchObject({ data: 'at once' });
    expect(told.splice(0)).toEqual(['mine over', 'answered']);

    ends = false;
    const answer = call();
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
    expect(told).toEqual(['mine abandoned', 'answered']);
    end('late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['mine abandoned', 'answered', 'mine over']);
  });

  it('is free at once where no body ever began', async () => {
    const { facade, call } = setUp(() => 1);
    let over = 0;
    facade.use({ around: (_call, next) => next({ signal: AbortSignal.abort(), onOver: () => (over += 1) }) });
    facade.use({ around: async () => StepResult.ok('from the cache'), order: 1 });
    expect(await call()).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    expect(over).toBe(1);
  });
});

describe('the context of an operation', () => {
  it('cannot be changed by who receives it', async () => {
    const { call } = setUp((context) => {
      expect(() => Object.defineProperty(context, 'tenantId', { value: 'evil' })).toThrow(TypeError);
      expect(() => Object.assign(context, { extra: 1 })).toThrow(TypeError);
      expect(() => Object.setPrototypeOf(context, null) as unknown).toThrow(TypeError);
      return context.tenantId;
    });
    expect(await call()).toMatchObject({ data: 'acme' });
  });
});

describe('an interceptor for some operations', () => {
  it('is asked once per operation, and stands around calls that name a policy of their own too', async () => {
    const { facade } = setUp(() => 1);
    facade.register(one('other', () => 2, { operations: { run: { policy: 'strict' } } }));
    const asked: unknown[] = [];
    const around: string[] = [];
    const stop = facade.use({
      appliesTo: (operation) => {
        asked.push(operation);
        return operation.policy !== undefined;
      },
      before: (call) => void around.push(`${call.orchestrator} ${String(call.policy)}`),
    });
    for (const name of ['leaf', 'other', 'leaf', 'other']) await facade.orchestrate(name, aContext());
    await facade.orchestrate('leaf', aContext(), undefined, { policy: 'lax' });
    expect(asked).toEqual([
      { orchestrator: 'leaf', layer: 'domain', type: 'parallel', operation: 'run' },
      { orchestrator: 'other', layer: 'domain', type: 'parallel', operation: 'run', policy: 'strict' },
    ]);
    expect(around).toEqual(['other strict', 'other strict', 'leaf lax']);
    expect(facade.listOrchestrators()['other']?.operations[0]).toMatchObject({ policy: 'strict' });
    stop();
    await facade.orchestrate('other', aContext());
    expect(around).toHaveLength(3);
  });
});

describe('an interceptor that is no good', () => {
  it('is refused where a hook is no function', () => {
    const { facade } = setUp(() => 1);
    expect(() => facade.use({ before: 5 } as never)).toThrow(
      'interceptor.before must be a function, got a number',
    );
  });

  it('does not turn a failure into a success by forgetting to return it', async () => {
    const { facade, call } = setUp(() => StepResult.fail('no'));
    facade.use({
      name: 'forgetful',
      around: (async (_call: unknown, next: () => Promise<unknown>) => {
        await next();
      }) as never,
    });
    expect(await call()).toMatchObject({ status: 'failed', errorCategory: 'configuration' });
  });
});

describe('a call made with the context that the request began with', () => {
  it('stands in the chain of the operation that makes it', async () => {
    const facade = new OrchestrationFacade();
    const root = aContext();
    const told: unknown[] = [];
    facade.register(
      one('a', async () => {
        told.push('a');
        return facade.orchestrate('b', root);
      }),
    );
    facade.register(
      one('b', async (context) => {
        told.push([context.parentOrchestrator, context.orchestrationDepth]);
        return facade.orchestrate('a', root);
      }),
    );
    expect(await facade.orchestrate('a', root)).toMatchObject({
      errorCategory: 'cycle_detected',
      error: expect.stringContaining('a → b → a') as unknown,
    });
    expect(told).toEqual(['a', ['a', 1]]);
  });

  it('is one of its own for another request, another tenant, and once the operation has ended', async () => {
    const facade = new OrchestrationFacade();
    const depths: number[] = [];
    facade.register(one('leaf', ({ orchestrationDepth }) => void depths.push(orchestrationDepth)));
    let after: Promise<unknown> | undefined;
    const root = aContext();
    facade.register(
      one('top', async () => {
        await facade.orchestrate('leaf', aContext('acme', 'r-2'));
        await facade.orchestrate('leaf', aContext('other', 'r-1'));
        after = new Promise((resolve) => setImmediate(resolve)).then(() => facade.orchestrate('leaf', root));
      }),
    );
    await facade.orchestrate('top', root);
    await after;
    expect(depths).toEqual([0, 0, 0]);
  });
});

describe('a host without ambient context, called from inside a call of another', () => {
  it('sees nothing of that call', async () => {
    const lines: unknown[] = [];
    const logger: Logger = {
      debug: () => undefined,
      info: (event, fields) => void lines.push({ event, ...fields }),
      warn: () => undefined,
      error: () => undefined,
      child: () => logger,
      isLevelEnabled: () => true,
    };
    const inner = new OrchestrationFacade({ ambientContext: false, logger });
    class Quiet extends BaseOrchestrator {
      run(): unknown {
        this.logger.info('mine');
        return currentContext()?.tenantId ?? 'none';
      }
    }
    inner.register(
      defineOrchestrator(Quiet, { layer: 'domain', type: 'parallel', name: 'quiet', operations: ['run'] }),
    );
    const outer = new OrchestrationFacade();
    outer.register(one('outer', () => inner.orchestrate('quiet', aContext('other', 'o'))));
    expect(await outer.orchestrate('outer', aContext())).toMatchObject({ data: 'none' });
    expect(lines.find((line) => (line as { event: string }).event === 'mine')).not.toHaveProperty('tenantId');
  });
});

describe('runs.submit', () => {
  it.each([
    null,
    5,
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
      },
    ),
  ])('gives a handle with the refusal for options that are none', async (options) => {
    const { facade } = setUp(() => 1);
    const handle = facade.runs.submit('leaf', aContext(), undefined, options as never);
    expect(await handle.result()).toMatchObject({ status: 'failed' });
  });
});
