/** Every way the briefing store can fail. */
export type StoreErrorCode =
  | 'STORE_INVALID_ARGUMENT'
  | 'STORE_FOLDER_UNUSABLE'
  | 'STORE_NOT_WRITABLE'
  | 'STORE_NOT_A_DATABASE'
  | 'STORE_FOREIGN_DATABASE'
  | 'STORE_SCHEMA_TOO_NEW'
  | 'STORE_CORRUPT'
  | 'STORE_BUSY'
  | 'STORE_FULL'
  | 'STORE_CLOSED'
  | 'STORE_FAILED';

/** A failure of the briefing store. The message names the file and ends with what to do next. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  /** True only for `STORE_BUSY`: another process held the file for longer than we wait. */
  readonly retryable: boolean;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = code === 'STORE_BUSY';
  }
}

/**
 * Gives any error met while working on a database file its meaning. A `StoreError` is returned unchanged.
 *
 * @param file absolute path, for the message
 */
export function toStoreError(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error;
  const reason = textOf(error, 'message') ?? String(error);
  // A failed open has no code; SQLite's number is only inside its text: `… local database x: 14`.
  const sqliteCode = reason.startsWith('ConnectionFailed') ? 'SQLITE_CANTOPEN' : textOf(error, 'code');
  const [code, message] = explain(sqliteCode ?? '', file, reason);
  return new StoreError(code, message, { cause: error });
}

function explain(sqliteCode: string, file: string, reason: string): [StoreErrorCode, string] {
  // Extended codes only add a suffix (SQLITE_BUSY_SNAPSHOT), so the beginning tells the family.
  const is = (...families: string[]) => families.some((family) => sqliteCode.startsWith(`SQLITE_${family}`));
  if (is('BUSY', 'LOCKED')) {
    return ['STORE_BUSY', `Another process is writing to "${file}" (${reason}). Try again in a moment.`];
  }
  if (is('NOTADB')) {
    return [
      'STORE_NOT_A_DATABASE',
      `"${file}" is not a SQLite database (${reason}). Choose another path, or move that file away.`,
    ];
  }
  if (is('CORRUPT')) {
    return [
      'STORE_CORRUPT',
      `The database "${file}" is damaged (${reason}). Restore it from a backup, or move it away to begin a new one.`,
    ];
  }
  if (is('FULL')) {
    return ['STORE_FULL', `No space left for "${file}" (${reason}). Free some disk space, then try again.`];
  }
  if (is('READONLY', 'PERM', 'AUTH', 'CANTOPEN')) {
    return [
      'STORE_NOT_WRITABLE',
      `"${file}" cannot be written (${reason}). Give this user write access to the file and its folder.`,
    ];
  }
  return [
    'STORE_FAILED',
    `The database "${file}" failed (${reason}). Look at the cause of this error and the state of the disk.`,
  ];
}

function textOf(value: unknown, key: 'code' | 'message'): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const text: unknown = Reflect.get(value, key);
  return typeof text === 'string' ? text : undefined;
}
