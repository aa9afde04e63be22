import { joinPath, type PathSegment, type Violation } from './violation.js';

/** Levels of nested objects and arrays below the params; one more is a violation. */
export const MAX_NESTING = 64;

/** Values in nested objects and arrays looked at in one call; one more is a violation. */
export const MAX_NESTED_VALUES = 100_000;

/** Params are too deep or too large to copy. */
class LimitError extends Error {
  readonly #constraint: string;

  constructor(constraint: string, message: string) {
    super(message);
    this.#constraint = constraint;
  }

  /** The constraint, if the error is of this class. Unlike `instanceof`, no proxy can make it throw. */
  static constraintOf(error: unknown): string | undefined {
    return typeof error === 'object' && error !== null && #constraint in error
      ? error.#constraint
      : undefined;
  }
}

/** The state of copying one call's params. */
export class Reading {
  /** Some value did not pass its quick checks. */
  hasFailed = false;
  /** Some class met has rules that are not quick checks. */
  isThorough = false;
  readonly #path: PathSegment[] = [];
  #visited = 0;
  #isLocated = false;

  /** How deep the path is. */
  get level(): number {
    return this.#path.length;
  }

  /** Steps into a nested object or an element of an array, set or map, at `depth` levels below the params. */
  enter(segment: PathSegment, depth: number): void {
    this.#path.push(segment);
    if (depth > MAX_NESTING) {
      throw new LimitError('maxDepth', `must not be nested deeper than ${MAX_NESTING} levels`);
    }
    if (++this.#visited > MAX_NESTED_VALUES) {
      throw new LimitError('maxValues', `must not hold more than ${MAX_NESTED_VALUES} nested values`);
    }
  }

  leave(): void {
    this.#path.pop();
  }

  /** Notes where copying threw: at the path itself if that is deeper than `level`, else at its property `key`. */
  locate(level: number, key: string | undefined): void {
    if (!this.#isLocated && this.#path.length === level && key !== undefined) this.#path.push(key);
    this.#isLocated = true;
  }

  /** What is reported when copying threw. */
  failure(error: unknown): Violation {
    const property = joinPath(this.#path);
    const subject = property === '' ? 'params' : property;
    const limit = LimitError.constraintOf(error);
    return limit === undefined
      ? { property, constraint: 'isReadable', message: `${subject} could not be read: ${reasonOf(error)}` }
      : { property, constraint: limit, message: `${subject} ${reasonOf(error)}` };
  }
}

/** The message of something thrown, which may itself be hostile. */
function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : `a ${typeof error} was thrown`;
  } catch {
    return 'what was thrown cannot be read either';
  }
}
