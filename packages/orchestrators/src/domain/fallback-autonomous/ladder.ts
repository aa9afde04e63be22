import { StepFailure, type OperationContext, type StepResult, type StepRetry } from '@kapelle/core';
import type { FailedStage } from '../autonomous-intelligence/finished-work.js';
import type { StageNote } from '../autonomous-intelligence/model.js';
import type { Staged } from '../autonomous-intelligence/stage-runner.js';

type Outcome<T> = Promise<Staged<T> | StepResult>;

/** Stages one after the other, of which none may keep the others from running; each loss is noted. */
export class Ladder {
  readonly #context: OperationContext;
  readonly #before: ReadonlyMap<string, FailedStage>;
  readonly #notes: StageNote[] = [];
  readonly #staged: Staged<unknown>[] = [];

  constructor(context: OperationContext, failures: readonly FailedStage[]) {
    this.#context = context;
    this.#before = new Map(failures.map((failure) => [failure.stage, failure]));
  }

  get notes(): readonly StageNote[] {
    return this.#notes;
  }

  /** The stages that ran here. */
  get staged(): readonly Staged<unknown>[] {
    return this.#staged;
  }

  note(stage: string, outcome: StageNote['outcome'], reason: string): void {
    this.#notes.push({ stage, outcome, reason });
  }

  /**
   * What the stage makes, or nothing where it fails. One that failed before, and said that another attempt is of no
   * use, is not tried again. Throws only when the call is ended.
   */
  async attempt<T>(
    stage: string,
    work: (signal: AbortSignal) => Outcome<T>,
    options: { readonly retry?: StepRetry } = {},
  ): Promise<T | undefined> {
    const before = this.#before.get(stage);
    if (before !== undefined && !before.retryable) {
      this.note(stage, 'failed', before.reason);
      return undefined;
    }
    try {
      const staged = (await this.#context.step(stage, ({ signal }) => work(signal), options)) as Staged<T>;
      this.#staged.push(staged);
      if (before !== undefined)
        this.note(stage, 'reduced', `Made at a further attempt, after: ${before.reason}`);
      return staged.value;
    } catch (thrown) {
      this.#context.signal.throwIfAborted();
      if (!(thrown instanceof StepFailure)) throw thrown;
      const { result } = thrown;
      this.note(stage, 'failed', result.status === 'failed' ? result.error : result.reason);
      return undefined;
    }
  }
}
