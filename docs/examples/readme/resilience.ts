// #region program
import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
import { PolicyRegistry, resilienceInterceptor } from '@kapelle/resilience';

@orchestrator('domain', 'business_logic')
export class RatesOrchestrator extends BaseOrchestrator {
  @operation({ policy: 'bank' })
  async today({ signal }: OperationContext, { url }: { url: string }) {
    const response = await fetch(url, { signal });
    return response.json();
  }
}

export const policies = new PolicyRegistry().define('bank', {
  retry: { attempts: 3 },
  breaker: { failureRatio: 0.5, minimumCalls: 20 },
  bulkhead: { maxConcurrent: 10, maxQueued: 50, fairness: {} },
  timeout: { ms: 2_000 },
});

export const host = createOrchestrationHost({
  orchestrators: [RatesOrchestrator],
  interceptors: [resilienceInterceptor({ policies })],
});
// #endregion
