import type { AttemptOptions } from './interceptor.js';

/**
 * Tells once when nothing of an attempt runs any more: it has its answer, and every body it began has ended. Before
 * that it tells where the answer came while a body still ran.
 */
export class AttemptWatch {
  #options: AttemptOptions | undefined;
  #bodies = 0;
  #answered = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  began(): void {
    this.#bodies += 1;
  }

  ended(): void {
    this.#bodies -= 1;
    if (this.#answered && this.#bodies === 0) this.#tellOver();
  }

  /** Does nothing the second time. */
  answered(): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#bodies === 0) this.#tellOver();
    else {
      try {
        this.#options?.onAbandoned?.();
      } catch {
        // What an interceptor does with the news is its own affair.
      }
    }
  }

  #tellOver(): void {
    const options = this.#options;
    this.#options = undefined;
    try {
      options?.onOver?.();
    } catch {
      // As above.
    }
  }
}
