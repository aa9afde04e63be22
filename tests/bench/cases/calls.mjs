import { AsyncLocalStorage } from 'node:async_hooks';
import { pbkdf2Sync } from 'node:crypto';

import { effect } from '../subjects/effect.mjs';
import { benchContext, callOf, kapelle, kapelleFull, startHost } from '../subjects/lazy.mjs';
import { moleculer, moleculerBroker, moleculerSchema } from '../subjects/moleculer.mjs';
import { nestCqrs, nestMicroservice } from '../subjects/nest.mjs';
import { order } from '../subjects/order.mjs';

const explicit = { host: { ambientContext: false } };
const target = { run: async () => 1 };
const raw = async () => () => target.run(1, order);

async function tapable() {
  const { AsyncSeriesHook } = (await import('tapable')).default;
  const hook = new AsyncSeriesHook(['call']);
  hook.tap('before', (call) => {
    call.n += 1;
  });
  hook.tapPromise('run', async (call) => {
    call.value = await target.run(1, order);
  });
  hook.tap('after', (call) => {
    call.n -= 1;
  });
  return async () => {
    const call = { n: 0, value: 0 };
    await hook.promise(call);
    return call.value;
  };
}

async function hookable() {
  const { createHooks } = await import('hookable');
  const hooks = createHooks();
  hooks.hook('call', (call) => {
    call.n += 1;
  });
  hooks.hook('call', async (call) => {
    call.value = await target.run(1, order);
  });
  hooks.hook('call', (call) => {
    call.n -= 1;
  });
  return async () => {
    const call = { n: 0, value: 0 };
    await hooks.callHook('call', call);
    return call.value;
  };
}

/** 16 orchestrators called in turn: no call site sees one class alone. */
async function rotation() {
  const { BaseOrchestrator, createOrchestrationHost, defineOrchestrator } = await import('@kapelle/core');
  const orchestrators = Array.from({ length: 16 }, (_, i) =>
    defineOrchestrator(
      class extends BaseOrchestrator {
        async run() {
          return i;
        }
      },
      { layer: 'domain', type: 'business_logic', name: `bench_${i}`, operations: ['run'] },
    ),
  );
  const host = createOrchestrationHost({ orchestrators });
  await host.start();
  const names = orchestrators.map((_, i) => `bench_${i}`);
  const context = await benchContext();
  let turn = 0;
  return () => host.facade.orchestrate(names[(turn = (turn + 1) & 15)], context);
}

async function nested() {
  const { BaseOrchestrator, createOrchestrationHost, defineOrchestrator } = await import('@kapelle/core');
  class Inner extends BaseOrchestrator {
    async run() {
      return 1;
    }
  }
  defineOrchestrator(Inner, { layer: 'domain', type: 'business_logic', name: 'inner', operations: ['run'] });
  class Outer extends BaseOrchestrator {
    run(outerContext) {
      return outerContext.call('inner');
    }
  }
  defineOrchestrator(Outer, { layer: 'domain', type: 'business_logic', name: 'bench', operations: ['run'] });
  const host = createOrchestrationHost({ orchestrators: [Outer, Inner] });
  await host.start();
  return callOf(host);
}

async function moleculerNested() {
  const broker = await moleculerBroker({ actions: { outer: (ctx) => ctx.call('bench.run', ctx.params) } });
  return () => broker.call('bench.outer', order);
}

async function validated(options = {}) {
  const { OrderDto } = await import('../subjects/order-dto.mjs');
  const { host } = await startHost({ operation: { params: OrderDto }, ...options });
  return callOf(host, order);
}

async function failing(body) {
  const { host } = await startHost({ body });
  const context = await benchContext();
  return async () => {
    const { success } = await host.facade.orchestrate('bench', context);
    if (success) throw new Error('The call did not fail.');
  };
}

async function moleculerFailing() {
  const broker = await moleculerBroker({
    actions: {
      fail: async () => {
        throw new Error('no');
      },
    },
  });
  return () => broker.call('bench.fail', order).catch((error) => error);
}

async function classValidator() {
  const { plainToInstance } = await import('class-transformer');
  const { validateSync } = await import('class-validator');
  const { OrderDto } = await import('../subjects/order-dto.mjs');
  return async () => {
    const errors = validateSync(plainToInstance(OrderDto, order), { whitelist: true });
    if (errors.length > 0) throw new Error('The order is valid.');
    return target.run(1, order);
  };
}

/** Native work without memory to speak of: no compiler makes it faster in one case than in the other. */
const derive = (iterations) => pbkdf2Sync('password', 'salt', iterations, 32, 'sha256');

/** How many iterations take so long on this machine. */
function iterationsFor(microseconds) {
  const iterations = 20_000;
  let best = Infinity;
  for (let i = 0; i < 5; i += 1) {
    const begun = process.hrtime.bigint();
    derive(iterations);
    best = Math.min(best, Number(process.hrtime.bigint() - begun));
  }
  return Math.round((iterations * microseconds * 1_000) / best);
}

const workGroup = (microseconds) => {
  let iterations = 1;
  const body = async () => derive(iterations);
  /** A few hundred long calls would leave the code of the call uncompiled: it is run often enough with short ones. */
  const compiled = async (call) => {
    const wanted = iterationsFor(microseconds);
    iterations = 1;
    for (let i = 0; i < 30_000; i += 1) await call();
    iterations = wanted;
    return call;
  };
  return {
    id: `work${microseconds}`,
    title: `Around ${microseconds} µs of CPU work, in one process`,
    note: 'Batch beside batch: the median of 201 ratios of neighbours. The speed of a shared machine changes by more than what is looked for.',
    base: `work${microseconds}-raw`,
    pairedWith: `work${microseconds}-raw`,
    oneProcess: true,
    batches: 201,
    cases: [
      { id: `work${microseconds}-raw`, what: 'the work alone', make: () => compiled(body) },
      {
        id: `work${microseconds}-full`,
        what: 'in a full call',
        ours: true,
        make: async () => compiled(await kapelleFull({ body })),
      },
      {
        id: `work${microseconds}-explicit`,
        what: 'in a call, ambientContext: false',
        ours: true,
        make: async () => compiled(await kapelle({ body, ...explicit })),
      },
      {
        id: `work${microseconds}-cqrs`,
        what: 'in a command of NestJS CQRS',
        make: async () => compiled(await nestCqrs({ body })),
      },
      {
        id: `work${microseconds}-moleculer`,
        what: 'in a call of Moleculer 0.14: validation, metrics, timeout',
        make: async () =>
          compiled(
            await moleculer({
              broker: { metrics: true, requestTimeout: 30_000 },
              params: moleculerSchema,
              body,
            }),
          ),
      },
    ],
  };
};

const storage = new AsyncLocalStorage();
let handedOver;
const handOver = (resolve) => {
  handedOver = resolve;
};
const wrap = (data) => ({ status: 'ok', data });
const ownPromise = (start) => {
  const answer = new Promise(handOver);
  const resolve = handedOver;
  start().then(
    (value) => resolve(wrap(value)),
    (thrown) => resolve(thrown),
  );
  return answer;
};
const body = async () => 1;

/** As small as what an operation gets can be: it knows its call, and whoever receives it cannot change it. */
class FrozenContext {
  #call;
  constructor(call) {
    this.#call = call;
    Object.freeze(this);
  }
  static callOf(context) {
    return context.#call;
  }
}
const call = { tenantId: 'bench' };
const withFrozenContext = () => ownPromise(() => body(new FrozenContext(call)));

export const part = {
  title: 'Calls',
  groups: [
    {
      id: 'plain',
      title: 'A call that does nothing',
      base: 'raw',
      cases: [
        { id: 'raw', what: 'raw awaited function', make: raw },
        {
          id: 'kapelle-explicit',
          what: 'Kapelle, ambientContext: false',
          ours: true,
          make: () => kapelle(explicit),
        },
        { id: 'kapelle-default', what: 'Kapelle, default host', ours: true, make: () => kapelle() },
        {
          id: 'kapelle-rotation',
          what: 'Kapelle, default host, 16 orchestrators in turn',
          ours: true,
          make: rotation,
        },
        { id: 'nest-cqrs', what: 'NestJS CQRS commandBus.execute', make: () => nestCqrs() },
        { id: 'tapable', what: 'tapable, before + run + after', make: tapable },
        { id: 'moleculer', what: 'Moleculer 0.14 broker.call', make: () => moleculer() },
        {
          id: 'moleculer-15',
          what: 'Moleculer 0.15 broker.call',
          minNode: 22,
          make: () => moleculer({ version: 'moleculer-15' }),
        },
        { id: 'hookable', what: 'hookable, before + run + after', make: hookable },
        { id: 'effect', what: 'Effect 3 runPromise', make: () => effect('bare') },
        { id: 'effect-4', what: 'Effect 4 runPromise', make: () => effect('bare', 'effect-4') },
        {
          id: 'nest-microservice',
          what: 'NestJS microservice, transport in process',
          make: () => nestMicroservice(),
        },
      ],
    },
    {
      id: 'floor-off',
      title: 'What the platform takes for it, in one process without AsyncLocalStorage',
      note: 'A call can end before its operation does (deadline, stop of the host), which takes a promise of its own, and an operation cannot change its context. NestJS CQRS promises neither.',
      base: 'floor-off-cqrs',
      oneProcess: true,
      batches: 15,
      cases: [
        { id: 'floor-off-raw', what: 'await fn()', make: async () => () => body() },
        {
          id: 'floor-off-own',
          what: '+ a result object, through a promise that can be answered early',
          make: async () => () => ownPromise(body),
        },
        {
          id: 'floor-off-frozen',
          what: '+ a frozen context',
          make: async () => withFrozenContext,
        },
        { id: 'floor-off-cqrs', what: 'NestJS CQRS commandBus.execute', make: () => nestCqrs() },
        {
          id: 'floor-off-explicit',
          what: 'Kapelle, ambientContext: false',
          ours: true,
          make: () => kapelle(explicit),
        },
      ],
    },
    {
      id: 'floor',
      title: 'What the platform takes for it, in one process with AsyncLocalStorage on',
      note: 'A process whose AsyncLocalStorage is on pays for every promise in it; peers that run beside it do too.',
      base: 'floor-raw',
      oneProcess: true,
      batches: 15,
      cases: [
        { id: 'floor-raw', what: 'await fn()', make: async () => () => body() },
        {
          id: 'floor-then',
          what: '+ a result object, through one then',
          make: async () => () => body().then(wrap),
        },
        {
          id: 'floor-own',
          what: '+ a promise that can be answered early',
          make: async () => () => ownPromise(body),
        },
        {
          id: 'floor-als',
          what: 'AsyncLocalStorage.run + one then',
          make: async () => () => storage.run({}, body).then(wrap),
        },
        {
          id: 'floor-als-own',
          what: 'AsyncLocalStorage.run + that promise',
          make: async () => () => ownPromise(() => storage.run({}, body)),
        },
        { id: 'floor-cqrs', what: 'NestJS CQRS commandBus.execute', make: () => nestCqrs() },
        {
          id: 'floor-explicit',
          what: 'Kapelle, ambientContext: false',
          ours: true,
          make: () => kapelle(explicit),
        },
        { id: 'floor-default', what: 'Kapelle, default host', ours: true, make: () => kapelle() },
      ],
    },
    {
      id: 'validated',
      title: 'With validated params: five simple fields',
      base: 'moleculer-valid',
      cases: [
        {
          id: 'kapelle-valid',
          what: 'Kapelle, class-validator metadata, ambientContext: false',
          ours: true,
          make: () => validated(explicit),
        },
        {
          id: 'kapelle-valid-default',
          what: 'Kapelle, class-validator metadata, default host',
          ours: true,
          make: () => validated(),
        },
        {
          id: 'moleculer-valid',
          what: 'Moleculer 0.14, fastest-validator',
          make: () => moleculer({ params: moleculerSchema }),
        },
        { id: 'effect-schema', what: 'Effect 3, Schema', make: () => effect('schema') },
        { id: 'class-validator', what: 'plainToInstance + validateSync by hand', make: classValidator },
        {
          id: 'nest-cqrs-pipe',
          what: 'NestJS CQRS + ValidationPipe',
          make: () => nestCqrs({ validated: true }),
        },
      ],
    },
    {
      id: 'full',
      title: 'The full call',
      note:
        'Kapelle: validation, deadline, metrics, two interceptors, a winston logger at warn, the context in AsyncLocalStorage. ' +
        'Each peer has what it offers of that.',
      base: 'kapelle-full',
      cases: [
        { id: 'kapelle-full', what: 'Kapelle', ours: true, make: () => kapelleFull() },
        {
          id: 'kapelle-full-explicit',
          what: 'Kapelle, ambientContext: false',
          ours: true,
          make: () => kapelleFull(explicit),
        },
        {
          id: 'moleculer-full',
          what: 'Moleculer 0.14: validation, metrics, timeout',
          make: () =>
            moleculer({ broker: { metrics: true, requestTimeout: 30_000 }, params: moleculerSchema }),
        },
        {
          id: 'moleculer-15-full',
          what: 'Moleculer 0.15: validation, metrics, timeout',
          minNode: 22,
          make: () =>
            moleculer({
              broker: { metrics: true, requestTimeout: 30_000 },
              params: moleculerSchema,
              version: 'moleculer-15',
            }),
        },
        {
          id: 'nest-microservice-full',
          what: 'NestJS microservice: ValidationPipe, timing interceptor',
          make: () => nestMicroservice({ full: true }),
        },
        { id: 'effect-full', what: 'Effect 3: Schema, timeout, span', make: () => effect('full') },
      ],
    },
    {
      id: 'nested',
      title: 'A call that makes a call',
      base: 'kapelle-nested',
      cases: [
        { id: 'kapelle-nested', what: 'Kapelle, context.call', ours: true, make: nested },
        {
          id: 'nest-cqrs-nested',
          what: 'NestJS CQRS, a handler that executes a command',
          make: () => nestCqrs({ nested: true }),
        },
        { id: 'moleculer-nested', what: 'Moleculer 0.14, ctx.call', make: moleculerNested },
      ],
    },
    {
      id: 'failing',
      title: 'A call that fails',
      base: 'raw-throws',
      cases: [
        {
          id: 'raw-throws',
          what: 'raw function that throws an Error, caught',
          make: async () => {
            const fail = async () => {
              throw new Error('no');
            };
            return () => fail().catch((error) => error);
          },
        },
        {
          id: 'kapelle-fails',
          what: 'Kapelle, the operation returns StepResult.fail',
          ours: true,
          make: async () => {
            const { StepResult } = await import('@kapelle/core');
            return failing(async () => StepResult.fail('no'));
          },
        },
        {
          id: 'kapelle-throws',
          what: 'Kapelle, the operation throws an Error',
          ours: true,
          make: () =>
            failing(async () => {
              throw new Error('no');
            }),
        },
        {
          id: 'moleculer-throws',
          what: 'Moleculer 0.14, the action throws an Error',
          make: moleculerFailing,
        },
      ],
    },
    workGroup(50),
    workGroup(500),
  ],
  figures: ({ ratio, ns, nodeMajor }) => [
    {
      what: 'default call / raw awaited function',
      limit: 5,
      unit: '×',
      seen: ratio('kapelle-default', 'raw'),
    },
    {
      what: 'default call / NestJS CQRS',
      limit: nodeMajor <= 20 ? 1.5 : 2,
      unit: '×',
      seen: ratio('kapelle-default', 'nest-cqrs'),
    },
    {
      what: 'ambientContext: false / NestJS CQRS',
      limit: 1,
      unit: '×',
      seen: ratio('kapelle-explicit', 'nest-cqrs'),
    },
    { what: 'full call', limit: 2_500, unit: 'ns', seen: ns('kapelle-full') },
    {
      what: 'full call / Moleculer with validation, metrics, timeout',
      limit: 1 / 6,
      limitText: '1/6',
      unit: '×',
      seen: ratio('kapelle-full', 'moleculer-full'),
    },
    {
      what: 'full call / NestJS CQRS + ValidationPipe',
      limit: 1 / 12,
      limitText: '1/12',
      unit: '×',
      seen: ratio('kapelle-full', 'nest-cqrs-pipe'),
    },
    {
      what: 'validation alone / Moleculer with validation alone',
      limit: 1,
      unit: '×',
      seen: ratio('kapelle-valid', 'moleculer-valid'),
    },
    {
      what: 'overhead of the full call on 50 µs of CPU work',
      limit: 0.05,
      unit: '%',
      seen: ratio('work50-full', 'work50-raw') - 1,
    },
    {
      what: 'overhead of the full call on 500 µs of CPU work',
      limit: 0.01,
      unit: '%',
      seen: ratio('work500-full', 'work500-raw') - 1,
    },
  ],
};
