// #region declared
import { BaseOrchestrator, operation, orchestrator } from '@kapelle/core';

@orchestrator('application', 'coordination')
export class RoutingOrchestrator extends BaseOrchestrator {
  #isRunning = false;

  @operation()
  execute() {
    return { executed: true };
  }

  @operation({ name: 'get_status', default: true })
  getStatus() {
    return { isRunning: this.#isRunning };
  }

  // `start` is a hook of every orchestrator, so the method has another name than its operation.
  @operation({ name: 'start' })
  startWork() {
    this.#isRunning = true;
    return { status: 'started' };
  }
}
// #endregion
