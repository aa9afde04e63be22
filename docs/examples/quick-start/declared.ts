// #region orchestrator
import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  OrchestrationContext,
  orchestrator,
} from '@kapelle/core';

@orchestrator('domain', 'sequential')
export class GreeterOrchestrator extends BaseOrchestrator {
  @operation()
  greet() {
    return { status: 'success', message: 'Hello, World!' };
  }
}
// #endregion

// #region use
export async function greet() {
  await using host = createOrchestrationHost({ orchestrators: [GreeterOrchestrator] });
  await host.start();

  const context = OrchestrationContext.create({ tenantId: 'my-tenant', metadata: { source: 'discord' } });
  return host.facade.orchestrate(GreeterOrchestrator, context);
}
// #endregion
