/** Somebody who waits for a slot. */
interface Waiter {
  readonly take: () => void;
  previous: Waiter | undefined;
  next: Waiter | undefined;
  waiting: boolean;
}

/** A bounded number of places, handed over in the order of asking. */
export class Slots {
  readonly limit: number;
  readonly maxWaiting: number;
  #running = 0;
  #waiting = 0;
  /** Places given back and not handed on yet. */
  #freed = 0;
  #handing = false;
  #head: Waiter | undefined;
  #tail: Waiter | undefined;

  constructor(limit: number, maxWaiting: number) {
    this.limit = limit;
    this.maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a place now, or not at all. A newcomer never overtakes who waits. */
  tryTake(): boolean {
    if (this.#running >= this.limit || this.#waiting > 0) return false;
    this.#running += 1;
    return true;
  }

  /**
   * Waits for a place; `take` is called when it is there. `undefined` where too many wait already.
   * The returned function gives the waiting up.
   */
  wait(take: () => void): (() => void) | undefined {
    if (this.#waiting >= this.maxWaiting) return undefined;
    const waiter: Waiter = { take, previous: this.#tail, next: undefined, waiting: true };
    if (this.#tail === undefined) this.#head = waiter;
    else this.#tail.next = waiter;
    this.#tail = waiter;
    this.#waiting += 1;
    return () => {
      this.#remove(waiter);
    };
  }

  /** Hands the place to whoever waits longest: it is never free in between. */
  release(): void {
    if (this.#head === undefined) {
      this.#running -= 1;
      return;
    }
    this.#freed += 1;
    if (this.#handing) return;
    // A loop: calls that end at once would otherwise hand over inside each other, as deep as the queue is long.
    this.#handing = true;
    try {
      while (this.#freed > 0) {
        this.#freed -= 1;
        const next = this.#head as Waiter | undefined;
        if (next === undefined) {
          this.#running -= 1;
          continue;
        }
        this.#remove(next);
        next.take();
      }
    } finally {
      this.#handing = false;
    }
  }

  #remove(waiter: Waiter): void {
    if (!waiter.waiting) return;
    waiter.waiting = false;
    this.#waiting -= 1;
    if (waiter.previous === undefined) this.#head = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#tail = waiter.previous;
    else waiter.next.previous = waiter.previous;
  }
}
