import { BaseOrchestrator, type Clock, type OrchestrationContext, StepResult } from '@kapelle/core';

import { pause, within } from '../infrastructure/pause.js';

export class GracefulOrchestrator extends BaseOrchestrator {
  rounds = 0;
  #task: Promise<void> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly work: (signal: AbortSignal) => Promise<void>,
  ) {
    super({ layer: 'infrastructure', name: 'graceful', type: 'lifecycle' });
  }

  override async orchestrate(_context: OrchestrationContext): Promise<StepResult> {
    this.#task ??= this.#backgroundLoop();
    return StepResult.ok();
  }

  // #region shutdown-event
  readonly #shutdown = new AbortController();

  async #backgroundLoop(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      this.rounds += 1;
      await this.work(this.#cancel.signal);
      await pause(this.clock, 10_000, this.#shutdown.signal);
    }
  }
  // #endregion

  // #region cleanup-timeout
  readonly #cancel = new AbortController();

  override async cleanup(): Promise<void> {
    this.#shutdown.abort();
    if (this.#task === undefined) return;
    if (!(await within(this.clock, 5_000, this.#task))) {
      this.#cancel.abort();
      await this.#task;
    }
  }
  // #endregion
}
