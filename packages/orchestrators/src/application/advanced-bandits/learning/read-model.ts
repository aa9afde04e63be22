import { BanditError } from '../bandit-error.js';

/**
 * The object at `path` of a model that is read back.
 *
 * @throws BanditError `BANDIT_MODEL_INVALID`
 */
export function readObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'an object', value);
  return value as Readonly<Record<string, unknown>>;
}

/** @throws BanditError `BANDIT_MODEL_INVALID` */
export function readArray(value: unknown, path: string, atMost = Infinity): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, 'a list', value);
  if (value.length > atMost) throw wrong(path, `a list of ${atMost} at most`, `${value.length} entries`);
  return value;
}

/**
 * Exactly `length` finite numbers.
 *
 * @throws BanditError `BANDIT_MODEL_INVALID`
 */
export function readNumbers(value: unknown, length: number, path: string): Float64Array {
  const list = readArray(value, path);
  if (list.length !== length) throw wrong(path, `${length} numbers`, `${list.length} entries`);
  if (!list.every((each) => Number.isFinite(each)))
    throw wrong(path, 'finite numbers', 'something else among them');
  return Float64Array.from(list as readonly number[]);
}

/**
 * A finite number within bounds.
 *
 * @throws BanditError `BANDIT_MODEL_INVALID`
 */
export function readNumber(value: unknown, path: string, least = -Infinity, most = Infinity): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least || value > most) {
    throw wrong(path, `a finite number from ${least} to ${most}`, value);
  }
  return value;
}

/** @throws BanditError `BANDIT_MODEL_INVALID` */
export function readCount(value: unknown, path: string, most = Number.MAX_SAFE_INTEGER): number {
  const count = readNumber(value, path, 0, most);
  if (!Number.isSafeInteger(count)) throw wrong(path, 'a whole number', value);
  return count;
}

function wrong(path: string, wanted: string, found: unknown): BanditError {
  const shown = typeof found === 'string' ? found : found === null ? 'null' : typeof found;
  return new BanditError(
    'BANDIT_MODEL_INVALID',
    `The model has ${shown} at "${path}", not ${wanted}. Import what export_model gave, unchanged.`,
    { details: { path } },
  );
}
