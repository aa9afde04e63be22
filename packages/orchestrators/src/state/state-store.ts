/**
 * Where orchestrators keep what must survive a restart: what was learnt, how far a run has come, where a feed was
 * read to. A record is JSON-like data under a tenant, a collection and a key.
 */
export const STATE_STORE = Symbol.for('kapelle.StateStore');

/** The tenant of state that belongs to nobody in particular, such as what was learnt from all. */
export const SHARED_TENANT = '_shared';

/** The place of a collection of records. */
export interface StateCollection {
  readonly tenantId: string;
  /** Lower case with dots, the orchestrator first: `advanced_bandits.models`. 1 to 128 characters. */
  readonly collection: string;
}

/** The place of one record. */
export interface StateKey extends StateCollection {
  /** 1 to 512 characters, none of them a control character. */
  readonly key: string;
}

/** A value with what the store knows about it. */
export interface StateRecord<T = unknown> {
  readonly key: string;
  readonly value: T;
  /** 1 for a new record, one more with each change. */
  readonly version: number;
  /** Epoch milliseconds of the last change. */
  readonly updatedAt: number;
}

/** On which condition a value is stored. */
export interface PutOptions {
  /**
   * Store it only if the record has this version now; 0 for a record that must not exist yet. Otherwise the store
   * rejects with `STATE_CONFLICT` and nothing is changed.
   */
  readonly ifVersion?: number;
}

/** Which part of a collection is listed. */
export interface ListOptions {
  /** Only keys that begin with it. */
  readonly prefix?: string;
  /** Only keys after this one, in the order of the answer. */
  readonly after?: string;
  /** How many at most: 1 to 10,000, 1,000 by default. */
  readonly limit?: number;
}

/**
 * Keeps records. Nothing of another tenant or collection is ever returned. A value is copied in and out, so that
 * changing it later changes nothing here. All methods reject with an error that has a stable `code`
 * and says whether it is `retryable`: `STATE_CONFLICT`, `STATE_KEY_INVALID`, `STATE_OPTION_INVALID`,
 * `STATE_VALUE_INVALID` (not JSON-like, or more than 16 MiB as JSON) or `STATE_CLOSED`, besides those of the adapter.
 * `STATE_STORE_CHECKS` is what an adapter must pass.
 */
export interface StateStore {
  get<T = unknown>(at: StateKey): Promise<StateRecord<T> | undefined>;
  /** Stores or replaces a record. It is durable once the promise resolves, where the store is durable at all. */
  put<T = unknown>(at: StateKey, value: T, options?: PutOptions): Promise<StateRecord<T>>;
  /** Whether there was one. */
  delete(at: StateKey): Promise<boolean>;
  /** Records in ascending order of their keys, by UTF-16 code units. */
  list<T = unknown>(of: StateCollection, options?: ListOptions): Promise<readonly StateRecord<T>[]>;
  /** Whether what it keeps survives the process. */
  readonly durable: boolean;
  /** Releases the store; later calls reject. Calling it again does nothing. */
  close(): Promise<void>;
}
