const BUCKETS = 10;

/**
 * Counts of the last `windowMs`, in ten buckets. Which buckets are stale follows from the elapsed time alone, so any number of
 * them is emptied at once after a pause. A count leaves the window between `0.9 · windowMs` and `windowMs` after it was made.
 */
export class RollingWindow {
  readonly #bucketMs: number;
  readonly #calls = new Array<number>(BUCKETS).fill(0);
  readonly #bad = new Array<number>(BUCKETS).fill(0);
  readonly #slow = new Array<number>(BUCKETS).fill(0);
  #tick = 0;
  #slot = 0;
  calls = 0;
  bad = 0;
  slow = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  add(now: number, bad: boolean, slow: boolean): void {
    this.advance(now);
    const slot = this.#slot;
    this.#calls[slot] = (this.#calls[slot] ?? 0) + 1;
    this.calls += 1;
    if (bad) {
      this.#bad[slot] = (this.#bad[slot] ?? 0) + 1;
      this.bad += 1;
    }
    if (slow) {
      this.#slow[slot] = (this.#slow[slot] ?? 0) + 1;
      this.slow += 1;
    }
  }

  /** Lets go of what is older than the window at `now`, monotonic. */
  advance(now: number): void {
    const tick = Math.floor(now / this.#bucketMs);
    if (tick === this.#tick) return;
    const stale = Math.min(BUCKETS, tick - this.#tick);
    for (let step = 1; step <= stale; step += 1) {
      const slot = (this.#tick + step) % BUCKETS;
      this.calls -= this.#calls[slot] ?? 0;
      this.bad -= this.#bad[slot] ?? 0;
      this.slow -= this.#slow[slot] ?? 0;
      this.#calls[slot] = 0;
      this.#bad[slot] = 0;
      this.#slow[slot] = 0;
    }
    this.#tick = tick;
    this.#slot = tick % BUCKETS;
  }

  clear(): void {
    this.#calls.fill(0);
    this.#bad.fill(0);
    this.#slow.fill(0);
    this.calls = 0;
    this.bad = 0;
    this.slow = 0;
  }
}
