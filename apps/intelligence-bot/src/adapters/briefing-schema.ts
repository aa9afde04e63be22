import type Database from 'libsql';
import { StoreError } from './store-error.js';

/** Marks our files in the SQLite header: the letters "Kapl". */
export const APPLICATION_ID = 0x4b61706c;

/** One step of the schema. Applied ones are never edited; a change is a new one at the end. */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'briefings and their full-text index',
    // search_row ties a briefing to its row in the index; an implicit rowid could change in a VACUUM.
    // The tenant is a word in the index, so that a search reads only what its own tenant has.
    sql: `
      CREATE TABLE briefings (
        tenant_id    TEXT    NOT NULL,
        id           TEXT    NOT NULL,
        search_row   INTEGER NOT NULL UNIQUE,
        content_hash TEXT    NOT NULL,
        depth        TEXT    NOT NULL,
        created_at   TEXT    NOT NULL,
        created_ms   INTEGER NOT NULL,
        produced_by  TEXT    NOT NULL,
        title        TEXT    NOT NULL,
        uri          TEXT    NOT NULL,
        language     TEXT    NOT NULL,
        word_count   INTEGER NOT NULL,
        claim_count  INTEGER NOT NULL,
        json         TEXT    NOT NULL,
        PRIMARY KEY (tenant_id, id)
      );
      CREATE INDEX briefings_by_age ON briefings (tenant_id, created_ms, id);
      CREATE INDEX briefings_by_content ON briefings (tenant_id, content_hash, depth, created_ms);
      CREATE VIRTUAL TABLE briefings_search USING fts5 (
        tenant, title, summary, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
      );
      INSERT INTO briefings_search (briefings_search, rank) VALUES ('rank', 'bm25(0.0, 8.0, 3.0, 1.0)');
    `,
  },
  {
    version: 2,
    name: 'state of the orchestrators',
    // Without a rowid the records lie in the order of their keys, in which they are listed.
    sql: `
      CREATE TABLE state (
        tenant_id  BLOB    NOT NULL,
        collection TEXT    NOT NULL,
        key        BLOB    NOT NULL,
        version    INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        json       TEXT    NOT NULL,
        PRIMARY KEY (tenant_id, collection, key)
      ) WITHOUT ROWID;
    `,
  },
];

/**
 * Brings the schema to the newest version, in one transaction that other processes wait for. An empty database
 * becomes ours.
 *
 * @throws {@link StoreError} `STORE_FOREIGN_DATABASE` or `STORE_SCHEMA_TOO_NEW`, without having changed anything
 */
export function migrate(db: Database.Database, file: string, migrations = MIGRATIONS): void {
  if (checkSchema(db, file, migrations) === migrations.length) return;
  inTransaction(db, () => {
    // Asked again under the lock: another process may have been faster.
    const current = checkSchema(db, file, migrations);
    if (current === 0) {
      db.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
      db.exec('CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL)');
    }
    const record = db.prepare('INSERT INTO schema_migrations (version, name) VALUES (?, ?)');
    for (const { version, name, sql } of migrations.slice(current)) {
      db.exec(sql);
      record.run(version, name);
    }
  });
}

/**
 * The version of the schema, 0 for a database without tables. Changes nothing.
 *
 * @throws {@link StoreError} `STORE_FOREIGN_DATABASE` or `STORE_SCHEMA_TOO_NEW`
 */
export function checkSchema(db: Database.Database, file: string, migrations = MIGRATIONS): number {
  const tables = db.prepare('SELECT name FROM sqlite_schema').all() as { name: string }[];
  if (tables.length === 0) return 0;
  if (!tables.some(({ name }) => name === 'schema_migrations')) throw foreignDatabase(file);
  const [row] = db.prepare('SELECT max(version) AS version FROM schema_migrations').all() as {
    version: number | null;
  }[];
  const version = row?.version ?? 0;
  if (version > migrations.length) {
    throw new StoreError(
      'STORE_SCHEMA_TOO_NEW',
      `The database "${file}" has schema version ${String(version)}, and this program knows versions up to ` +
        `${String(migrations.length)}. Use a newer version of this program, or another database file.`,
    );
  }
  return version;
}

export function foreignDatabase(file: string): StoreError {
  return new StoreError(
    'STORE_FOREIGN_DATABASE',
    `"${file}" is a database of another program and was left as it is. Choose another path for the briefings.`,
  );
}

/** Runs `work` with the write lock held: all of it is stored, or nothing. Waits for other writers. */
export function inTransaction<T>(db: Database.Database, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite rolls back by itself on some errors; a second ROLLBACK would hide the first error.
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
