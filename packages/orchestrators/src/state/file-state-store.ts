import { systemClock, type Clock } from '@kapelle/core';
import { resolve } from 'node:path';
import { KeyQueue } from './key-queue.js';
import { RecordFolder } from './record-folder.js';
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
import type { FiledRecord } from './state-record-file.js';

/** Where a {@link FileStateStore} keeps its records. */
export interface FileStateStoreOptions {
  /** Where the records are; made where it is missing. A relative path counts from the working folder. */
  readonly folder: string;
  readonly clock?: Pick<Clock, 'now'>;
}

/** Records read side by side. */
const READS = 16;

/**
 * State in a folder, a file for each record, for one process at a time. A record is written to a file beside it,
 * flushed to the disk and renamed into its place, and the folder is flushed too: after a crash at any moment there
 * is the old record or the new one, whole. What somebody else cut or changed is put aside when the store is
 * opened ({@link FileStateStore.damaged}), and the rest goes on.
 *
 * Opening reads every record once; the keys stay in memory, the values do not. Meant for up to some ten thousand
 * records: many more, or several processes, need a database.
 */
export class FileStateStore implements StateStore {
  readonly durable = true;
  readonly #folder: RecordFolder;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #queue = new KeyQueue();
  #isClosed = false;

  private constructor(folder: RecordFolder, clock: Pick<Clock, 'now'>) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /**
   * @throws StateError `STATE_OPTION_INVALID`, `STATE_LOCKED` where another process has the folder,
   *   `STATE_FOLDER_UNUSABLE`, `STATE_FORMAT_TOO_NEW`
   */
  static async open({ folder, clock = systemClock }: FileStateStoreOptions): Promise<FileStateStore> {
    if (typeof folder !== 'string' || folder.trim() === '' || folder.includes('\0')) {
      throw new StateError(
        'STATE_OPTION_INVALID',
        `folder is ${JSON.stringify(folder)}. Give the path of a folder for the records.`,
      );
    }
    return new FileStateStore(await RecordFolder.open(resolve(folder)), clock);
  }

  /** Paths of the files that were found damaged and put aside, so that somebody can look at them. */
  get damaged(): readonly string[] {
    return this.#folder.damaged;
  }

  async get<T>(at: StateKey): Promise<StateRecord<T> | undefined> {
    assertKey(at);
    this.#assertOpen();
    // Behind a change of the same record that was asked for before.
    const found = await this.#queue.run(queueKey(at), () => this.#folder.read(at));
    return found === undefined ? undefined : recordOf<T>(found);
  }

  async put<T>(at: StateKey, value: T, options: PutOptions = {}): Promise<StateRecord<T>> {
    assertKey(at);
    assertPut(options);
    const json = encodeValue(value);
    this.#assertOpen();
    return this.#queue.run(queueKey(at), async () => {
      const found = this.#folder.versionOf(at);
      assertVersion(at, options.ifVersion, found);
      const { tenantId, collection, key } = at;
      const filed = { tenantId, collection, key, version: found + 1, updatedAt: this.#clock.now(), json };
      await this.#folder.write(filed);
      return recordOf<T>(filed);
    });
  }

  async delete(at: StateKey): Promise<boolean> {
    assertKey(at);
    this.#assertOpen();
    return this.#queue.run(queueKey(at), () => this.#folder.remove(at));
  }

  async list<T>(of: StateCollection, options: ListOptions = {}): Promise<readonly StateRecord<T>[]> {
    assertCollection(of);
    const limit = listLimit(options);
    this.#assertOpen();
    const { prefix = '', after } = options;
    const keys = [...this.#folder.keysOf(of)]
      .filter((key) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort()
      .slice(0, limit);
    const records: StateRecord<T>[] = [];
    for (let from = 0; from < keys.length; from += READS) {
      const some = keys.slice(from, from + READS).map((key) => this.get<T>({ ...of, key }));
      // One that was deleted meanwhile is not in the list.
      for (const record of await Promise.all(some)) if (record !== undefined) records.push(record);
    }
    return records;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#queue.idle();
    await this.#folder.close();
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new StateError('STATE_CLOSED', 'The store of state is closed. Make another one.');
  }
}

function queueKey({ tenantId, collection, key }: StateKey): string {
  return JSON.stringify([tenantId, collection, key]);
}

function recordOf<T>({ key, version, updatedAt, json }: FiledRecord): StateRecord<T> {
  return { key, value: JSON.parse(json) as T, version, updatedAt };
}
