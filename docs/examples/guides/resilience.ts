import {
  BaseOrchestrator,
  type Clock,
  operation,
  type OperationContext,
  orchestrator,
  StepResult,
} from '@kapelle/core';
// #region imports
import {
  circuitBreaker,
  eventLoopProbe,
  loadShedder,
  pipeline,
  PolicyRegistry,
  resilienceInterceptor,
  retry,
  timeout,
} from '@kapelle/resilience';
// #endregion
import { inject } from 'inversify';

export abstract class Warehouse {
  abstract reserve(sku: string, signal: AbortSignal): Promise<string>;
}

// #region named
@orchestrator('domain', 'business_logic')
export class StockOrchestrator extends BaseOrchestrator {
  constructor(@inject(Warehouse) private readonly warehouse: Warehouse) {
    super();
  }

  @operation({ policy: 'warehouse' })
  async reserve({ signal }: OperationContext, { sku }: { sku: string }) {
    return { reservation: await this.warehouse.reserve(sku, signal) };
  }
}
// #endregion

// #region registry
export function warehousePolicies(clock: Clock) {
  return new PolicyRegistry({ clock })
    .define('warehouse', {
      retry: { attempts: 3 },
      breaker: { failureRatio: 0.5, minimumCalls: 20 },
      bulkhead: { maxConcurrent: 25, maxQueued: 100, fairness: {} },
      timeout: { ms: 2_000 },
    })
    .define('front_door', {
      rateLimit: { permits: 100, perMs: 1_000 },
      shed: {},
    });
}
// #endregion

// #region interceptor
export function warehouseInterceptor(policies: ReturnType<typeof warehousePolicies>, clock: Clock) {
  return resilienceInterceptor({
    policies,
    clock,
    defaults: { layers: { application: 'front_door' } },
    priorityOf: ({ context }) => (context.principal?.scopes.includes('batch') === true ? 1 : 5),
  });
}
// #endregion

// #region alone
/** A call of somebody else's service, outside of any orchestrator. */
export function priceLookup(fetchPrice: (sku: string, signal: AbortSignal) => Promise<number>, clock: Clock) {
  const known = new Map<string, number>();
  const policy = pipeline({
    name: 'prices',
    clock,
    deadline: { ms: 3_000 },
    retry: { attempts: 2 },
    breaker: {},
    timeout: { ms: 1_000 },
  });
  return async (sku: string): Promise<number | undefined> => {
    try {
      const price = await policy.execute(({ signal }) => fetchPrice(sku, signal));
      known.set(sku, price);
      return price;
    } catch {
      return known.get(sku);
    }
  };
}
// #endregion

// #region by-hand
/** Two operations that call the same dependency share its circuit; each has a time limit of its own. */
export function sharedCircuit(clock: Clock) {
  const breaker = circuitBreaker({ name: 'ledger', clock });
  return {
    read: pipeline({ breaker, retry: retry({ clock }), timeout: timeout({ ms: 500, clock }) }),
    write: pipeline({ breaker, timeout: timeout({ ms: 5_000, clock }) }),
  };
}
// #endregion

// #region shedding
/** Refuses early when the event loop is late; `isReady` is for the readiness probe. */
export function frontDoor() {
  const probe = eventLoopProbe();
  return { shedder: loadShedder({ loop: { probe } }), close: () => probe.close() };
}
// #endregion

// #region fallback
export function withFallback(clock: Clock) {
  return pipeline({
    clock,
    fallback: { fallback: () => StepResult.ok({ reservation: 'on paper' }) },
    timeout: { ms: 100 },
  });
}
// #endregion
