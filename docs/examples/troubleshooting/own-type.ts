// #region own-type
import { BaseOrchestrator, operation, orchestrator } from '@kapelle/core';

@orchestrator('domain', 'negotiation')
export class HaggleOrchestrator extends BaseOrchestrator {
  @operation()
  haggle() {
    return { price: 7 };
  }
}
// #endregion
