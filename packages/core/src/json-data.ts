/** What survives a JSON round trip. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const MAX_DEPTH = 32;
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** An empty frozen record, shared. */
export const EMPTY_RECORD: Readonly<Record<string, never>> = Object.freeze({});

/**
 * A deep-frozen copy of JSON-like data. `undefined` properties are left out, dates become ISO 8601 text.
 *
 * @throws TypeError naming the path of what is not JSON-like: functions, symbols, bigints, class instances,
 * maps, non-finite numbers, cycles, keys such as `__proto__`, or more than 32 levels.
 */
export function frozenJsonRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return EMPTY_RECORD;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(
      `${what} must be a plain object, got ${kindOf(value)}. Pass an object of JSON-like data.`,
    );
  }
  return copy(value, what, 0, new Set()) as Readonly<Record<string, unknown>>;
}

function copy(value: unknown, path: string, depth: number, open: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw refuse(path, String(value));
    case 'object':
      break;
    default:
      throw refuse(path, `a ${typeof value}`);
  }
  if (value === null) return null;
  if (depth >= MAX_DEPTH) throw refuse(path, `nested deeper than ${MAX_DEPTH} levels`);
  if (open.has(value)) throw refuse(path, 'a reference to one of its own parents');
  open.add(value);
  const result = Array.isArray(value)
    ? copyArray(value, path, depth, open)
    : copyObject(value, path, depth, open);
  open.delete(value);
  return result;
}

/** By index: a `map` of the array's own could return an array that others can change. */
function copyArray(value: readonly unknown[], path: string, depth: number, open: Set<object>): unknown {
  const result: unknown[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const entry = value[index];
    result.push(entry === undefined ? null : copy(entry, `${path}[${index}]`, depth + 1, open));
  }
  return Object.freeze(result);
}

function copyObject(value: object, path: string, depth: number, open: Set<object>): unknown {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(path, 'an invalid date');
    return value.toISOString();
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw refuse(
      path,
      `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'a class'}`,
    );
  }
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (FORBIDDEN.has(key)) throw refuse(`${path}.${key}`, 'a key reserved by the language');
    const entry = (value as Record<string, unknown>)[key];
    if (entry !== undefined) result[key] = copy(entry, `${path}.${key}`, depth + 1, open);
  }
  return Object.freeze(result);
}

function refuse(path: string, found: string): TypeError {
  return new TypeError(
    `${path} is ${found}, which is not JSON-like data. Pass strings, numbers, booleans, null, arrays and plain objects.`,
  );
}

/** A short name of what `value` is, for messages. Never calls into the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  try {
    if (Array.isArray(value)) return 'an array';
  } catch {
    return 'a revoked proxy';
  }
  return typeof value === 'object' || typeof value === 'undefined'
    ? typeof value === 'object'
      ? 'an object'
      : 'undefined'
    : `a ${typeof value}`;
}
