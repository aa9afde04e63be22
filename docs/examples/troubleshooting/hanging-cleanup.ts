// #region hangs
import { BaseOrchestrator, operation, orchestrator } from '@kapelle/core';

@orchestrator('infrastructure', 'lifecycle', { stopTimeoutMs: 5_000 })
export class HangingOrchestrator extends BaseOrchestrator {
  @operation()
  ping() {
    return { pong: true };
  }

  override cleanup() {
    return new Promise(() => {
      // Waits for something that never comes.
    });
  }
}
// #endregion
