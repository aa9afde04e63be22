import { systemClock, type Clock } from '@kapelle/core';
import {
  stateRules,
  StateError,
  type ListOptions,
  type PutOptions,
  type StateCollection,
  type StateKey,
  type StateRecord,
  type StateStore,
} from '@kapelle/orchestrators';
import type Database from 'libsql';
import { resolve } from 'node:path';
import { inTransaction } from './briefing-schema.js';
import { openDatabase } from './database-file.js';
import { StoreError, toStoreError } from './store-error.js';
import { PreparedStatements } from './prepared-statements.js';

export interface LibsqlStateStoreOptions {
  /** Path of the database, which may be that of the briefings; it is created with its folder. */
  readonly file: string;
  /**
   * How long a call waits for another process that writes, in milliseconds. It blocks the thread meanwhile.
   *
   * @default 5000
   */
  readonly busyTimeoutMs?: number;
  /**
   * Files up to this size are read completely on opening, to find damage before anything is written; 6 ms a
   * megabyte.
   *
   * @default 33554432 (32 MiB)
   */
  readonly integrityCheckMaxBytes?: number;
  readonly clock?: Pick<Clock, 'now'>;
}

// Names are kept as their UTF-16 code units, high byte first: SQLite then compares them as the port asks for, and
// half a surrogate pair stays what it is.
const SQL = {
  get: 'SELECT key, version, updated_ms, json FROM state WHERE tenant_id = ? AND collection = ? AND key = ?',
  version: 'SELECT version FROM state WHERE tenant_id = ? AND collection = ? AND key = ?',
  put: `INSERT INTO state (tenant_id, collection, key, version, updated_ms, json) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, updated_ms = excluded.updated_ms, json = excluded.json`,
  delete: 'DELETE FROM state WHERE tenant_id = ? AND collection = ? AND key = ?',
  list: `SELECT key, version, updated_ms, json FROM state
    WHERE tenant_id = ?1 AND collection = ?2 AND key > ?3 AND key >= ?4 AND substr(key, 1, ?5) = ?4
    ORDER BY key LIMIT ?6`,
} as const;

interface Row {
  readonly key: ArrayBuffer;
  readonly version: number;
  readonly updated_ms: number;
  readonly json: string;
}

/**
 * State in a table of the bot's database. Several processes may use the same file. Calls run in the calling thread
 * and are done when they return; a change is one transaction and is on the disk when it resolves.
 *
 * Besides the codes of the port its errors have those of {@link StoreError}.
 */
export class LibsqlStateStore implements StateStore {
  readonly durable = true;
  readonly #file: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #statements: PreparedStatements<keyof typeof SQL>;
  #db: Database.Database | undefined;

  private constructor(file: string, db: Database.Database, clock: Pick<Clock, 'now'>) {
    this.#file = file;
    this.#db = db;
    this.#statements = new PreparedStatements(db, SQL);
    this.#clock = clock;
  }

  /** @throws {@link StoreError} when the file cannot be used; it is left as it was */
  static open(options: LibsqlStateStoreOptions): LibsqlStateStore {
    const { busyTimeoutMs = 5_000, integrityCheckMaxBytes = 32 * 1024 * 1024, clock = systemClock } = options;
    const file = resolve(options.file);
    return new LibsqlStateStore(file, openDatabase(file, { busyTimeoutMs, integrityCheckMaxBytes }), clock);
  }

  async get<T>(at: StateKey): Promise<StateRecord<T> | undefined> {
    stateRules.assertKey(at);
    return this.#run(() => {
      const [row] = this.#statements.all<Row>('get', ...placeOf(at));
      return row === undefined ? undefined : this.#record<T>(row);
    });
  }

  async put<T>(at: StateKey, value: T, options: PutOptions = {}): Promise<StateRecord<T>> {
    stateRules.assertKey(at);
    stateRules.assertPut(options);
    const json = stateRules.encodeValue(value);
    return this.#run((db) =>
      inTransaction(db, () => {
        const place = placeOf(at);
        const found = this.#statements.all<{ version: number }>('version', ...place)[0]?.version ?? 0;
        stateRules.assertVersion(at, options.ifVersion, found);
        const updatedAt = this.#clock.now();
        this.#statements.get('put').run(...place, found + 1, updatedAt, json);
        return { key: at.key, value: JSON.parse(json) as T, version: found + 1, updatedAt };
      }),
    );
  }

  async delete(at: StateKey): Promise<boolean> {
    stateRules.assertKey(at);
    return this.#run(() => this.#statements.get('delete').run(...placeOf(at)).changes > 0);
  }

  async list<T>(of: StateCollection, options: ListOptions = {}): Promise<readonly StateRecord<T>[]> {
    stateRules.assertCollection(of);
    const limit = stateRules.listLimit(options);
    const prefix = unitsOf(options.prefix ?? '');
    const after = unitsOf(options.after ?? '');
    return this.#run(() =>
      this.#statements
        .all<Row>('list', unitsOf(of.tenantId), of.collection, after, prefix, prefix.length, limit)
        .map((row) => this.#record<T>(row)),
    );
  }

  async close(): Promise<void> {
    const db = this.#db;
    if (db === undefined) return;
    this.#db = undefined;
    db.close();
  }

  #run<T>(work: (db: Database.Database) => T): T {
    if (this.#db === undefined) {
      throw new StateError(
        'STATE_CLOSED',
        `The state in "${this.#file}" is closed. Open it again before using it.`,
      );
    }
    try {
      return work(this.#db);
    } catch (error) {
      throw error instanceof StateError ? error : toStoreError(error, this.#file);
    }
  }

  #record<T>({ key, version, updated_ms: updatedAt, json }: Row): StateRecord<T> {
    try {
      return {
        key: Buffer.from(key).swap16().toString('utf16le'),
        value: JSON.parse(json) as T,
        version,
        updatedAt,
      };
    } catch (error) {
      throw new StoreError(
        'STORE_CORRUPT',
        `A record of state in "${this.#file}" is not valid JSON any more. Restore the file from a backup.`,
        { cause: error },
      );
    }
  }
}

function placeOf({ tenantId, collection, key }: StateKey): [Buffer, string, Buffer] {
  return [unitsOf(tenantId), collection, unitsOf(key)];
}

/** The UTF-16 code units of a text, high byte first. */
function unitsOf(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
