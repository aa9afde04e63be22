import { getEventListeners } from 'node:events';

/** A controller on loan for one piece of work. */
export interface SignalLoan {
  readonly controller: AbortController;
  /** Loans so far, this one included. */
  loans: number;
}

/** What a holder may attach to a signal without our seeing it (`AbortSignal.any`) goes with it after so many loans. */
const MOST_LOANS = 100;

/**
 * Abort signals for work of which there is a lot. Making one costs several microseconds, more than all the rest of
 * handing over a batch; one that never fired and on which nobody listens any more is as good as new.
 */
export class SignalPool {
  readonly #spare: SignalLoan[] = [];

  lend(): SignalLoan {
    const spare = this.#spare.pop() ?? { controller: new AbortController(), loans: 0 };
    spare.loans += 1;
    return spare;
  }

  /** Called once per loan, when the work has ended. */
  giveBack(loan: SignalLoan): void {
    const { signal } = loan.controller;
    if (loan.loans >= MOST_LOANS || signal.aborted || getEventListeners(signal, 'abort').length > 0) return;
    this.#spare.push(loan);
  }
}
