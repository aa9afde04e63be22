import type { Clock } from '@kapelle/core';
import { MemoryStateStore } from './memory-state-store.js';
import { StateError } from './state-error.js';
import type {
  ListOptions,
  PutOptions,
  StateCollection,
  StateKey,
  StateRecord,
  StateStore,
} from './state-store.js';

/** How long an orchestrator waits for a store, in ms: longer than any store that works takes. */
export const STORE_TIMEOUT_MS = 30_000;

/**
 * A store of which every answer comes within a time: what takes longer rejects with `STATE_TIMEOUT`, which is retryable. A
 * change whose answer came too late may have been made all the same; `ifVersion` tells.
 */
export class BoundedStateStore implements StateStore {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(store: StateStore, clock: Clock, timeoutMs = STORE_TIMEOUT_MS) {
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  get durable(): boolean {
    return this.#store.durable;
  }

  get<T = unknown>(at: StateKey): Promise<StateRecord<T> | undefined> {
    return this.#within(() => this.#store.get<T>(at), at);
  }

  put<T = unknown>(at: StateKey, value: T, options?: PutOptions): Promise<StateRecord<T>> {
    return this.#within(() => this.#store.put(at, value, options), at);
  }

  delete(at: StateKey): Promise<boolean> {
    return this.#within(() => this.#store.delete(at), at);
  }

  list<T = unknown>(of: StateCollection, options?: ListOptions): Promise<readonly StateRecord<T>[]> {
    return this.#within(() => this.#store.list<T>(of, options), of);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #within<T>(work: () => Promise<T>, { collection }: StateCollection): Promise<T> {
    let timer: unknown;
    const late = new Promise<never>((_resolve, reject) => {
      timer = this.#clock.setTimeout(() => {
        const message = `The store of state did not answer within ${this.#timeoutMs} ms for "${collection}". See why it hangs, and try again.`;
        reject(new StateError('STATE_TIMEOUT', message));
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([work(), late]);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
}

/** The store that an orchestrator keeps its state in: the bound one, which must not hold it up, or one in memory. */
export function stateStoreFor(store: StateStore | undefined, clock: Clock): StateStore {
  return store === undefined ? new MemoryStateStore(clock) : new BoundedStateStore(store, clock);
}
