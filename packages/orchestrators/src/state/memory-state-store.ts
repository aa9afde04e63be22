import { systemClock, type Clock } from '@kapelle/core';
import { StateError } from './state-error.js';
import {
  assertCollection,
  assertKey,
  assertPut,
  assertVersion,
  encodeValue,
  listLimit,
} from './state-limits.js';
import type {
  ListOptions,
  PutOptions,
  StateCollection,
  StateKey,
  StateRecord,
  StateStore,
} from './state-store.js';

interface Entry {
  readonly json: string;
  readonly version: number;
  readonly updatedAt: number;
}

/** Keeps state as long as the process lives: for tests, and for a program that has nothing to remember. */
export class MemoryStateStore implements StateStore {
  readonly durable = false;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #collections = new Map<string, Map<string, Entry>>();
  #closed = false;

  constructor(clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock;
  }

  async get<T>(at: StateKey): Promise<StateRecord<T> | undefined> {
    assertKey(at);
    const entry = this.#of(at)?.get(at.key);
    return entry === undefined ? undefined : recordOf<T>(at.key, entry);
  }

  async put<T>(at: StateKey, value: T, options: PutOptions = {}): Promise<StateRecord<T>> {
    assertKey(at);
    assertPut(options);
    const json = encodeValue(value);
    let records = this.#of(at);
    const found = records?.get(at.key)?.version ?? 0;
    assertVersion(at, options.ifVersion, found);
    if (records === undefined) this.#collections.set(nameOf(at), (records = new Map<string, Entry>()));
    const entry: Entry = { json, version: found + 1, updatedAt: this.#clock.now() };
    records.set(at.key, entry);
    return recordOf<T>(at.key, entry);
  }

  async delete(at: StateKey): Promise<boolean> {
    assertKey(at);
    const records = this.#of(at);
    const existed = records?.delete(at.key) ?? false;
    if (records?.size === 0) this.#collections.delete(nameOf(at));
    return existed;
  }

  async list<T>(of: StateCollection, options: ListOptions = {}): Promise<readonly StateRecord<T>[]> {
    assertCollection(of);
    const limit = listLimit(options);
    const { prefix = '', after } = options;
    const keys = [...(this.#of(of)?.keys() ?? [])].filter(
      (key) => key.startsWith(prefix) && (after === undefined || key > after),
    );
    const records = this.#of(of);
    return keys
      .sort()
      .slice(0, limit)
      .flatMap((key) => {
        const entry = records?.get(key);
        return entry === undefined ? [] : [recordOf<T>(key, entry)];
      });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#collections.clear();
    return Promise.resolve();
  }

  #of(of: StateCollection): Map<string, Entry> | undefined {
    if (this.#closed) {
      throw new StateError('STATE_CLOSED', 'The store of state is closed. Make another one.');
    }
    return this.#collections.get(nameOf(of));
  }
}

/** A collection's name has no line feed, and neither has a tenant's. */
function nameOf({ tenantId, collection }: StateCollection): string {
  return `${collection}\n${tenantId}`;
}

function recordOf<T>(key: string, { json, version, updatedAt }: Entry): StateRecord<T> {
  return { key, value: JSON.parse(json) as T, version, updatedAt };
}
