import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  BaseOrchestrator,
  defineOrchestrator,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  StepFailure,
  StepResult,
} from '../index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { LineLogger } from './fixtures/line-logger.js';
import { internalsOf } from './orchestration-facade.js';

const boom = (): never => {
  throw new Error('boom');
};

const TRAPS: ProxyHandler<object> = {
  get: boom,
  set: boom,
  has: boom,
  ownKeys: boom,
  getPrototypeOf: boom,
  getOwnPropertyDescriptor: boom,
  apply: boom,
  construct: boom,
};

function revoked(of: object): object {
  const { proxy, revoke } = Proxy.revocable(of, {});
  revoke();
  return proxy;
}

/** Handled here, as not everybody takes it up; what is made of it is not, and Jest fails a test for that. */
function rejected(reason: unknown): Promise<unknown> {
  const promise = Promise.reject(reason);
  promise.catch(() => undefined);
  return promise;
}

class TwiceCalling<T> extends Promise<T> {
  override then(onFulfilled?: unknown, onRejected?: unknown): never {
    (onFulfilled as (value: unknown) => void)('first');
    (onFulfilled as (value: unknown) => void)('second');
    (onRejected as ((reason: unknown) => void) | undefined)?.(new Error('third'));
    throw new Error('fourth');
  }
}

class OddSpecies<T> extends Promise<T> {
  static override get [Symbol.species](): never {
    return boom();
  }
}

const BIG = 'x'.repeat(10_000_000);

/** Values made to break whoever looks at them. New ones each time: a promise or an error may be used up. */
const HOSTILE: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => NaN,
  () => -0,
  () => 10n,
  () => Symbol('hostile'),
  () => '',
  () => BIG,
  () => '\ud800 lone \udfff',
  () => '__proto__',
  () => 'constructor',
  () => '\u0000\n\r\u2028',
  () => boom,
  () => class Unregistered {},
  () => new Proxy({}, TRAPS),
  () => new Proxy(class Trapped {}, TRAPS),
  () => revoked({}),
  () => revoked(() => 1),
  () => revoked([]),
  () => ({
    get operation() {
      return boom();
    },
  }),
  () => ({
    get then() {
      return boom();
    },
  }),
  () => ({
    get name() {
      return boom();
    },
    get message() {
      return boom();
    },
    get stack() {
      return boom();
    },
  }),
  () => ({ toString: boom, toJSON: boom, valueOf: boom, [Symbol.toPrimitive]: boom }),
  () => ({ operation: { toString: boom } }),
  () => ({ operation: '__proto__' }),
  () => ({ operation: 'echo', deep: new Proxy({}, TRAPS) }),
  () =>
    JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"operation":"echo"}'),
  () => Object.create(null),
  () => Object.create(new Proxy({}, TRAPS)),
  () => {
    const loop: Record<string, unknown> = { operation: 'echo' };
    loop['self'] = loop;
    return loop;
  },
  () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 5_000; level += 1) deep = { deep };
    return deep;
  },
  () => [[[[]]], new Map([[{}, new Set([1])]]), new Date(NaN), /(a+)+$/, new Uint8Array(3), new WeakMap()],
  () => Object.freeze(new Error('frozen')),
  () => Object.defineProperty(new Error('loop'), 'cause', { get: boom }),
  () => Object.assign(new Error('x'), { name: Symbol('name'), message: 7, code: {} }),
  () => new AggregateError([new Error('a'), revoked({})], 'many'),
  () => new DOMException('x', 'AbortError'),
  () => new DOMException('x', 'TimeoutError'),
  () => new StepFailure(StepResult.fail('carried')),
  () => StepResult.fail('given'),
  () => StepResult.ok(1),
  () => new Proxy(StepResult.ok(1), TRAPS),
  () => ({ status: 'ok', success: true, data: 1 }),
  () => ({
    [Symbol.for('kapelle.StepResult')]: true,
    get status() {
      return boom();
    },
  }),
  () => ({ [Symbol.for('kapelle.StepResult')]: true, status: 'ok' }),
  () => ({
    [Symbol.for('kapelle.OrchestrationError')]: true,
    get code() {
      return boom();
    },
  }),
  () => Promise.resolve('settled'),
  () => rejected(new Error('rejected')),
  () => rejected(revoked({})),
  () => new Promise(() => undefined),
  () => TwiceCalling.resolve('sub'),
  () => OddSpecies.resolve('odd'),
  () => Object.defineProperty(Promise.resolve(1), 'constructor', { get: boom }),
  () => Object.defineProperty(Promise.resolve(1), 'then', { value: boom }),
  () => ({ then: boom }),
  () => ({
    then: (resolve: (value: unknown) => void) => {
      resolve(1);
      resolve(2);
      boom();
    },
  }),
  () => ({
    then: (resolve: (value: unknown) => void, reject: (why: unknown) => void) => {
      reject(1);
      resolve(2);
    },
  }),
  () => ({ then: () => undefined }),
  () => ({
    then: (resolve: (value: unknown) => void) => {
      resolve({
        then: (again: (value: unknown) => void) => {
          again(revoked({}));
        },
      });
    },
  }),
  () =>
    Object.assign(() => 1, {
      then: (resolve: (value: unknown) => void) => {
        resolve('function');
      },
    }),
  () => OrchestrationContext.create({ tenantId: 'acme' }),
  () => new Proxy(OrchestrationContext.create({ tenantId: 'acme' }), {}),
  () => OrchestrationContext.create({ tenantId: 'acme' }).toJSON(),
  () => ({
    tenantId: 'acme',
    requestId: 'r',
    createChildContext: boom,
    signal: {
      get aborted() {
        return boom();
      },
    },
  }),
  () => ({ timeoutMs: -1 }),
  () => ({ timeoutMs: '5' }),
  () => ({ timeoutMs: 1 }),
  () => ({ runId: Symbol('run') }),
  () => ({ runId: '' }),
  () => ({ runId: 'x'.repeat(600) }),
  () => ({ idempotencyKey: {} }),
  () => ({
    get timeoutMs() {
      return boom();
    },
  }),
  () => {
    let reads = 0;
    return {
      get timeoutMs() {
        reads += 1;
        return reads < 3 ? 5 : boom();
      },
    };
  },
  () => ({
    get runId() {
      return boom();
    },
  }),
];

describe('whatever is passed in', () => {
  let prototype: string;
  const shape = (): string =>
    JSON.stringify(
      [Object, Array, Function, Promise, Error].map(({ prototype: each }) =>
        Reflect.ownKeys(each as object).map(String),
      ),
    );

  beforeAll(() => {
    prototype = shape();
  });
  it('a call answers with a result: nothing thrown, nothing rejected, nothing left over', async () => {
    const clock = new FakeClock();
    let make: () => unknown = () => undefined;
    class Target extends BaseOrchestrator {
      override canOrchestrate(_context: OrchestrationContext, params?: unknown): boolean {
        return (params === CAN ? make() : true) as boolean;
      }
      echo(_context: OperationContext, params: unknown): unknown {
        return params;
      }
      returns(): unknown {
        return make();
      }
      async later(): Promise<unknown> {
        await null;
        return make();
      }
      throws(): never {
        throw make();
      }
      step(context: OperationContext): Promise<unknown> {
        return context.step('only', () => make() as string, { timeoutMs: 10, compensate: () => make() });
      }
      failsAfter(context: OperationContext): Promise<unknown> {
        return context
          .step('done', () => 1, { compensate: () => make() })

          .then(() => {
            throw make();
          });
      }
      branches(context: OperationContext): Promise<unknown> {
        return context.parallel({ a: () => make(), b: () => context.sleep(5), c: boom }, { mode: 'settle' });
      }
      async calls(context: OperationContext): Promise<unknown> {
        return context.call(make() as string, make(), make() as object);
      }
      passesOn(_context: OperationContext): Promise<unknown> {
        return this.delegate('target', make() as OrchestrationContext, make());
      }
      emits(context: OperationContext): string {
        context.progress(make() as number, make() as string);
        return context.runId;
      }
    }
    const CAN = { operation: 'echo' };
    const operations = [
      'echo',
      'returns',
      'later',
      'throws',
      'step',
      'failsAfter',
      'branches',
      'calls',
      'passesOn',
      'emits',
    ];
    defineOrchestrator(Target, {
      layer: 'domain',
      type: 'adaptive',
      operations,
      name: 'target',
      reentrant: true,
    });
    const facades = [
      new OrchestrationFacade({ clock }),
      new OrchestrationFacade({ clock, ambientContext: false }),
      new OrchestrationFacade({
        clock,
        logger: new LineLogger('debug', Object.assign([], { push: () => 0 })),
      }),
    ];
    facades[0]?.use({
      before: () => undefined,
      after: () => undefined,
      around: (_call, next) => next(),
    });
    facades[1]?.events.on('*', () => boom());
    for (const facade of facades) facade.register(Target);

    let calls = 0;
    const pick = fc.nat({ max: HOSTILE.length - 1 });
    const one = fc.tuple(pick, pick, pick, pick, fc.nat({ max: 31 }));
    const run = fc.asyncProperty(fc.array(one, { minLength: 250, maxLength: 250 }), async (batch) => {
      const controller = new AbortController();
      const context = OrchestrationContext.create({ tenantId: 'acme', signal: controller.signal });
      const answers: Promise<StepResult>[] = [];
      for (const [a, b, c, d, how] of batch) {
        const facade = facades[how % facades.length] as OrchestrationFacade;
        const value = (index: number): unknown => (HOSTILE[index] as () => unknown)();
        make = HOSTILE[a] as () => unknown;
        // Most calls reach an operation that handles the value; the others are made of values throughout.
        const answer =
          how < 24
            ? facade.orchestrate(
                'target',
                context,
                how % 5 === 0 ? CAN : { operation: operations[b % operations.length], value: value(c) },
                { timeoutMs: 20 },
              )
            : facade.orchestrate(
                (how % 2 === 0 ? value(a) : 'target') as string,
                (how % 3 === 0 ? value(b) : context) as OrchestrationContext,
                value(c),
                (how % 4 === 0 ? value(d) : undefined) as object,
              );
        if (!(answer instanceof Promise)) throw new Error('not a promise');
        answers.push(answer);
        calls += 1;
      }
      await clock.advance(5);
      controller.abort();
      await clock.advance(40_000);
      for (const result of await Promise.all(answers)) {
        if (!StepResult.isResult(result)) throw new Error('not a result');
      }
    });
    await fc.assert(run, { numRuns: 402, endOnFailure: true });
    for (const facade of facades) {
      for (const each of facade.runs.list()) await facade.runs.cancel(each.runId);
      await clock.advance(2_000);
      // What returned a promise that never settles runs on; everything else has ended.
      const { runtime } = internalsOf(facade);
      for (const frame of runtime.liveFrames()) expect(frame.bodies).toBeGreaterThan(0);
      expect(runtime.deadlines.size).toBe(0);
      expect(facade.listOrchestrators()['target']?.abandoned).toBe(runtime.live);
    }
    expect(clock.keptAlive).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(calls).toBeGreaterThanOrEqual(100_000);
    expect(shape()).toBe(prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  }, 120_000);

  it('the other doors answer or refuse, and nothing escapes into a promise', async () => {
    const facade = new OrchestrationFacade();
    for (const make of HOSTILE) {
      expect(facade.get(make() as string)).toBeUndefined();
      expect(facade.runs.get(make() as string)).toBeUndefined();
      expect(facade.runs.attach(make() as string)).toBeUndefined();
      expect(await facade.runs.signal(make() as string, make() as string, make())).toMatchObject({
        errorCategory: 'not_found',
      });
      expect(await facade.runs.cancel(make() as string, make() as string)).toMatchObject({
        errorCategory: 'not_found',
      });
      await expect(facade.unregister(make() as string)).rejects.toMatchObject({
        code: 'ORCHESTRATOR_NOT_REGISTERED',
      });
      const handle = facade.runs.submit(make() as string, make() as OrchestrationContext, make(), {});
      expect(StepResult.isResult(await handle.result())).toBe(true);
    }
  });

  it('a returned value without a then is data, whatever else of it throws when it is looked at', async () => {
    const guarded = new Proxy({ answer: 42 }, { getPrototypeOf: boom });
    class Guarding extends BaseOrchestrator {
      go(): unknown {
        return guarded;
      }
    }
    defineOrchestrator(Guarding, { layer: 'domain', type: 'adaptive', operations: ['go'], name: 'guarding' });
    const facade = new OrchestrationFacade();
    facade.register(Guarding);
    const result = await facade.orchestrate(
      'guarding',
      OrchestrationContext.create({ tenantId: 'acme' }),
      {},
    );
    expect([result.status, result.data === guarded]).toEqual(['ok', true]);
  });

  it('ids that a caller made up are one line of a log, and themselves everywhere else', async () => {
    const logger = new LineLogger();
    const facade = new OrchestrationFacade({ logger });
    const hostile = { tenantId: 'a\nb', requestId: `r\u001b[2J${'x'.repeat(2_000)}`, traceId: 't\u2028' };
    const seen: unknown[] = [];
    class Own extends BaseOrchestrator {
      async run(context: OperationContext): Promise<never> {
        this.logger.info('own');
        seen.push(context.tenantId, context.requestId);
        await context.step('a\nb', () => 1, { compensate: () => Promise.reject(new Error('x\ny')) });
        throw new Error('boom');
      }
    }
    facade.register(
      defineOrchestrator(Own, { layer: 'domain', type: 'sequential', operations: ['run'], name: 'own' }),
    );
    facade.events.on('call.ended', (event) => seen.push(event.tenantId));
    const context = new OrchestrationContext(hostile);
    await facade.orchestrate('own', context);
    await facade.orchestrate('nobody', context);
    const called = logger.lines.filter((line) => 'tenantId' in line.fields);
    expect(called.map((line) => line.event)).toEqual([
      'orchestration_started',
      'own',
      'step_compensation_failed',
      'orchestration_failed',
      'orchestrator_not_found',
    ]);
    for (const { fields } of called) {
      expect(fields['tenantId']).toBe('a\\nb');
      expect(fields['requestId']).toMatch(/^r\\u001b\[2Jx+… \(\+1493 characters\)$/);
      if ('traceId' in fields) expect(fields['traceId']).toBe('t\\u2028');
    }
    expect(called[2]?.fields).toMatchObject({ step: 'a\\nb', error: 'x\\ny' });
    expect(seen).toEqual(['a\nb', hostile.requestId, 'a\nb']);
  });
});
