// #region map
import {
  BaseOrchestrator,
  operation,
  type OperationContext,
  type OrchestrationContext,
  type OrchestrationFacade,
  orchestrator,
} from '@kapelle/core';

@orchestrator('domain', 'business_logic')
export class RateOrchestrator extends BaseOrchestrator {
  @operation()
  quote(_context: OperationContext, { amount }: { amount: number }) {
    return { price: amount * 2 };
  }
}

declare module '@kapelle/core' {
  interface OrchestratorMap {
    rate: RateOrchestrator;
  }
}

export async function priceOf(facade: OrchestrationFacade, context: OrchestrationContext, amount: number) {
  const result = await facade.orchestrate('rate', context, { operation: 'quote', amount });
  return result.status === 'ok' ? result.data.price : undefined;
}
// #endregion
