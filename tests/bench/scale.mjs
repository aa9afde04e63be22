/** Registers, checks, starts and stops N no-op orchestrators; imports and class decoration are not counted. */
import 'reflect-metadata';

import { BaseOrchestrator, createOrchestrationHost, defineOrchestrator } from '@kapelle/core';
import { Container } from 'inversify';

const count = Number(process.argv[2]);
const classes = [];
for (let i = 0; i < count; i += 1) {
  // Ten levels, two dependencies each.
  const level = Math.floor(i / (count / 10));
  const below = level === 0 ? [] : [i - count / 10, i - count / 10 + (i % 10 === 9 ? 0 : 1)];
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
    inject: below.map((index) => classes[index]),
  });
  classes.push(Class);
}

const settle = () => {
  global.gc();
  global.gc();
  return process.memoryUsage().heapUsed;
};

// What Inversify itself takes for the same classes, with handlers and an alias each.
const bare = new Container();
const alias = Symbol('alias');
const beforeBare = settle();
for (const target of classes) {
  const binding = bare.bind(target).toSelf().inSingletonScope();
  binding.onActivation((_context, instance) => instance);
  binding.onDeactivation(() => undefined);
  bare
    .bind(alias)
    .toResolvedValue((instance) => instance, [target])
    .when((wanted) => wanted.name === 'x');
}
for (const target of classes) bare.get(target);
const inversifyBytes = (settle() - beforeBare) / count;

const before = settle();
const begun = performance.now();
const host = createOrchestrationHost({ orchestrators: classes });
const checkBegun = performance.now();
const problems = host.check();
const checkEnded = performance.now();
await host.start();
const started = performance.now();
if (problems.some((problem) => problem.severity === 'error')) throw new Error(problems[0].message);
const bytes = (settle() - before) / count;
const stopBegun = performance.now();
const report = await host.stop();
if (!report.clean) throw new Error('The stop was not clean.');
process.stdout.write(
  JSON.stringify({
    // The extra check is not part of what a user runs.
    registerToStartedMs: started - begun - (checkEnded - checkBegun),
    graphCheckMs: checkEnded - checkBegun,
    stopMs: performance.now() - stopBegun,
    bytesBeyondInversify: bytes - inversifyBytes,
  }),
);
if (bare.get(classes[0]) === undefined) throw new Error('unreachable: keeps the container alive');
