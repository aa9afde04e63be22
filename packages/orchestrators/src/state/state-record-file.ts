import { createHash } from 'node:crypto';
import { StateError } from './state-error.js';
import { assertKey } from './state-limits.js';
import type { StateKey } from './state-store.js';

/** The form in which records are written. A change of the form is a new number, and old ones are still read. */
export const RECORD_FORMAT_VERSION = 1;

/** A record as its file says it. */
export interface FiledRecord extends StateKey {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  /** The value as JSON text. */
  readonly json: string;
}

/** Name of the file of a record: two letters for the folder, the hash of the place for the rest. */
export function recordFileName({ tenantId, collection, key }: StateKey): string {
  // As JSON, in which halves of a surrogate pair differ from each other.
  const hash = sha256(JSON.stringify([tenantId, collection, key]));
  return `${hash.slice(0, 2)}/${hash}.json`;
}

/** Two lines: what the record is, with the hash of the value; and the value. */
export function writeRecord({ json, ...at }: FiledRecord): string {
  return `${JSON.stringify({ formatVersion: RECORD_FORMAT_VERSION, ...at, sha256: sha256(json) })}\n${json}\n`;
}

/**
 * Reads what {@link writeRecord} wrote. Nothing where the text is cut, changed or something else.
 *
 * @throws StateError `STATE_FORMAT_TOO_NEW`
 */
export function readRecord(text: string, file: string): FiledRecord | undefined {
  const end = text.indexOf('\n');
  if (end < 0 || !text.endsWith('\n')) return undefined;
  const json = text.slice(end + 1, -1);
  let head: Readonly<Record<string, unknown>>;
  try {
    const parsed: unknown = JSON.parse(text.slice(0, end));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    head = parsed as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const { formatVersion, tenantId, collection, key, version, updatedAt, sha256: hash } = head;
  if (typeof formatVersion === 'number' && formatVersion > RECORD_FORMAT_VERSION) {
    throw new StateError(
      'STATE_FORMAT_TOO_NEW',
      `The record in "${file}" has format ${String(formatVersion)}, and this program knows formats up to ` +
        `${String(RECORD_FORMAT_VERSION)}. Use a newer version of this program, or another folder.`,
    );
  }
  if (formatVersion !== RECORD_FORMAT_VERSION || hash !== sha256(json)) return undefined;
  if (!Number.isSafeInteger(version) || typeof updatedAt !== 'number') return undefined;
  const at = { tenantId, collection, key } as StateKey;
  try {
    assertKey(at);
  } catch {
    return undefined;
  }
  return { ...at, version: version as number, updatedAt, json };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
