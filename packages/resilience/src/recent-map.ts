/** What a {@link RecentMap} holds. The field belongs to the map. */
export interface Recent {
  wasUsed: boolean;
}

/** Entries in use that are looked at before a newcomer is sent away. */
const BUSY_LOOKS = 32;

/**
 * At most `limit` entries by key. A newcomer takes the place of an entry that has not been used lately and may go; an entry that
 * may not go is never dropped. "Second chance" approximates least recently used: a hit only sets a flag, and an entry
 * found with its flag set goes to the end of the line without it (Corbató, "A Paging Experiment with the Multics System", 1968).
 */
export class RecentMap<V extends Recent> {
  readonly limit: number;
  readonly #entries = new Map<string, V>();
  readonly #mayGo: (value: V) => boolean;
  #evicted = 0;

  constructor(limit: number, mayGo: (value: V) => boolean) {
    this.limit = limit;
    this.#mayGo = mayGo;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that made room for others. */
  get evicted(): number {
    return this.#evicted;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) value.wasUsed = true;
    return value;
  }

  /** Adds an entry whose key is not in it. False, and nothing is added, where it is full of entries that may not go. */
  add(key: string, value: V): boolean {
    if (this.#entries.size >= this.limit && !this.#makeRoom()) return false;
    this.#entries.set(key, value);
    return true;
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  entries(): IterableIterator<[string, V]> {
    return this.#entries.entries();
  }

  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  #makeRoom(): boolean {
    let busy = 0;
    // Entries put back are met again: the loop ends because each is put back once with its flag, and busy ones are counted.
    for (const [key, value] of this.#entries) {
      if (!value.wasUsed && this.#mayGo(value)) {
        this.#entries.delete(key);
        this.#evicted += 1;
        return true;
      }
      if (!value.wasUsed && (busy += 1) >= BUSY_LOOKS) return false;
      value.wasUsed = false;
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return false;
  }
}
