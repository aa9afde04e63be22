/** Entries that were handled are cut off when there are so many of them. */
const CUT_AT = 4_096;
/** Of a queue; the rest is kept for those with less than their share. */
const OPEN_SHARE = 0.9;

/**
 * Knows whose the signals in a bounded queue are, so that a tenant who fills it pays for that with signals of its own. It
 * mirrors a queue that drops its oldest item for a new one: tell it of each item that goes in, and of each batch that is done.
 */
export class TenantShares {
  /** By order of arrival; those before `#head` have been handled or dropped. */
  #order: string[] = [];
  #head = 0;
  readonly #held = new Map<string, number>();

  /**
   * Whether the tenant may not have another place: the last tenth of a queue in which others wait too is for those who hold no
   * more than an equal share of it.
   */
  isOverShare(tenantId: string, depth: number, capacity: number): boolean {
    const tenants = this.#held.size;
    if (depth < capacity * OPEN_SHARE || tenants < 2) return false;
    return (this.#held.get(tenantId) ?? 0) > capacity / tenants;
  }

  /** @param depth how many waited before it; at the capacity, the oldest of them was dropped for it */
  offered(tenantId: string, depth: number, capacity: number): void {
    if (depth >= capacity) this.#drop(depth);
    this.#order.push(tenantId);
    this.#held.set(tenantId, (this.#held.get(tenantId) ?? 0) + 1);
  }

  /** The next so many are out of the queue and done. */
  handled(count: number): void {
    for (let left = Math.min(count, this.#order.length - this.#head); left > 0; left -= 1) {
      this.#release(this.#order[this.#head]);
      this.#head += 1;
    }
    if (this.#head === this.#order.length) {
      this.#order = [];
      this.#head = 0;
    } else if (this.#head >= CUT_AT) {
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

  #release(tenantId: string | undefined): void {
    if (tenantId === undefined) return;
    const left = (this.#held.get(tenantId) ?? 0) - 1;
    if (left > 0) this.#held.set(tenantId, left);
    else this.#held.delete(tenantId);
  }
}
