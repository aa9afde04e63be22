/** Entries that were handled are cut off when there are so many of them. */
const CUT_AT = 4_096;
/** Tenants that are remembered though they hold nothing. */
const MAX_IDLE = 1_000;
/** Of a queue; the rest is kept for those with less than their share. */
const OPEN_SHARE = 0.9;

/** How much one tenant has in the queue. */
interface Holder {
  readonly tenantId: string;
  held: number;
}

/**
 * Knows whose the signals in a bounded queue are, so that a tenant who fills it pays for that with signals of its own. It
 * mirrors a queue that drops its oldest item for a new one: tell it of each item that goes in, and of each batch that is done.
 */
export class TenantShares {
  /** In the order of arrival, from `#head` to `#tail`. It is never made anew: a signal must cost next to nothing here. */
  readonly #order: Holder[] = [];
  #head = 0;
  #tail = 0;
  /** Those who hold nothing now included. */
  readonly #holders = new Map<string, Holder>();
  #active = 0;
  /** Most signals come after one of the same tenant. */
  #last: Holder | undefined;

  /**
   * Whether the tenant may not have another place: the last tenth of a queue in which others wait too is for those who hold no
   * more than an equal share of it.
   */
  isOverShare(tenantId: string, depth: number, capacity: number): boolean {
    if (this.#active < 2 || depth < capacity * OPEN_SHARE) return false;
    return (this.#holders.get(tenantId)?.held ?? 0) > capacity / this.#active;
  }

  /** @param depth how many waited before it; at the capacity, the oldest of them was dropped for it */
  offered(tenantId: string, depth: number, capacity: number): void {
    if (depth >= capacity) this.#drop(depth);
    let holder = this.#last;
    if (holder?.tenantId !== tenantId) this.#last = holder = this.#holderOf(tenantId);
    if (holder.held === 0) this.#active += 1;
    holder.held += 1;
    this.#order[this.#tail] = holder;
    this.#tail += 1;
  }

  /** The next so many are out of the queue and done. */
  handled(count: number): void {
    const end = Math.min(this.#head + count, this.#tail);
    for (; this.#head < end; this.#head += 1) this.#release(this.#head);
    if (this.#head === this.#tail) {
      this.#head = this.#tail = 0;
    } else if (this.#head >= CUT_AT) {
      this.#order.copyWithin(0, this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
  }

  #drop(depth: number): void {
    // What is in work stands before what waits.
    const at = this.#tail - depth;
    if (at < this.#head) return;
    this.#release(at);
    if (at === this.#head) {
      this.#head += 1;
    } else {
      this.#order.copyWithin(at, at + 1, this.#tail);
      this.#tail -= 1;
    }
  }

  #release(at: number): void {
    const holder = this.#order[at];
    if (holder === undefined) return;
    holder.held -= 1;
    if (holder.held === 0) this.#active -= 1;
  }

  #holderOf(tenantId: string): Holder {
    const known = this.#holders.get(tenantId);
    if (known !== undefined) return known;
    if (this.#holders.size >= MAX_IDLE) {
      for (const [id, { held }] of this.#holders) if (held === 0) this.#holders.delete(id);
    }
    const holder = { tenantId, held: 0 };
    this.#holders.set(tenantId, holder);
    return holder;
  }
}
