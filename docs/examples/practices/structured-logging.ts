import { BaseOrchestrator, type OrchestrationContext, StepResult } from '@kapelle/core';

export class LoggingOrchestrator extends BaseOrchestrator {
  constructor() {
    super({ layer: 'domain', name: 'logging', type: 'business_logic' });
  }

  // #region practice
  override async orchestrate(context: OrchestrationContext, params?: unknown): Promise<StepResult> {
    // Written once, whether the facade has written it already or the method was called by hand.
    this.logOrchestrationStart(context, params);

    this.logger.info('work_done', { items: 3 });
    const result = StepResult.ok({ items: 3 });

    this.logOrchestrationEnd(context, result);
    return result;
  }
  // #endregion
}
