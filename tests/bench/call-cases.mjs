import 'reflect-metadata';

import { order, OrderDto } from './dto.mjs';

/** Each case prepares itself and gives the function that one call is. */

const spin = (iterations) => {
  let sum = 0;
  for (let i = 0; i < iterations; i += 1) sum += Math.sqrt(i) % 7;
  return sum;
};

async function kapelle({
  validated = false,
  timeoutMs,
  interceptors = 0,
  hostOptions = {},
  body = async () => 1,
} = {}) {
  const core = await import('@kapelle/core');
  class BenchOrchestrator extends core.BaseOrchestrator {
    run(context, params) {
      return body(context, params);
    }
  }
  core.defineOrchestrator(BenchOrchestrator, {
    layer: 'domain',
    type: 'business_logic',
    name: 'bench',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    operations: { run: validated ? { params: OrderDto } : {} },
  });
  const host = core.createOrchestrationHost({ orchestrators: [BenchOrchestrator], ...hostOptions });
  await host.start();
  let cell = 0;
  for (let i = 0; i < interceptors; i += 1) {
    host.facade.use({
      before() {
        cell += 1;
      },
      after(_call, result) {
        if (!result.success) cell -= 1;
      },
    });
  }
  const context = new core.OrchestrationContext({ tenantId: 'bench', requestId: 'r-1' });
  const { facade } = host;
  const call = validated
    ? () => facade.orchestrate('bench', context, order)
    : () => facade.orchestrate('bench', context);
  const check = await call();
  if (check.status !== 'ok') throw new Error(check.error);
  return call;
}

async function moleculer(brokerOptions, params) {
  const { ServiceBroker } = (await import('moleculer')).default;
  const broker = new ServiceBroker({ logger: false, ...brokerOptions });
  broker.createService({
    name: 'bench',
    actions: { run: { ...(params === undefined ? {} : { params }), handler: async () => 1 } },
  });
  await broker.start();
  return () => broker.call('bench.run', order);
}

async function nestCqrs(validate) {
  const { Module, ValidationPipe } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { CommandBus, CommandHandler, CqrsModule } = await import('@nestjs/cqrs');
  class RunCommand {}
  class RunHandler {
    async execute() {
      return 1;
    }
  }
  CommandHandler(RunCommand)(RunHandler);
  class BenchModule {}
  Module({ imports: [CqrsModule], providers: [RunHandler] })(BenchModule);
  const app = await NestFactory.createApplicationContext(BenchModule, { logger: false });
  await app.init();
  const bus = app.get(CommandBus);
  const command = new RunCommand();
  if (!validate) return () => bus.execute(command);
  const pipe = new ValidationPipe({ whitelist: true, transform: true });
  const metadata = { type: 'body', metatype: OrderDto, data: '' };
  return async () => {
    await pipe.transform(order, metadata);
    return bus.execute(command);
  };
}

const moleculerSchema = {
  sku: { type: 'string', min: 3, max: 40 },
  quantity: { type: 'number', integer: true, min: 1, max: 1_000 },
  express: 'boolean',
  region: { type: 'enum', values: ['eu', 'us', 'asia'] },
  note: { type: 'string', optional: true },
};

const full = { validated: true, timeoutMs: 30_000, interceptors: 2 };
const target = { run: async () => 1 };

export const callCases = {
  raw: { what: 'raw awaited function', make: async () => () => target.run(1, order) },
  'kapelle-default': { what: 'Kapelle, default host', make: () => kapelle() },
  'kapelle-explicit': {
    what: 'Kapelle, ambientContext: false',
    make: () => kapelle({ hostOptions: { ambientContext: false } }),
  },
  'nest-cqrs': { what: 'NestJS CQRS commandBus.execute', make: () => nestCqrs(false) },
  'kapelle-full': { what: 'Kapelle, full call', make: () => kapelle(full) },
  'kapelle-validated': {
    what: 'Kapelle, validation alone',
    make: () => kapelle({ validated: true, hostOptions: { ambientContext: false } }),
  },
  'moleculer-valid': { what: 'Moleculer, validation alone', make: () => moleculer({}, moleculerSchema) },
  'moleculer-full': {
    what: 'Moleculer, validation, metrics, timeout',
    make: () => moleculer({ metrics: true, requestTimeout: 30_000 }, moleculerSchema),
  },
  'nest-cqrs-pipe': { what: 'NestJS CQRS with ValidationPipe', make: () => nestCqrs(true) },
  'work50-raw': { what: '50 µs of work, bare', make: async () => async () => spin(5_500), batch: 2_000 },
  'work50-full': {
    what: '50 µs of work, full call',
    make: () => kapelle({ ...full, body: async () => spin(5_500) }),
    batch: 2_000,
  },
  'work500-raw': { what: '500 µs of work, bare', make: async () => async () => spin(55_000), batch: 200 },
  'work500-full': {
    what: '500 µs of work, full call',
    make: () => kapelle({ ...full, body: async () => spin(55_000) }),
    batch: 200,
  },
};
