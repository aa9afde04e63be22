/** Entries that were handled are cut off when there are so many of them. */
const CUT_AT = 4_096;
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
  /** By order of arrival; those before `#head` have been handled or dropped. */
  #order: Holder[] = [];
  #head = 0;
  readonly #holders = new Map<string, Holder>();
  /** Most signals come after one of the same tenant. */
  #last: Holder | undefined;

  /**
   * Whether the tenant may not have another place: the last tenth of a queue in which others wait too is for those who hold no
   * more than an equal share of it.
   */
  isOverShare(tenantId: string, depth: number, capacity: number): boolean {
    const tenants = this.#holders.size;
    if (tenants < 2 || depth < capacity * OPEN_SHARE) return false;
    return (this.#holders.get(tenantId)?.held ?? 0) > capacity / tenants;
  }

  /** @param depth how many waited before it; at the capacity, the oldest of them was dropped for it */
  offered(tenantId: string, depth: number, capacity: number): void {
    if (depth >= capacity) this.#drop(depth);
    let holder = this.#last;
    if (holder?.tenantId !== tenantId || holder.held === 0) {
      holder = this.#holders.get(tenantId);
      if (holder === undefined) this.#holders.set(tenantId, (holder = { tenantId, held: 0 }));
      this.#last = holder;
    }
    holder.held += 1;
    this.#order.push(holder);
  }

  /** The next so many are out of the queue and done. */
  handled(count: number): void {
    const end = Math.min(this.#head + count, this.#order.length);
    if (end === this.#order.length) {
      // All of it: that is what a consumer that keeps up finds.
      for (const holder of this.#holders.values()) holder.held = 0;
      this.#holders.clear();
      this.#order = [];
      this.#head = 0;
      return;
    }
    for (; this.#head < end; this.#head += 1) this.#release(this.#order[this.#head]);
    if (this.#head >= CUT_AT) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
  }

  #drop(depth: number): void {
    // What is in work stands before what waits.
    const at = this.#order.length - depth;
    if (at < this.#head) return;
    this.#release(this.#order[at]);
    if (at === this.#head) this.#head += 1;
    else this.#order.splice(at, 1);
  }

  #release(holder: Holder | undefined): void {
    if (holder === undefined) return;
    holder.held -= 1;
    if (holder.held === 0) this.#holders.delete(holder.tenantId);
  }
}
