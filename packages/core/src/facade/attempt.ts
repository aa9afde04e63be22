import { AbortScope } from '../engine/abort-scope.js';
import { StepResult } from '../step-result.js';
import type { AttemptWatch } from './attempt-watch.js';
import type { CallFrame } from './call-frame.js';
import type { CallJournal } from './call-journal.js';
import type { AttemptEnd } from './interceptor.js';

/** Where an attempt's result goes: to an interceptor that asked for it; undefined: to the caller. */
export type Sink = WholeAttempt | EndableAttempt | undefined;

type Resolve = (result: StepResult) => void;

/** One attempt of an interceptor, which ends when its call does. */
export class WholeAttempt {
  readonly watches: readonly AttemptWatch[];
  readonly #own: AttemptWatch | undefined;
  readonly #resolve: Resolve;
  readonly #forget: () => void;

  constructor(
    frame: CallFrame,
    watches: readonly AttemptWatch[],
    own: AttemptWatch | undefined,
    resolve: Resolve,
  ) {
    this.watches = watches;
    this.#own = own;
    this.#resolve = resolve;
    // Somebody who waits for an attempt hears of the abort as the caller does.
    this.#forget = frame.onAbort(() => {
      own?.answered();
      resolve(abortedResult(frame));
    });
  }

  /** Does nothing the second time. */
  answer(result: StepResult): void {
    this.#forget();
    this.#own?.answered();
    this.#resolve(result);
  }
}

/** One attempt of an interceptor that can be ended while its call goes on. */
export class EndableAttempt extends AbortScope {
  readonly watches: readonly AttemptWatch[];
  readonly #frame: CallFrame;
  readonly #own: AttemptWatch | undefined;
  readonly #resolve: Resolve;
  readonly #journal: CallJournal;
  readonly #undo: (() => void)[] = [];
  #open = true;

  constructor(
    frame: CallFrame,
    watches: readonly AttemptWatch[],
    own: AttemptWatch | undefined,
    resolve: Resolve,
    journal: CallJournal,
  ) {
    super(frame, frame);
    this.#frame = frame;
    this.watches = watches;
    this.#own = own;
    this.#resolve = resolve;
    this.#journal = journal;
  }

  /** Puts it under what ends it; `false` where that has ended it already. */
  endBy(ends: readonly AttemptEnd[]): boolean {
    const end = (reason: unknown): void => {
      this.#end(reason);
    };
    for (const each of ends) {
      const takeBack = each(end);
      if (!this.#open) {
        takeBack();
        return false;
      }
      this.#undo.push(takeBack);
    }
    return true;
  }

  /** What comes after the first answer is counted and dropped. */
  answer(result: StepResult): void {
    if (!this.#open) {
      this.#journal.late(this.#frame, result);
      return;
    }
    this.#open = false;
    for (const each of this.#undo) each();
    this.close();
    this.#own?.answered();
    this.#resolve(result);
  }

  #end(reason: unknown): void {
    if (!this.#open) return;
    this.answer(StepResult.fromError(reason));
    this.abort(reason instanceof Error ? reason : new DOMException('The attempt was ended.', 'AbortError'));
  }

  protected override parentAborted(reason: Error): void {
    this.abort(reason);
    if (this.#open) this.answer(abortedResult(this.#frame));
  }
}

/** The answer of a call that was ended. */
export function abortedResult(frame: CallFrame): StepResult {
  return StepResult.fromError(frame.abortReason);
}
