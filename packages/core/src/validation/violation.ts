/** One constraint that params do not satisfy. */
export interface Violation {
  /** Path from the params down: `email`, `address.street`, `tags[2]`; empty where the params themselves are wrong. */
  readonly property: string;
  /**
   * Name of the constraint as class-validator reports it (`isEmail`, `min`, `nestedValidation`, a custom check's
   * own name), or one of `isObject`, `isReadable`, `maxDepth`, `maxValues` for params that cannot be copied.
   */
  readonly constraint: string;
  /** The sentence class-validator would give, its tokens replaced. Never empty. */
  readonly message: string;
}

/**
 * Checks params and copies them into a new instance of the DTO. Never throws and never changes `params`,
 * whatever they are; `undefined` and `null` count as `{}`.
 */
export type ParamsCheck<T = object> = (
  params: unknown,
) =>
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Violations reported for one call at most; later ones are left out, so that a huge array costs little. */
export const MAX_VIOLATIONS = 1_000;

/** A property name, a numeric index, or the key of a map entry. */
export type PathSegment = string | number | { readonly key: string };

/** Joins segments as `address.street`, `tags[2]`, `byName[anna]`. */
export function joinPath(segments: readonly PathSegment[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (typeof segment === 'object') path += `[${segment.key}]`;
    else path += path === '' ? segment : `.${segment}`;
  }
  return path;
}

/**
 * Collects violations while an instance is walked, and knows where the walk stands. One entry per property and
 * constraint: as in class-validator, a constraint put twice on a property is reported once, with its last message.
 */
export class Violations {
  readonly path: PathSegment[] = [];
  readonly #byKey = new Map<string, Violation>();

  /** Adds a violation of what `path` points at. */
  add(constraint: string, message: string): void {
    const property = joinPath(this.path);
    const key = `${constraint}\n${property}`;
    if (this.#byKey.size >= MAX_VIOLATIONS && !this.#byKey.has(key)) return;
    this.#byKey.set(key, {
      property,
      constraint,
      message: message === '' ? fallbackMessage(property, constraint) : message,
    });
  }

  get isFull(): boolean {
    return this.#byKey.size >= MAX_VIOLATIONS;
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  list(): readonly Violation[] {
    return [...this.#byKey.values()];
  }
}

/** What is said where a check has no message, or making its message failed. */
export function fallbackMessage(property: string, constraint: string): string {
  return `${property === '' ? 'params' : property} does not satisfy ${constraint}`;
}
