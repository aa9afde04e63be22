// #region practice
import { background, BaseOrchestrator, orchestrator } from '@kapelle/core';

@orchestrator('infrastructure', 'monitoring', { stopTimeoutMs: 5_000 })
export class DeclaredLoopOrchestrator extends BaseOrchestrator {
  rounds = 0;

  @background({ everyMs: 10_000 })
  work(_signal: AbortSignal) {
    this.rounds += 1;
  }
}
// #endregion
