import { BaseOrchestrator, ErrorCategory, type OrchestrationContext, StepResult } from '@kapelle/core';

export class RoutingOrchestrator extends BaseOrchestrator {
  #isRunning = false;

  constructor() {
    super({ layer: 'application', name: 'routing', type: 'coordination' });
  }

  // #region by-hand
  override async orchestrate(
    _context: OrchestrationContext,
    params: { readonly operation?: string } = {},
  ): Promise<StepResult> {
    const { operation = 'get_status' } = params;
    switch (operation) {
      case 'execute':
        return StepResult.ok({ executed: true });
      case 'get_status':
        return StepResult.ok({ isRunning: this.#isRunning });
      case 'start':
        this.#isRunning = true;
        return StepResult.ok({ status: 'started' });
      default:
        return StepResult.fail(`Unknown operation: ${operation}`, {
          errorCategory: ErrorCategory.VALIDATION,
        });
    }
  }
  // #endregion
}
