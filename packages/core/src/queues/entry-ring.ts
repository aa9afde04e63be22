import type { OrchestrationContext } from '../context.js';

/** Items with the context each was offered in, first in first out; push and shift are O(1) and allocate nothing. */
export class EntryRing<T> {
  /** Two arrays of one length, a power of two, instead of an object per entry. */
  #items: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined);
  #contexts: (OrchestrationContext | undefined)[] = new Array<undefined>(16).fill(undefined);
  #mask = 15;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T, context: OrchestrationContext | undefined): void {
    if (this.#size > this.#mask) this.#grow();
    const at = (this.#head + this.#size) & this.#mask;
    this.#items[at] = item;
    this.#contexts[at] = context;
    this.#size += 1;
  }

  /** The context of the entry that {@link shift} takes next; meaningless in an empty ring. */
  headContext(): OrchestrationContext | undefined {
    return this.#contexts[this.#head];
  }

  /** Takes the oldest item. Only for a ring that is not empty. */
  shift(): T {
    const at = this.#head;
    const item = this.#items[at] as T;
    // The slots let go of what they held, or a ring that once was full would keep it from being collected.
    this.#items[at] = undefined;
    this.#contexts[at] = undefined;
    this.#head = (at + 1) & this.#mask;
    this.#size -= 1;
    return item;
  }

  clear(): void {
    this.#items.fill(undefined);
    this.#contexts.fill(undefined);
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    this.#items = unrolled(this.#items, this.#head);
    this.#contexts = unrolled(this.#contexts, this.#head);
    this.#head = 0;
    this.#mask = this.#items.length - 1;
  }
}

/** `full` from `head` on in an array of twice its length. */
function unrolled<V>(full: readonly (V | undefined)[], head: number): (V | undefined)[] {
  return full.slice(head).concat(full.slice(0, head), new Array<undefined>(full.length).fill(undefined));
}
