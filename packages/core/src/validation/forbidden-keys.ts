/** Keys through which a copied object could change a prototype. They never reach a DTO. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Above this length an array is listed by its existing elements, so that a sparse one costs what it holds. */
const DENSE_LENGTH = 10_000;

/**
 * The value itself, or a copy of it without the forbidden keys if some plain object or array in it has one.
 * Class instances, maps, sets and functions are not looked into. Cycles and depth do not matter.
 *
 * @throws whatever a getter or proxy trap inside the value throws.
 */
export function withoutForbiddenKeys(value: object): object {
  return isPlain(value) && hasForbiddenKey(value) ? cleanCopy(value) : value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Not compared with Object.prototype: a plain object of another realm is plain too.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function hasForbiddenKey(root: object): boolean {
  const seen = new Set<object>([root]);
  for (const object of seen) {
    // A set is iterated in order of insertion, additions included: it is the list of what is left to visit.
    if (!Array.isArray(object)) {
      for (const key of Object.keys(object)) if (FORBIDDEN_KEYS.has(key)) return true;
    }
    for (const entry of entriesOf(object)) if (isPlain(entry)) seen.add(entry);
  }
  return false;
}

function entriesOf(object: object): readonly unknown[] {
  return Array.isArray(object) && object.length <= DENSE_LENGTH ? object : Object.values(object);
}

function cleanCopy(root: object): object {
  const copies = new Map<object, object>();
  const copyOf = (value: unknown): unknown => {
    if (!isPlain(value)) return value;
    const known = copies.get(value);
    if (known !== undefined) return known;
    const copy = Array.isArray(value)
      ? new Array<unknown>(value.length)
      : (Object.create(Object.getPrototypeOf(value) as object | null) as object);
    copies.set(value, copy);
    return copy;
  };
  const result = copyOf(root) as object;
  for (const [source, copy] of copies) {
    for (const key of Object.keys(source)) {
      if (FORBIDDEN_KEYS.has(key)) continue;
      Reflect.set(copy, key, copyOf(Reflect.get(source, key)));
    }
  }
  return result;
}
