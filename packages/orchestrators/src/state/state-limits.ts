import { StateError } from './state-error.js';
import type { ListOptions, PutOptions, StateCollection, StateKey } from './state-store.js';

/** Characters of the JSON text of one value at most. */
export const MAX_VALUE_LENGTH = 16 * 1024 * 1024;
/** Records of a list, unless the caller says how many. */
export const DEFAULT_LIST_LIMIT = 1_000;
/** The most records of one list. */
export const MAX_LIST_LIMIT = 10_000;

const COLLECTION = /^[a-z][a-z0-9_.]{0,127}$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** @throws StateError `STATE_KEY_INVALID` */
export function assertCollection({ tenantId, collection }: StateCollection): void {
  assertText('tenantId', tenantId);
  if (typeof collection !== 'string' || !COLLECTION.test(collection)) {
    throw new StateError(
      'STATE_KEY_INVALID',
      `The collection ${JSON.stringify(collection)} is not lower-case letters, digits, "_" and "." beginning with a ` +
        'letter, 128 at most. Name it after the orchestrator, for example "advanced_bandits.models".',
    );
  }
}

/** @throws StateError `STATE_KEY_INVALID` */
export function assertKey(at: StateKey): void {
  assertCollection(at);
  assertText('key', at.key);
}

/**
 * The JSON text of a value.
 *
 * @throws StateError `STATE_VALUE_INVALID`
 */
export function encodeValue(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    throw new StateError(
      'STATE_VALUE_INVALID',
      `The value cannot be written as JSON (${thrown instanceof Error ? thrown.message : String(thrown)}). ` +
        'Store JSON-like data.',
    );
  }
  if (text === undefined) {
    throw new StateError(
      'STATE_VALUE_INVALID',
      `The value is a ${typeof value}, which JSON has no form for. Store JSON-like data, or delete the record.`,
    );
  }
  if (text.length > MAX_VALUE_LENGTH) {
    throw new StateError(
      'STATE_VALUE_INVALID',
      `The value has ${text.length} characters as JSON, at most ${MAX_VALUE_LENGTH} are kept. Divide it into several records.`,
    );
  }
  return text;
}

/** @throws StateError `STATE_OPTION_INVALID` */
export function assertPut({ ifVersion }: PutOptions): void {
  if (ifVersion !== undefined && (!Number.isSafeInteger(ifVersion) || ifVersion < 0)) {
    throw new StateError(
      'STATE_OPTION_INVALID',
      `ifVersion is ${String(ifVersion)}, it must be a whole number of 0 or more. Pass the version that was read, or 0 for a new record.`,
    );
  }
}

/**
 * How many records a list may have.
 *
 * @throws StateError `STATE_OPTION_INVALID`
 */
export function listLimit({ limit = DEFAULT_LIST_LIMIT }: ListOptions): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIST_LIMIT) {
    throw new StateError(
      'STATE_OPTION_INVALID',
      `limit is ${String(limit)}, it must be a whole number from 1 to ${MAX_LIST_LIMIT}. Read longer lists in pages, with "after".`,
    );
  }
  return limit;
}

/** @throws StateError `STATE_CONFLICT` */
export function assertVersion(at: StateKey, wanted: number | undefined, found: number): void {
  if (wanted === undefined || wanted === found) return;
  throw new StateError(
    'STATE_CONFLICT',
    `The record "${at.key}" of "${at.collection}" has version ${found}, not ${wanted}. Read it again and repeat the change.`,
  );
}

function assertText(what: string, value: string): void {
  if (typeof value === 'string' && value.length > 0 && value.length <= 512 && !CONTROL.test(value)) return;
  throw new StateError(
    'STATE_KEY_INVALID',
    `The ${what} ${JSON.stringify(value)} is not a text of 1 to 512 characters without control characters.`,
  );
}

/** What every adapter of a store of state checks before it does anything, so that all refuse the same. */
export const stateRules = {
  assertCollection,
  assertKey,
  assertPut,
  assertVersion,
  encodeValue,
  listLimit,
} as const;
