import { context as api, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { openTelemetryTracing } from '@kapelle/observability';

import { describeMachine } from '../report/machine.mjs';
import { beyond, handles, heapBytes, LoopDelay, processListeners } from './sampler.mjs';
import { seeded } from './seeded.mjs';
import { startShop } from './shop.mjs';
import { Traffic } from './traffic.mjs';
import { heapVerdict, loopVerdict, noProblem, nothingLeft } from './verdicts.mjs';

const SEED = 20_260_101;
const SAMPLES = 40;
const LONGEST_BETWEEN_MS = 5_000;
/** Compiling, caches, first tenants: a twentieth of the run, within bounds. */
const WARM_UP_MS = { least: 3_000, most: 20_000, share: 0.05 };
/** What was told to end may take a moment for it. */
const SETTLING_MS = 2_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Spans that nobody keeps. */
function installTracing() {
  let ended = 0;
  const processor = {
    onStart() {},
    onEnd() {
      ended += 1;
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  api.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const provider = new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [processor] });
  trace.setGlobalTracerProvider(provider);
  return {
    get ended() {
      return ended;
    },
    close: () => {
      trace.disable();
      api.disable();
    },
  };
}

/** Waits until no more of it is in use than before, or it has had its time. */
async function settled(before) {
  const until = performance.now() + SETTLING_MS;
  while (performance.now() < until && Object.keys(beyond(before, handles())).length > 0) await pause(20);
  return beyond(before, handles());
}

/**
 * @param onSample called after each look
 * @returns samples, verdicts, and whether all of them hold
 */
export async function soak({ minutes, maxDelayMs, leak = false, onSample = () => undefined }) {
  const lengthMs = minutes * 60_000;
  const machine = describeMachine();
  const random = seeded(SEED);
  const before = { handles: handles(), listeners: processListeners() };
  const tracing = installTracing();
  const { host, metrics, seen } = await startShop(random);
  const traffic = new Traffic(host, random, leak ? [] : undefined);
  const delay = new LoopDelay();
  let scrapedBytes = 0;
  let stopTracing;
  const leaked = [];

  /** Traffic for so long, with tracing off and on in turn. */
  async function drive(ms) {
    if (stopTracing === undefined) stopTracing = host.facade.use(openTelemetryTracing());
    else {
      stopTracing();
      stopTracing = undefined;
    }
    delay.start();
    traffic.start();
    await pause(ms);
    scrapedBytes += (await metrics.scrape()).text.length;
    await traffic.stop();
    if (leak) {
      const listener = () => undefined;
      process.on('warning', listener);
      leaked.push(
        setInterval(() => undefined, 60_000),
        listener,
      );
    }
    return delay.stop();
  }

  const warmUpMs = Math.min(WARM_UP_MS.most, Math.max(WARM_UP_MS.least, lengthMs * WARM_UP_MS.share));
  for (let i = 0; i < 4; i += 1) await drive(warmUpMs / 4);

  const samples = [];
  const betweenMs = Math.min(LONGEST_BETWEEN_MS, lengthMs / SAMPLES);
  const begun = performance.now();
  while (performance.now() - begun < lengthMs) {
    const loop = await drive(betweenMs);
    const sample = {
      atMs: Math.round(performance.now() - begun),
      heapBytes: heapBytes(),
      calls: traffic.calls,
      handles: process.getActiveResourcesInfo().length,
      loop,
    };
    samples.push(sample);
    onSample(sample);
  }

  stopTracing?.();
  metrics.close();
  const stop = await host.stop();
  tracing.close();
  const left = await settled(before.handles);
  const happened = { ...seen, spans: tracing.ended, scrapedBytes };
  const problems = [
    ...traffic.problems(),
    ...Object.entries(happened).flatMap(([what, count]) => (count > 0 ? [] : [`${what}: none`])),
  ];
  const unclean = [
    ...stop.failures.map(({ orchestrator, phase, kind }) => `${orchestrator}: ${phase}, ${kind}`),
    ...(stop.clean || stop.failures.length > 0 ? [] : ['the stop was not clean']),
  ];
  const verdicts = [
    heapVerdict(samples),
    loopVerdict(samples, maxDelayMs),
    nothingLeft('handles', 'handles and timers after the stop', left),
    nothingLeft(
      'listeners',
      'listeners on process after the stop',
      beyond(before.listeners, processListeners()),
    ),
    noProblem('stop', 'failures of the stop', unclean),
    noProblem('traffic', 'outcomes that should not have been, or should have', problems),
  ];
  return {
    kind: 'soak',
    date: new Date().toISOString(),
    machine,
    minutes,
    calls: traffic.calls,
    outcomes: traffic.counts,
    happened,
    samples,
    verdicts,
    holds: verdicts.every(({ holds }) => holds),
  };
}
