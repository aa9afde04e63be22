import 'reflect-metadata';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  OrchestrationContext,
} from '@kapelle/core';

import { order } from './order.mjs';

export const context = new OrchestrationContext({ tenantId: 'bench', requestId: 'r-1' });

/** A started host with one orchestrator, `bench`, whose operation `run` is `body`. */
export async function startHost({
  body = async () => 1,
  operation = {},
  orchestrator = {},
  host: options = {},
} = {}) {
  class BenchOrchestrator extends BaseOrchestrator {
    run(runContext, params) {
      return body(runContext, params);
    }
  }
  defineOrchestrator(BenchOrchestrator, {
    layer: 'domain',
    type: 'business_logic',
    name: 'bench',
    ...orchestrator,
    operations: { run: operation },
  });
  const host = createOrchestrationHost({ orchestrators: [BenchOrchestrator], ...options });
  await host.start();
  return { host, BenchOrchestrator };
}

/** The function that one call of a host's `bench` is; its first answer has to be ok. */
export async function callOf({ facade }, params) {
  const call =
    params === undefined
      ? () => facade.orchestrate('bench', context)
      : () => facade.orchestrate('bench', context, params);
  const check = await call();
  if (check.status !== 'ok') throw new Error(`The call is ${check.status}: ${check.error}`);
  return call;
}

export async function kapelle(options) {
  const { host } = await startHost(options);
  return callOf(host);
}

/**
 * Everything that belongs to a call in production but a policy: validation, deadline, metrics, two interceptors, a winston
 * logger at warn, whose two lines of a call are off, the context in AsyncLocalStorage.
 */
export async function fullHost({ body, policy, host: options = {} } = {}) {
  const { createMetrics, createWinstonLogger } = await import('@kapelle/observability');
  const { OrderDto } = await import('./order-dto.mjs');
  const { dropStream } = await import('./drop-stream.mjs');
  const { host } = await startHost({
    ...(body === undefined ? {} : { body }),
    operation: { params: OrderDto, timeoutMs: 30_000, ...(policy === undefined ? {} : { policy }) },
    host: { logger: createWinstonLogger({ level: 'warn', stream: dropStream() }), ...options },
  });
  createMetrics({ host });
  let running = 0;
  for (let i = 0; i < 2; i += 1) {
    host.facade.use({
      before() {
        running += 1;
      },
      after() {
        running -= 1;
      },
    });
  }
  return host;
}

export const kapelleFull = async (options) => callOf(await fullHost(options), order);
