import { BaseOrchestrator, OrchestrationContext, StepResult } from '@kapelle/core';

export class WorkflowOrchestrator extends BaseOrchestrator {
  constructor() {
    super({ layer: 'domain', name: 'workflow', type: 'sequential' });
  }

  // #region strategy-a
  override async orchestrate(
    _context: OrchestrationContext,
    params: { readonly operation?: string; readonly url?: string; readonly depth?: string },
  ): Promise<StepResult> {
    if (params.operation !== 'execute_workflow') {
      return StepResult.fail(`Unknown operation: ${params.operation}`, { errorCategory: 'validation' });
    }
    return StepResult.ok({ url: params.url, depth: params.depth });
  }

  /** @deprecated Call the facade: `orchestrate('workflow', context, { operation: 'execute_workflow' })`. */
  executeWorkflow(url: string, depth = 'standard'): Promise<StepResult> {
    const context = OrchestrationContext.create({ tenantId: 'legacy' });
    return this.orchestrate(context, { operation: 'execute_workflow', url, depth });
  }
  // #endregion
}
