import { type FailedResult, StepResult, type Violation } from '@kapelle/core';

export interface NumberBounds {
  readonly min: number;
  readonly max: number;
}

export const SHARE: NumberBounds = { min: 0, max: 1 };
/** Longest duration and highest count that are taken for one. */
export const AMOUNT: NumberBounds = { min: 0, max: 1e12 };
export const MAX_ID_LENGTH = 200;

/**
 * Reads fields of objects that params hold, and remembers what is wrong with them, in the words that params are
 * checked with. A list of a thousand signals is read in the time that a params class takes for a hundred.
 */
export class FieldReader {
  /** What the fields that are read now belong to. Their paths are put together only for a violation. */
  of: string;
  readonly violations: Violation[] = [];

  constructor(of: string) {
    this.of = of;
  }

  get hasFailed(): boolean {
    return this.violations.length > 0;
  }

  /** The failed result that a params class would have led to. */
  toResult(operation: string): FailedResult {
    const shown = this.violations.slice(0, 5).map(({ message }) => message);
    const more = this.violations.length - shown.length;
    return StepResult.fail(
      `The params of unified_feedback.${operation} are not valid: ${shown.join('; ')}${more > 0 ? ` (and ${more} more)` : ''}. Correct them and call again.`,
      { errorCategory: 'validation', details: this.violations },
    );
  }

  object(value: unknown, name: string): Readonly<Record<string, unknown>> | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    return this.#wrong(name, 'isObject', 'must be an object');
  }

  /** `undefined` stands for a list that is left out. */
  list(value: unknown, name: string, most: number): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) this.#wrong(name, 'isArray', 'must be an array');
    else if (value.length > most)
      this.#wrong(name, 'arrayMaxSize', `must contain no more than ${most} elements`);
    else return value;
    return [];
  }

  oneOf<T extends string>(value: unknown, name: string, values: readonly T[]): T | undefined {
    if ((values as readonly unknown[]).includes(value)) return value as T;
    return this.#wrong(name, 'isIn', `must be one of the following values: ${values.join(', ')}`);
  }

  /** A text of 1 to `most` characters. */
  text(value: unknown, name: string, most = MAX_ID_LENGTH): string | undefined {
    if (typeof value !== 'string') return this.#wrong(name, 'isString', 'must be a string');
    if (value.length >= 1 && value.length <= most) return value;
    return this.#wrong(
      name,
      'isLength',
      `must be longer than or equal to 1 and shorter than or equal to ${most} characters`,
    );
  }

  optionalText(value: unknown, name: string, most = MAX_ID_LENGTH): string | undefined {
    return value === undefined || value === null ? undefined : this.text(value, name, most);
  }

  number(value: unknown, name: string, { min, max }: NumberBounds): number | undefined {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return this.#wrong(name, 'isNumber', 'must be a number conforming to the specified constraints');
    }
    if (value < min) return this.#wrong(name, 'min', `must not be less than ${min}`);
    if (value > max) return this.#wrong(name, 'max', `must not be greater than ${max}`);
    return value;
  }

  optionalNumber(value: unknown, name: string, bounds: NumberBounds): number | undefined {
    return value === undefined || value === null ? undefined : this.number(value, name, bounds);
  }

  optionalBoolean(value: unknown, name: string): boolean | undefined {
    if (value === undefined || value === null) return undefined;
    return typeof value === 'boolean' ? value : this.#wrong(name, 'isBoolean', 'must be a boolean value');
  }

  /** The whole path of a field. */
  path(name: string): string {
    return name === '' ? this.of : `${this.of}.${name}`;
  }

  #wrong(name: string, constraint: string, what: string): undefined {
    const property = this.path(name);
    this.violations.push({ property, constraint, message: `${property} ${what}` });
    return undefined;
  }
}
