// #region strategy-a
import {
  BaseOrchestrator,
  operation,
  type OperationContext,
  OrchestrationContext,
  orchestrator,
} from '@kapelle/core';
import { IsUrl } from 'class-validator';

export class ExecuteParams {
  @IsUrl()
  url!: string;
}

@orchestrator('domain', 'sequential')
export class WorkflowOrchestrator extends BaseOrchestrator {
  @operation({ name: 'execute_workflow' })
  execute(_context: OperationContext, { url }: ExecuteParams) {
    return { url };
  }

  /** @deprecated Call the facade: it is checked, logged and timed either way. */
  executeWorkflow(url: string) {
    const context = OrchestrationContext.create({ tenantId: 'legacy' });
    return this.orchestrate(context, { operation: 'execute_workflow', url });
  }
}
// #endregion
