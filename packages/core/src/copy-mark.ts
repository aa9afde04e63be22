/** Set on what this copy of the package makes, under a name that every copy knows. */
const MARK = Symbol.for('kapelle.copy');

/** This copy: two installations of the package in one process have one each. */
const THIS_COPY = Object.freeze({});

/** Notes that `target` is of this copy. */
export function markAsOurs(target: object): void {
  if (!Object.isExtensible(target) || Object.hasOwn(target, MARK)) return;
  Object.defineProperty(target, MARK, { value: THIS_COPY });
}

/** Whether another copy of the package made it: what is said of it there is not known here. */
export function isOfAnotherCopy(target: unknown): boolean {
  try {
    const mark = (target as { readonly [MARK]?: unknown } | null | undefined)?.[MARK];
    return mark !== undefined && mark !== THIS_COPY;
  } catch {
    return false;
  }
}

/** What is wrong with it, and what to do about it. */
export const ANOTHER_COPY = 'was made with another copy of @kapelle/core.';
export const KEEP_ONE_COPY = 'Keep one copy: `npm ls @kapelle/core` shows where they come from.';
