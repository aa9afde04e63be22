import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { APPLICATION_ID, checkSchema, foreignDatabase, migrate } from './briefing-schema.js';
import { makeFolder } from './make-folder.js';
import { StoreError, toStoreError } from './store-error.js';

/** How {@link openDatabase} opens a file. */
export interface DatabaseFileOptions {
  /** How long to wait for another process that writes, in milliseconds. */
  readonly busyTimeoutMs: number;
  /** Files up to this size are read completely on opening, to find damage before anything is written. */
  readonly integrityCheckMaxBytes: number;
}

/** The header of a SQLite file begins with these 16 bytes, the last of them zero. */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const HEADER_BYTES = 100;
const APPLICATION_ID_OFFSET = 68;

/**
 * Opens a database of ours, or creates it with its folder. A file that is anything else is not touched.
 *
 * @param file absolute path
 * @throws {@link StoreError}
 */
export function openDatabase(file: string, options: DatabaseFileOptions): Database.Database {
  try {
    prepareFolder(dirname(file));
    const isNew = !checkHeader(file);
    if (!isNew) checkWritable(file);
    // A journal left by a crash during creation has to be rolled back first, which a read-only look cannot do.
    if (!isNew && !existsSync(`${file}-journal`)) inspect(file, options);
    return openForWriting(file, options);
  } catch (error) {
    throw toStoreError(error, file);
  }
}

function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StoreError(
      'STORE_FOLDER_UNUSABLE',
      `The folder "${folder}" cannot be created or written (${String(error)}). ` +
        'Give this user write access to it, or choose another path for the database.',
      { cause: error },
    );
  }
}

/** Looks at the first bytes without SQLite, which would already create files beside a foreign database. */
function checkHeader(file: string): boolean {
  if (!existsSync(file)) return false;
  if (!statSync(file).isFile()) {
    throw new StoreError(
      'STORE_NOT_A_DATABASE',
      `"${file}" is not a file. Choose a path for a database file.`,
    );
  }
  const header = readHeader(file);
  if (header.length === 0) return false;
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new StoreError(
      'STORE_NOT_A_DATABASE',
      `"${file}" is not a SQLite database and was left as it is. Choose another path, or move that file away.`,
    );
  }
  if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) throw foreignDatabase(file);
  return true;
}

function readHeader(file: string): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new StoreError(
      'STORE_NOT_WRITABLE',
      `"${file}" cannot be read (${String(error)}). Give this user read and write access to it.`,
      { cause: error },
    );
  }
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(descriptor, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** SQLite would open a write-protected file silently and fail at the first save. */
function checkWritable(file: string): void {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new StoreError(
      'STORE_NOT_WRITABLE',
      `"${file}" is write-protected (${String(error)}). Give this user write access to the file and its folder.`,
      { cause: error },
    );
  }
}

/** Reads through a connection that cannot write, so that a damaged or newer database stays as it was found. */
function inspect(file: string, { busyTimeoutMs, integrityCheckMaxBytes }: DatabaseFileOptions): void {
  const db = new Database(`${pathToFileURL(file).href}?mode=ro`, { timeout: busyTimeoutMs });
  try {
    checkSchema(db, file);
    if (statSync(file).size > integrityCheckMaxBytes) return;
    const [finding] = db.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
    if (finding !== undefined && finding.quick_check !== 'ok') {
      throw Object.assign(new Error(finding.quick_check), { code: 'SQLITE_CORRUPT' });
    }
  } finally {
    db.close();
  }
}

function openForWriting(file: string, { busyTimeoutMs }: DatabaseFileOptions): Database.Database {
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    // Before WAL, so that the mark in the header is in the file itself from the first commit on.
    migrate(db, file);
    // FULL: a save is on the disk when it returns, also after a power cut.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
