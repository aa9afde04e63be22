import 'reflect-metadata';

import { order } from './order.mjs';

export const pipeOptions = { whitelist: true, transform: true };

export async function nestCqrs({ validated = false, nested = false, body = async () => 1 } = {}) {
  const { Module, ValidationPipe } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { CommandBus, CommandHandler, CqrsModule } = await import('@nestjs/cqrs');
  class RunCommand {}
  class RunHandler {
    execute() {
      return body();
    }
  }
  CommandHandler(RunCommand)(RunHandler);
  class OuterCommand {}
  class OuterHandler {
    async execute() {
      return bus.execute(command);
    }
  }
  CommandHandler(OuterCommand)(OuterHandler);
  class BenchModule {}
  Module({ imports: [CqrsModule], providers: [RunHandler, OuterHandler] })(BenchModule);
  const app = await NestFactory.createApplicationContext(BenchModule, { logger: false });
  await app.init();
  const bus = app.get(CommandBus);
  const command = new RunCommand();
  const outer = new OuterCommand();
  if (nested) return () => bus.execute(outer);
  if (!validated) return () => bus.execute(command);
  const { OrderDto } = await import('./order-dto.mjs');
  const pipe = new ValidationPipe(pipeOptions);
  const metadata = { type: 'body', metatype: OrderDto, data: '' };
  return async () => {
    await pipe.transform(order, metadata);
    return bus.execute(command);
  };
}

/** A message handler behind a transport that stays in the process. */
export async function nestMicroservice({ full = false } = {}) {
  const { Controller, Module, UseInterceptors, ValidationPipe } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { BaseRpcContext, MessagePattern, Payload, Server } = await import('@nestjs/microservices');
  const { lastValueFrom, tap } = await import('rxjs');
  const { OrderDto } = await import('./order-dto.mjs');
  class InProcess extends Server {
    listen(done) {
      done();
    }
    close() {}
    on() {}
    unwrap() {}
    async send(data, context) {
      return lastValueFrom(this.transformToObservable(await handler(data, context)));
    }
  }
  class Timing {
    intercept(_context, next) {
      const begun = performance.now();
      return next.handle().pipe(tap(() => (tookMs = performance.now() - begun)));
    }
  }
  let tookMs = 0;
  class BenchController {
    async run() {
      return 1;
    }
  }
  Controller()(BenchController);
  const descriptor = Object.getOwnPropertyDescriptor(BenchController.prototype, 'run');
  Reflect.defineMetadata('design:paramtypes', [OrderDto], BenchController.prototype, 'run');
  Payload()(BenchController.prototype, 'run', 0);
  MessagePattern('run')(BenchController.prototype, 'run', descriptor);
  if (full) UseInterceptors(Timing)(BenchController.prototype, 'run', descriptor);
  class BenchModule {}
  Module({ controllers: [BenchController], providers: [Timing] })(BenchModule);
  const strategy = new InProcess();
  const app = await NestFactory.createMicroservice(BenchModule, { strategy, logger: false });
  if (full) app.useGlobalPipes(new ValidationPipe(pipeOptions));
  await app.listen();
  const handler = strategy.getHandlerByPattern('run');
  const call = () => strategy.send(order, new BaseRpcContext([]));
  if ((await call()) !== 1 || !(tookMs >= 0)) throw new Error('The handler did not answer 1.');
  return call;
}
