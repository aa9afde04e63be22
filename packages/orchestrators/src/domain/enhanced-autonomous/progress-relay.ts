import type { OperationContext, OrchestrationFacade } from '@kapelle/core';
import type { AutonomyPath } from './autonomy-path.js';

/** Tells the progress of one analysis as one line that never goes back, with what the path at work says of itself. */
export class ProgressRelay {
  readonly #context: OperationContext;
  readonly #facade: OrchestrationFacade | undefined;
  readonly #isAlone: () => boolean;
  #at = 0;

  /** @param isAlone whether no other analysis belongs to the same request, so that what is told is of this one */
  constructor(context: OperationContext, facade: OrchestrationFacade | undefined, isAlone: () => boolean) {
    this.#context = context;
    this.#facade = facade;
    this.#isAlone = isAlone;
  }

  tell(ratio: number, message: string): void {
    this.#at = Math.max(this.#at, Math.min(1, ratio));
    this.#context.progress(this.#at, message);
  }

  /** Tells what the path tells, from where it is now up to a ratio, until the answer is called. */
  follow(path: AutonomyPath, caller: string, upTo: number): () => void {
    const from = this.#at;
    const { tenantId, requestId } = this.#context;
    const stop = this.#facade?.events.on('run.progress', (event) => {
      if (event.orchestrator !== path || event.parentOrchestrator !== caller) return;
      if (event.tenantId !== tenantId || event.requestId !== requestId || !this.#isAlone()) return;
      this.tell(from + (upTo - from) * event.ratio, `${path}: ${event.message ?? ''}`);
    });
    return stop ?? (() => undefined);
  }
}
