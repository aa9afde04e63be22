// #region orchestrator
import {
  BaseOrchestrator,
  getOrchestrationFacade,
  OrchestrationContext,
  OrchestrationLayer,
  OrchestrationType,
  StepResult,
} from '@kapelle/core';

export class MyOrchestrator extends BaseOrchestrator {
  constructor() {
    super({
      layer: OrchestrationLayer.DOMAIN,
      name: 'my_orchestrator',
      type: OrchestrationType.SEQUENTIAL,
    });
  }

  override async orchestrate(context: OrchestrationContext, params?: unknown): Promise<StepResult> {
    this.logOrchestrationStart(context, params);

    const result = StepResult.ok({ status: 'success', message: 'Hello, World!' });

    this.logOrchestrationEnd(context, result);
    return result;
  }

  override async cleanup(): Promise<void> {
    // Close here what was opened.
  }
}
// #endregion

// #region use
export async function greet(): Promise<StepResult> {
  const facade = getOrchestrationFacade();
  facade.register(new MyOrchestrator());

  const context = new OrchestrationContext({
    tenantId: 'my-tenant',
    requestId: 'req-123',
    metadata: { source: 'discord' },
  });
  return facade.orchestrate('my_orchestrator', context);
}
// #endregion
