/** Tenants whose things are kept; of the rest the one that was not met for longest is forgotten. */
const MAX_TENANTS = 1_000;

/** Something that each tenant has of its own: no tenant sees, fills up or empties another's. */
export class PerTenant<T> {
  readonly #make: () => T;
  readonly #canForget: (each: T) => boolean;
  readonly #of = new Map<string, T>();

  /** @param canForget whether nothing is lost that must be kept */
  constructor(make: () => T, canForget: (each: T) => boolean = () => true) {
    this.#make = make;
    this.#canForget = canForget;
  }

  of(tenantId: string): T {
    const known = this.#of.get(tenantId);
    const each = known ?? this.#make();
    if (known !== undefined) this.#of.delete(tenantId);
    // The last of the map is the one that was met last.
    this.#of.set(tenantId, each);
    if (this.#of.size > MAX_TENANTS) this.#forgetOne();
    return each;
  }

  /** Each with its tenant. */
  entries(): IterableIterator<[string, T]> {
    return this.#of.entries();
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#of.values();
  }

  #forgetOne(): void {
    for (const [tenantId, each] of this.#of) {
      if (!this.#canForget(each)) continue;
      this.#of.delete(tenantId);
      return;
    }
  }
}
