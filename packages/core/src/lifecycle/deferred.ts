/** A promise that is settled from outside. */
export class Deferred {
  readonly promise: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #isSettled = false;

  constructor() {
    this.promise = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not look at it must not be ended by it.
    this.promise.catch(() => undefined);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  resolve(): void {
    this.#isSettled = true;
    this.#resolve();
  }

  reject(error: unknown): void {
    this.#isSettled = true;
    this.#reject(error);
  }
}
