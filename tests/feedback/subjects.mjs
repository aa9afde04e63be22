/**
 * What is measured. Each subject takes `count` signals and says how long it took until all were accepted and until all
 * were learnt, and how many were learnt, so that nothing lost counts as fast.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { signals } from './signals.mjs';

const BATCH = 1_000;
const peers = createRequire(join(dirname(fileURLToPath(import.meta.url)), '../bench/package.json'));
const load = (name) => import(pathToFileURL(peers.resolve(name)).href);

class Watch {
  #begun = performance.now();
  #cpu = process.cpuUsage();

  read() {
    const { user, system } = process.cpuUsage(this.#cpu);
    return { wallMs: performance.now() - this.#begun, cpuMs: (user + system) / 1_000 };
  }
}

async function startKapelle() {
  await import('reflect-metadata');
  const { createOrchestrationHost, OrchestrationContext, StepResult } = await import('@kapelle/core');
  const { UnifiedFeedbackOrchestrator } = await import('@kapelle/orchestrators');
  const host = createOrchestrationHost({ orchestrators: [UnifiedFeedbackOrchestrator] });
  await host.start();
  const context = OrchestrationContext.create({ tenantId: 'bench' });
  const call = (params) => host.facade.orchestrate('unified_feedback', context, params);
  const metrics = async () => StepResult.unwrap(await call({ operation: 'get_metrics' }));
  await metrics();
  return { host, call, metrics };
}

/** Lets the process do something else, as every program does that waits for I/O: queues are worked off in such turns. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Submits and waits for the answers with `submit`, then until everything is learnt. */
function kapelle(submit) {
  return async (count) => {
    const { host, call, metrics } = await startKapelle();
    const run = async (items) => {
      const before = (await metrics()).signalsProcessed;
      const watch = new Watch();
      await submit(call, items);
      const accepted = watch.read();
      // `stop` is over when what was offered before it has been learnt.
      await call({ operation: 'stop' });
      const learnt = watch.read();
      await call({ operation: 'start' });
      const { signalsProcessed, queues } = await metrics();
      const dropped = Object.values(queues).reduce((sum, queue) => sum + queue.dropped, 0);
      return { accepted, learnt, signals: signalsProcessed - before, dropped };
    };
    await run(signals(Math.min(count, 20_000)));
    const result = await run(signals(count));
    await host.stop();
    return result;
  };
}

/** What one writes by hand around a queue: no checks, no contexts, no bounds; an average per component. */
function byHand(makeQueue) {
  return async (count) => {
    const run = async (items, averages) => {
      let left = items.length;
      let done;
      const over = new Promise((resolve) => {
        done = resolve;
      });
      const push = await makeQueue((signal) => {
        const key = `${signal.componentType}:${signal.componentId}`;
        const before = averages.get(key) ?? signal.reward;
        averages.set(key, 0.9 * before + 0.1 * signal.reward);
        left -= 1;
        if (left === 0) done();
      });
      const watch = new Watch();
      for (const item of items) push(item);
      const accepted = watch.read();
      await over;
      return { accepted, learnt: watch.read(), signals: items.length, dropped: 0 };
    };
    await run(signals(Math.min(count, 20_000)), new Map());
    return run(signals(count), new Map());
  };
}

async function recommendations(count) {
  const { host, call } = await startKapelle();
  await call({ operation: 'submit_batch', signals: signals(BATCH) });
  const ask = () =>
    call({ operation: 'recommend', componentType: 'model', context: { task: 'chat', tokens: 900 } });
  for (let n = 0; n < 5_000; n += 1) await ask();
  const watch = new Watch();
  let chosen = 0;
  for (let n = 0; n < count; n += 1) if ((await ask()).status === 'ok') chosen += 1;
  const read = watch.read();
  await host.stop();
  return { accepted: read, learnt: read, signals: chosen, dropped: 0 };
}

export const SUBJECTS = {
  single: {
    what: 'Kapelle, submit_feedback, a call per signal, one after the other',
    ours: true,
    count: 200_000,
    run: kapelle(async (call, items) => {
      for (const [index, signal] of items.entries()) {
        await call({ operation: 'submit_feedback', signal });
        if (index % BATCH === 0) await turn();
      }
    }),
  },
  concurrent: {
    what: 'Kapelle, submit_feedback, a call per signal, 100 at the same time',
    ours: true,
    count: 200_000,
    run: kapelle(async (call, items) => {
      for (let at = 0; at < items.length; at += 100) {
        await Promise.all(
          items.slice(at, at + 100).map((signal) => call({ operation: 'submit_feedback', signal })),
        );
        if (at % BATCH === 0) await turn();
      }
    }),
  },
  batch: {
    what: 'Kapelle, submit_batch, 1,000 signals per call',
    ours: true,
    count: 200_000,
    run: kapelle(async (call, items) => {
      for (let at = 0; at < items.length; at += BATCH) {
        await call({ operation: 'submit_batch', signals: items.slice(at, at + BATCH) });
        await turn();
      }
    }),
  },
  fastq: {
    what: 'by hand: fastq 1 and an average, nothing checked, unbounded',
    count: 200_000,
    run: byHand(async (handle) => {
      const { default: fastq } = await load('fastq');
      const queue = fastq.promise(async (signal) => handle(signal), 1);
      return (signal) => void queue.push(signal);
    }),
  },
  'p-queue': {
    what: 'by hand: p-queue 9 and an average, nothing checked, unbounded',
    count: 100_000,
    run: byHand(async (handle) => {
      const { default: PQueue } = await load('p-queue');
      const queue = new PQueue({ concurrency: 1 });
      return (signal) => void queue.add(async () => handle(signal));
    }),
  },
  recommend: {
    what: 'Kapelle, recommend among 20 models',
    ours: true,
    count: 20_000,
    run: recommendations,
  },
};
