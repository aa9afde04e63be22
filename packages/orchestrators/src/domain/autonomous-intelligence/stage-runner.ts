import { StepResult, type Clock, type FailedResult, type SkippedResult } from '@kapelle/core';
import { portFailure } from './port-failure.js';
import type { Shape } from './shape.js';

/** What a stage made, and how long that took. */
export interface Staged<T> {
  readonly stage: string;
  readonly value: T;
  /** Milliseconds the stage itself took, without the waiting for its turn. */
  readonly ms: number;
  /** When it was over, in milliseconds of the monotonic clock. */
  readonly endedAt: number;
}

/**
 * Runs the stages of one analysis: each in a turn of the event loop of its own, so that progress, time limits and
 * cancellation get through between them; timed; and with what it made checked against its shape.
 */
export class StageRunner {
  readonly #clock: Clock;
  #turn: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A failure, and what does not have the shape (`schema_validation`), is a failed result. Throws when aborted. */
  async run<T>(
    stage: string,
    shape: Shape,
    signal: AbortSignal,
    work: () => T | PromiseLike<T>,
  ): Promise<Staged<T> | FailedResult | SkippedResult> {
    await this.#nextTurn();
    signal.throwIfAborted();
    const begun = this.#clock.monotonic();
    let value: T;
    try {
      value = await work();
    } catch (thrown) {
      signal.throwIfAborted();
      return portFailure(thrown);
    }
    const endedAt = this.#clock.monotonic();
    const problem = shape(value, stage);
    if (problem !== undefined) {
      return StepResult.fail(
        `The stage "${stage}" made something that is not what it should make: ${problem}. Report this with the content.`,
        { errorCategory: 'schema_validation', details: { code: 'STAGE_OUTPUT_INVALID', stage } },
      );
    }
    return { stage, value, ms: Math.round((endedAt - begun) * 10) / 10, endedAt };
  }

  /** Stages that become ready together get a turn each, in the order in which they asked. */
  #nextTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turn;
  }
}

/** Time per stage, in order of completion. */
export function timingsOf(staged: readonly Staged<unknown>[]): readonly { stage: string; ms: number }[] {
  return [...staged].sort((a, b) => a.endedAt - b.endedAt).map(({ stage, ms }) => ({ stage, ms }));
}
