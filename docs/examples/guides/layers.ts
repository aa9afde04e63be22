import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
import { inject } from 'inversify';

// #region port
/** What the business needs to know of models; it belongs to the domain layer. */
export abstract class ModelChoice {
  abstract choose(task: string): string;
}

@orchestrator('domain', 'business_logic')
export class SummaryOrchestrator extends BaseOrchestrator {
  constructor(@inject(ModelChoice) private readonly models: ModelChoice) {
    super();
  }

  @operation()
  summarise() {
    return { model: this.models.choose('summary') };
  }
}
// #endregion

// #region application
@orchestrator('application', 'coordination')
export class DeskOrchestrator extends BaseOrchestrator {
  @operation()
  async answer(context: OperationContext) {
    const { model } = await context.callOrThrow(SummaryOrchestrator);
    return { answeredWith: model };
  }
}
// #endregion

// #region breach
@orchestrator('infrastructure', 'monitoring')
export class NosyMonitorOrchestrator extends BaseOrchestrator {
  @operation()
  peek(context: OperationContext) {
    return context.call(SummaryOrchestrator);
  }
}
// #endregion

// #region own-rule
export function createLooseHost() {
  return createOrchestrationHost({
    orchestrators: [NosyMonitorOrchestrator],
    layerRule: {
      application: ['application', 'domain', 'infrastructure'],
      domain: ['domain'],
      infrastructure: ['infrastructure', 'domain'],
    },
  });
}
// #endregion
