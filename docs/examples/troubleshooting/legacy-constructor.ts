import { BaseOrchestrator, type OrchestrationContext, StepResult } from '@kapelle/core';

// #region timer-in-constructor
/** A timer of a constructor runs before anybody calls, and nothing of the framework knows of it. */
export class EagerTimerOrchestrator extends BaseOrchestrator {
  ticks = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    super({ layer: 'infrastructure', name: 'eager_timer', type: 'monitoring' });
    this.#timer = setInterval(() => (this.ticks += 1), 1_000);
  }
  // #endregion

  override async orchestrate(_context: OrchestrationContext): Promise<StepResult> {
    return StepResult.ok({ ticks: this.ticks });
  }

  override cleanup(): void {
    clearInterval(this.#timer);
  }
}
