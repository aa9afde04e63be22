import { FeedbackError } from './feedback-error.js';
import type { FeedbackContext } from './feedback-signal.js';

/** Values in a context or in metadata, those within others included. */
export const MAX_CONTEXT_VALUES = 512;
/** UTF-16 units of all keys and texts in it together. */
export const MAX_CONTEXT_LENGTH = 16_384;
/** How deep it may nest. */
export const MAX_CONTEXT_DEPTH = 4;

/** Of a signal that has none. */
export const NO_CONTEXT: FeedbackContext = Object.freeze({});

interface Budget {
  readonly path: () => string;
  values: number;
  length: number;
}

/**
 * A copy of a context, so that nobody changes a signal that waits, and so that a queue of them is bounded in memory.
 *
 * @throws FeedbackError `FEEDBACK_CONTEXT_INVALID` where it is too large, nests too deep, or holds what JSON has no
 * form for; NaN and infinities are such
 */
export function boundedContext(given: object, path: () => string): FeedbackContext {
  const budget: Budget = { path, values: 0, length: 0 };
  try {
    return copyObject(given, budget, 1);
  } catch (thrown) {
    if (thrown instanceof FeedbackError) throw thrown;
    throw new FeedbackError(
      'FEEDBACK_CONTEXT_INVALID',
      `${path()} could not be read: one of its properties threw an error. Pass plain data.`,
      { details: { property: path() }, cause: thrown },
    );
  }
}

function copyObject(given: object, budget: Budget, depth: number): FeedbackContext {
  if (depth > MAX_CONTEXT_DEPTH) {
    throw wrong(budget, `nests deeper than ${MAX_CONTEXT_DEPTH} levels`, 'Flatten it.');
  }
  const copy: Record<string, unknown> = {};
  const source = given as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(source)) {
    if (key === '__proto__') continue;
    spend(budget, key.length);
    copy[key] = copyValue(source[key], budget, depth);
  }
  return copy;
}

function copyValue(value: unknown, budget: Budget, depth: number): unknown {
  spend(budget, typeof value === 'string' ? value.length : 0, 1);
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw wrong(budget, `holds ${String(value)}`, 'Pass finite numbers.');
    case 'object':
      if (value === null) return value;
      if (Array.isArray(value)) {
        if (value.length > MAX_CONTEXT_VALUES) spend(budget, 0, value.length);
        if (depth >= MAX_CONTEXT_DEPTH) return copyDeepList(value, budget, depth);
        return value.map((each: unknown) => copyValue(each, budget, depth + 1));
      }
      if (!isPlain(value)) throw wrong(budget, 'holds an object of a class', 'Pass plain data.');
      return copyObject(value, budget, depth + 1);
    default:
      throw wrong(budget, `holds a ${typeof value}`, 'Pass plain data.');
  }
}

function copyDeepList(list: readonly unknown[], budget: Budget, depth: number): unknown[] {
  return list.map((each) => {
    if (typeof each === 'object' && each !== null) {
      throw wrong(budget, `nests deeper than ${MAX_CONTEXT_DEPTH} levels`, 'Flatten it.');
    }
    return copyValue(each, budget, depth);
  });
}

function spend(budget: Budget, length: number, values = 0): void {
  budget.length += length;
  budget.values += values;
  if (budget.values > MAX_CONTEXT_VALUES) {
    throw wrong(budget, `holds more than ${MAX_CONTEXT_VALUES} values`, 'Keep what a choice depends on.');
  }
  if (budget.length > MAX_CONTEXT_LENGTH) {
    throw wrong(budget, `holds more than ${MAX_CONTEXT_LENGTH} characters`, 'Keep what a choice depends on.');
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function wrong({ path }: Budget, what: string, next: string): FeedbackError {
  return new FeedbackError('FEEDBACK_CONTEXT_INVALID', `${path()} ${what}. ${next}`, {
    details: { property: path() },
  });
}
