/** The host that is driven: orchestrators with everything that a program would have of the framework. */
import 'reflect-metadata';

import { BaseOrchestrator, createOrchestrationHost, defineOrchestrator, StepResult } from '@kapelle/core';
import { createMetrics } from '@kapelle/observability';
import { PolicyRegistry, resilienceInterceptor, RetryBudget } from '@kapelle/resilience';

import { OrderDto } from '../subjects/order-dto.mjs';

export const TIMEOUT_MS = 15;
/** Longer than the time-out: work that goes on although nobody waits for it any more. */
const DEAF_MS = 40;

const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal?.addEventListener('abort', aborted, { once: true });
  });

/** What a call of a dependency comes to. */
async function depend(context, chance) {
  if (chance < 0.9) return 'answered';
  if (chance < 0.96) return StepResult.fail('The dependency hiccuped.', { errorCategory: 'transient' });
  if (chance < 0.98) {
    await pause(10_000, context.signal);
    return 'never';
  }
  await pause(DEAF_MS);
  return 'late';
}

function orchestrators(random, seen) {
  class Catalogue extends BaseOrchestrator {
    read() {
      return 1;
    }
    order(_context, params) {
      return params.quantity;
    }
    async summary(context) {
      const step = await context.step('price', () => 2);
      const { data } = await context.call('stock', { operation: 'level' });
      return step + data;
    }
  }
  defineOrchestrator(Catalogue, {
    layer: 'application',
    type: 'coordination',
    name: 'catalogue',
    operations: { read: { default: true }, order: { params: OrderDto, timeoutMs: 30_000 }, summary: {} },
  });
  class Stock extends BaseOrchestrator {
    level() {
      return 3;
    }
    guarded(context) {
      return depend(context, random());
    }
    tripping(context) {
      return depend(context, random() < 0.5 ? 0 : 0.95);
    }
    refresh() {
      seen.runs += 1;
    }
  }
  defineOrchestrator(Stock, {
    layer: 'infrastructure',
    type: 'monitoring',
    name: 'stock',
    operations: { level: {}, guarded: { policy: 'guarded' }, tripping: { policy: 'tripping' } },
    background: { refresh: { everyMs: 20 } },
  });
  class Mail extends BaseOrchestrator {
    send(_context, params) {
      return this.queue('letters').offer(params);
    }
    async deliver(letters) {
      await null;
      seen.delivered += letters.length;
    }
  }
  defineOrchestrator(Mail, {
    layer: 'application',
    type: 'coordination',
    name: 'mail',
    operations: { send: {} },
    consumes: { deliver: { queue: 'letters', capacity: 1_000, batchSize: 20, concurrency: 2 } },
  });
  return [Catalogue, Stock, Mail];
}

/** Starts it. `seen` counts what happens without a call. */
export async function startShop(random) {
  const seen = { runs: 0, delivered: 0 };
  const policies = new PolicyRegistry()
    .define('guarded', {
      retry: { attempts: 2, baseMs: 2, capMs: 4, budget: RetryBudget.unlimited(), random },
      bulkhead: { maxConcurrent: 200, maxQueued: 500, fairness: {} },
      timeout: { ms: TIMEOUT_MS },
    })
    .define('tripping', {
      breaker: { openMs: 50, maxOpenMs: 100, minimumCalls: 10, failureRatio: 0.4, random },
      timeout: { ms: TIMEOUT_MS },
    });
  const host = createOrchestrationHost({
    orchestrators: orchestrators(random, seen),
    interceptors: [resilienceInterceptor({ policies })],
  });
  const metrics = createMetrics({ host, tenantLabel: { max: 50 } });
  await host.start();
  return { host, metrics, seen };
}
