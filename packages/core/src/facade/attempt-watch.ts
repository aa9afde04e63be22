/** Tells once when nothing of an attempt runs any more: it has its answer, and every body it began has ended. */
export class AttemptWatch {
  #onOver: (() => void) | undefined;
  #bodies = 0;
  #answered = false;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  began(): void {
    this.#bodies += 1;
  }

  ended(): void {
    this.#bodies -= 1;
    this.#tellIfOver();
  }

  answered(): void {
    this.#answered = true;
    this.#tellIfOver();
  }

  #tellIfOver(): void {
    if (!this.#answered || this.#bodies > 0 || this.#onOver === undefined) return;
    const tell = this.#onOver;
    this.#onOver = undefined;
    try {
      tell();
    } catch {
      // What an interceptor does with the news is its own affair.
    }
  }
}
