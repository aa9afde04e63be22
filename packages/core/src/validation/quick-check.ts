/** Whether a value passes. */
export type Check = (value: unknown) => boolean;

/**
 * The commonest kinds, which `passesAll` decides in place: a small DTO is checked in two thirds of the time that
 * calling a function for each of them takes.
 */
const enum Kind {
  CALL,
  STRING,
  BOOLEAN,
  INTEGER,
  MIN,
  MAX,
  LENGTH,
  LIST,
}

/** A check without user code, as data. One shape for all kinds, which keeps reading it fast. */
export interface QuickCheck {
  readonly kind: number;
  /** Bounds, inclusive; what they bound depends on the kind. */
  readonly low: number;
  readonly high: number;
  /** The values allowed, compared with `===`. */
  readonly list: readonly unknown[];
  /** The whole check, or the rest of it. */
  readonly call: Check;
}

const FIRST_SURROGATE = 0xd800;
const MAX_SCANNED = 1_000;

const never: Check = () => false;
const check = (kind: Kind, low = 0, high = 0, call = never, list: readonly unknown[] = []): QuickCheck => ({
  kind,
  low,
  high,
  list,
  call,
});

export const quickString = check(Kind.STRING);
export const quickBoolean = check(Kind.BOOLEAN);
export const quickInteger = check(Kind.INTEGER);
export const quickMin = (limit: number): QuickCheck => check(Kind.MIN, limit);
export const quickMax = (limit: number): QuickCheck => check(Kind.MAX, 0, limit);
/** Read at each call, so that values may be added to the list later. */
export const quickList = (list: readonly unknown[]): QuickCheck => check(Kind.LIST, 0, 0, never, list);
export const quickCall = (call: Check): QuickCheck => check(Kind.CALL, 0, 0, call);

/**
 * class-validator counts a surrogate pair, and a character with its variation selector, as one. So a string of n
 * units counts at most n and at least n / 3, which decides nearly all strings; `count` decides the others.
 */
export const quickLength = (low: number, high: number, count: Check): QuickCheck =>
  check(Kind.LENGTH, low, high, count);

/** Whether each unit counts as a character of its own: no surrogates and no variation selectors, which are above. */
function hasOnlyPlainUnits(value: string): boolean {
  if (value.length > MAX_SCANNED) return false;
  for (let index = 0; index < value.length; index++) {
    if (value.charCodeAt(index) >= FIRST_SURROGATE) return false;
  }
  return true;
}

/** {@link hasOnlyPlainUnits} as text: one of its own per DTO is twice as fast as one that has met everybody's strings. */
export const IS_PLAIN = `function isPlain(value) {
    if (value.length > ${MAX_SCANNED}) return false;
    for (let index = 0; index < value.length; index++) {
      if (value.charCodeAt(index) >= ${FIRST_SURROGATE}) return false;
    }
    return true;
  }`;

/** The same check for the elements of a value. */
export const forEachElement = (quick: QuickCheck): QuickCheck => {
  const single = [quick];
  return quickCall((value) => everyElement(value, (element) => passesAll(single, element)));
};

/** May throw for objects, never for primitives. */
export function passesAll(checks: readonly QuickCheck[], value: unknown): boolean {
  for (let index = 0; index < checks.length; index++) {
    const quick = checks[index]!;
    switch (quick.kind) {
      case Kind.STRING:
        if (typeof value !== 'string' && !(value instanceof String)) return false;
        break;
      case Kind.BOOLEAN:
        if (typeof value !== 'boolean' && !(value instanceof Boolean)) return false;
        break;
      case Kind.INTEGER:
        if (!Number.isInteger(value)) return false;
        break;
      case Kind.MIN:
        if (typeof value !== 'number' || !(value >= quick.low)) return false;
        break;
      case Kind.MAX:
        if (typeof value !== 'number' || !(value <= quick.high)) return false;
        break;
      case Kind.LENGTH:
        if (typeof value !== 'string' || value.length < quick.low) return false;
        if (value.length < quick.low * 3 || value.length > quick.high) {
          if (hasOnlyPlainUnits(value) ? value.length > quick.high : !quick.call(value)) return false;
        }
        break;
      case Kind.LIST:
        if (quick.list.indexOf(value) === -1) return false; // `includes` would take NaN, and holes for undefined
        break;
      default:
        if (!quick.call(value)) return false;
    }
  }
  return true;
}

/**
 * The check as an expression over `value`, which is no object; `check` names this check where the expression stands,
 * and with an "s" behind it a list of it alone. `isPlain` is {@link IS_PLAIN}.
 * Bounds are written in place: the engine compares with constants.
 */
export function sourceOf(quick: QuickCheck, check: string, value: string): string {
  switch (quick.kind) {
    case Kind.STRING:
      return `typeof ${value} === 'string'`;
    case Kind.BOOLEAN:
      return `typeof ${value} === 'boolean'`;
    case Kind.INTEGER:
      return `Number.isInteger(${value})`;
    case Kind.MIN:
      return `typeof ${value} === 'number' && ${value} >= ${quick.low}`;
    case Kind.MAX:
      return `typeof ${value} === 'number' && ${value} <= ${quick.high}`;
    case Kind.LENGTH: {
      const fits = `${value}.length >= ${quick.low} && ${value}.length <= ${quick.high}`;
      const certain = `(${value}.length >= ${quick.low * 3} || isPlain(${value}))`;
      return `typeof ${value} === 'string' && (${fits} && ${certain} || passesAll(${check}s, ${value}))`;
    }
    case Kind.LIST:
      return `${check}.list.indexOf(${value}) !== -1`;
    default:
      return `${check}.call(${value})`;
  }
}

/**
 * Checks the elements of an array, set or map, holes left out, and anything else itself: what `each` means to
 * class-validator.
 */
export function everyElement(value: unknown, passes: Check): boolean {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const element: unknown = value[index];
      if (!passes(element) && (element !== undefined || index in value)) return false;
    }
    return true;
  }
  if (value instanceof Set || value instanceof Map) {
    for (const element of value.values()) if (!passes(element)) return false;
    return true;
  }
  return passes(value);
}
