import { below, settledHeap, timed } from '../subjects/graph.mjs';

/** Imports, and the decoration of the classes, are not counted anywhere. */
function orchestrators({ BaseOrchestrator, defineOrchestrator }, count) {
  const classes = [];
  for (let i = 0; i < count; i += 1) {
    const Class = class extends BaseOrchestrator {
      ping() {
        return 1;
      }
    };
    defineOrchestrator(Class, {
      layer: 'domain',
      type: 'business_logic',
      name: `node_${i}`,
      operations: ['ping'],
      inject: below(i, count).map((index) => classes[index]),
    });
    classes.push(Class);
  }
  return classes;
}

/** What Inversify itself takes for the same classes, with activation, deactivation and an alias each. */
function boundBare({ Container }, classes) {
  const container = new Container();
  const alias = Symbol('alias');
  for (const target of classes) {
    const binding = container.bind(target).toSelf().inSingletonScope();
    binding.onActivation((_context, instance) => instance);
    binding.onDeactivation(() => undefined);
    container
      .bind(alias)
      .toResolvedValue((instance) => instance, [target])
      .when((wanted) => wanted.name === 'x');
  }
  for (const target of classes) container.get(target);
  return container;
}

async function kapelle(count) {
  const core = await import('@kapelle/core');
  const library = await import('inversify');
  const { createOrchestrationHost } = core;
  const classes = orchestrators(core, count);
  // What Inversify notes of a class stays with the class: it is noted before anything is measured.
  boundBare(library, classes);
  const beforeBare = settledHeap();
  let bare = boundBare(library, classes);
  const inversifyBytes = settledHeap() - beforeBare;
  bare = undefined;
  const before = settledHeap();
  let host;
  const start = await timed(async () => {
    host = createOrchestrationHost({ orchestrators: classes });
    await host.start();
  });
  const bytes = settledHeap() - before;
  const stop = await timed(() => host.stop());
  if (!stop.value.clean) throw new Error('The stop was not clean.');
  return {
    startCpuMs: start.cpuMs,
    startWallMs: start.wallMs,
    stopMs: stop.cpuMs,
    bytesEach: (bytes - inversifyBytes) / count,
    bare,
  };
}

/** The first check of a process, as a program meets it: nothing is compiled yet. */
async function graphCheck(count) {
  const core = await import('@kapelle/core');
  const host = core.createOrchestrationHost({ orchestrators: orchestrators(core, count) });
  const { value, cpuMs, wallMs } = await timed(() => host.check());
  if (value.some(({ severity }) => severity === 'error')) throw new Error(value[0].message);
  return { checkCpuMs: cpuMs, checkWallMs: wallMs };
}

async function inversify(count) {
  await import('reflect-metadata');
  const library = await import('inversify');
  const { decorate, inject, injectable } = library;
  const classes = [];
  for (let i = 0; i < count; i += 1) {
    const Class = class {};
    decorate(injectable(), Class);
    below(i, count).forEach((index, position) => decorate(inject(classes[index]), Class, position));
    classes.push(Class);
  }
  let container;
  const start = await timed(() => {
    container = boundBare(library, classes);
  });
  const stop = await timed(() => container.unbindAllAsync());
  return { startCpuMs: start.cpuMs, startWallMs: start.wallMs, stopMs: stop.cpuMs };
}

async function nest(count) {
  const { Inject, Injectable, Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const providers = [];
  let started = 0;
  for (let i = 0; i < count; i += 1) {
    const Provider = {
      [`Node${i}`]: class {
        onModuleInit() {
          started += 1;
        }
        onModuleDestroy() {
          started -= 1;
        }
      },
    }[`Node${i}`];
    Injectable()(Provider);
    below(i, count).forEach((index, position) => Inject(providers[index])(Provider, undefined, position));
    providers.push(Provider);
  }
  class BenchModule {}
  Module({ providers })(BenchModule);
  const start = await timed(() => NestFactory.createApplicationContext(BenchModule, { logger: false }));
  if (started !== count) throw new Error(`${started} of ${count} providers were started.`);
  const stop = await timed(() => start.value.close());
  return { startCpuMs: start.cpuMs, startWallMs: start.wallMs, stopMs: stop.cpuMs };
}

async function moleculer(count) {
  const { ServiceBroker } = (await import('moleculer')).default;
  const schemas = Array.from({ length: count }, (_, i) => ({
    name: `node_${i}`,
    dependencies: below(i, count).map((index) => `node_${index}`),
    actions: { ping: () => 1 },
    started() {},
    stopped() {},
  }));
  let broker;
  const start = await timed(async () => {
    broker = new ServiceBroker({ logger: false });
    for (const schema of schemas) broker.createService(schema);
    await broker.start();
  });
  const stop = await timed(() => broker.stop());
  return { startCpuMs: start.cpuMs, startWallMs: start.wallMs, stopMs: stop.cpuMs };
}

const sized = (id, what, measure, count, ours) => ({
  id: `${id}-${count}`,
  what: `${what}, ${count.toLocaleString('en')}`,
  ...(ours ? { ours } : {}),
  // Seconds each.
  ...(count >= 10_000 ? { maxRounds: 3 } : {}),
  once: () => measure(count),
});

export const part = {
  title: 'Start and stop',
  groups: [
    {
      id: 'start',
      title:
        'Classes in ten levels, two dependencies each, with a start and a stop hook where there are such',
      note: 'Registering, building and starting; the decoration of the classes is not counted. Times are CPU time where nothing else is said.',
      columns: [
        { id: 'startCpuMs', title: 'register → started', unit: 'ms' },
        { id: 'startWallMs', title: 'wall time of that', unit: 'ms' },
        { id: 'stopMs', title: 'stop', unit: 'ms' },
        { id: 'bytesEach', title: 'memory each, beyond Inversify', unit: 'bytes' },
      ],
      cases: [
        sized('kapelle', 'Kapelle', kapelle, 1_000, true),
        sized('kapelle', 'Kapelle', kapelle, 10_000, true),
        sized('inversify', 'Inversify 8 alone, no lifecycle', inversify, 1_000),
        sized('inversify', 'Inversify 8 alone, no lifecycle', inversify, 10_000),
        sized('nest', 'NestJS 12 providers', nest, 1_000),
        sized('moleculer', 'Moleculer 0.14 services', moleculer, 1_000),
      ],
    },
    {
      id: 'check',
      title: 'The graph check of the same classes, the first in its process',
      note: 'CPU time is that of all threads: the compiler and the garbage collector, which work beside it, included.',
      columns: [
        { id: 'checkWallMs', title: 'wall time', unit: 'ms' },
        { id: 'checkCpuMs', title: 'CPU time', unit: 'ms' },
      ],
      cases: [
        sized('check', 'Kapelle', graphCheck, 1_000, true),
        sized('check', 'Kapelle', graphCheck, 10_000, true),
      ],
    },
  ],
  figures: ({ value }) => [
    {
      what: 'register → started, 1,000 orchestrators',
      limit: 300,
      unit: 'ms',
      seen: value('kapelle-1000', 'startCpuMs'),
    },
    {
      what: 'register → started, each of 10,000 / each of 1,000 (1 is linear)',
      limit: 1.25,
      unit: '×',
      seen: value('kapelle-10000', 'startCpuMs') / value('kapelle-1000', 'startCpuMs') / 10,
    },
    {
      what: 'graph check, 1,000 orchestrators',
      limit: 10,
      unit: 'ms',
      seen: value('check-1000', 'checkWallMs'),
    },
    {
      what: 'graph check, 10,000 orchestrators',
      limit: 120,
      unit: 'ms',
      seen: value('check-10000', 'checkWallMs'),
    },
    {
      what: 'memory per orchestrator beyond its Inversify bindings, of 1,000',
      limit: 2_000,
      unit: 'bytes',
      seen: value('kapelle-1000', 'bytesEach'),
    },
    {
      what: 'memory per orchestrator beyond its Inversify bindings, of 10,000',
      limit: 2_000,
      unit: 'bytes',
      seen: value('kapelle-10000', 'bytesEach'),
    },
  ],
};
