/**
 * A signal for one piece of work: it fires with the caller's signal, or when the present phase takes too long.
 * Call {@link Deadline.end} in a `finally`.
 */
export class Deadline {
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #aborted: Promise<never>;
  readonly #forward = () => this.#controller.abort(this.#parent.reason);
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    this.#aborted = new Promise((_, reject) => {
      const { signal } = this.#controller;
      // The reason is whatever the caller's signal carries, as with every abortable call of the platform.
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    // Nobody may be waiting when it fires.
    this.#aborted.catch(() => {});
    if (parent.aborted) this.#forward();
    else parent.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins a phase that may take `ms`; the time of the one before counts no more. */
  phase(ms: number, error: () => Error): void {
    clearTimeout(this.#timer);
    if (this.#hasEnded) return;
    this.#timer = setTimeout(() => this.#controller.abort(error()), ms);
  }

  /** Waits for the work, but not longer than the signal allows, even if the work does not listen to it. */
  async race<T>(work: Promise<T>): Promise<T> {
    // When the signal wins, the end of the work interests nobody any more.
    work.catch(() => {});
    try {
      return await Promise.race([work, this.#aborted]);
    } finally {
      // The work may have won with an error or half a result made by the abort itself.
      this.signal.throwIfAborted();
    }
  }

  /** Lets go of the timer and of the caller's signal. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#forward);
  }
}
