import { BaseOrchestrator, type OrchestrationContext, StepResult } from '@kapelle/core';

export class LazyStartOrchestrator extends BaseOrchestrator {
  rounds = 0;
  readonly #shutdown = new AbortController();

  constructor(private readonly nextRound: () => Promise<void>) {
    super({ layer: 'infrastructure', name: 'lazy_start', type: 'monitoring' });
  }

  // #region practice
  #task: Promise<void> | undefined;

  #startTask(): void {
    this.#task ??= this.#backgroundLoop();
  }

  override async orchestrate(_context: OrchestrationContext): Promise<StepResult> {
    this.#startTask();
    return StepResult.ok({ rounds: this.rounds });
  }
  // #endregion

  async #backgroundLoop(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      this.rounds += 1;
      await this.nextRound();
    }
  }

  override async cleanup(): Promise<void> {
    this.#shutdown.abort();
    await this.#task;
  }
}
