import {
  quickBoolean,
  quickCall,
  quickInteger,
  quickLength,
  quickList,
  quickMax,
  quickMin,
  quickString,
  type Check,
  type QuickCheck,
} from './quick-check.js';

/** What a short form is made from. */
export interface StockInput {
  readonly constraints: readonly unknown[];
  /** class-validator's own check, for the values that the short form leaves undecided. Never throws. */
  readonly original: Check;
}

/** A short form of one of class-validator's checks. */
interface StockCheck {
  /** The default message without its "each value in " prefix; tells the original from another check of its name. */
  readonly message: string;
  /** `undefined` where the constraints are unusual: the original is used then. */
  readonly make: (input: StockInput) => QuickCheck | undefined;
}

const is = (message: string, quick: QuickCheck): StockCheck => ({ message, make: () => quick });

/** A check with a number as its only constraint. */
const limited = (message: string, make: (limit: number) => QuickCheck): StockCheck => ({
  message,
  make: ({ constraints: [limit] }) => (typeof limit === 'number' ? make(limit) : undefined),
});

const isNothing: Check = (value) => value === '' || value === null || value === undefined;
const isDefined: Check = (value) => value !== undefined && value !== null;
const isObject: Check = (value) =>
  value !== null && (typeof value === 'object' || typeof value === 'function') && !Array.isArray(value);

function length(min: unknown, max: unknown, original: Check): QuickCheck | undefined {
  const low = min ?? 0;
  const high = max === undefined ? Infinity : max;
  const areBounds = typeof low === 'number' && typeof high === 'number' && low >= 0 && high >= 0;
  return areBounds ? quickLength(low, high, original) : undefined;
}

/** Infinity, NaN and decimal places are left to the original, which knows their options. */
function number({ constraints: [options], original }: StockInput): QuickCheck {
  const limitsPlaces = typeof options === 'object' && options !== null && 'maxDecimalPlaces' in options;
  const isPlain = limitsPlaces ? Number.isSafeInteger : Number.isFinite;
  return quickCall((value) => isPlain(value) || original(value));
}

function enumeration({ constraints: [entity] }: StockInput): QuickCheck | undefined {
  if (typeof entity !== 'object' || entity === null) return undefined;
  return quickList(Object.values(entity));
}

function listed({ constraints: [list] }: StockInput): QuickCheck | undefined {
  return Array.isArray(list) ? quickList(list) : undefined;
}

/**
 * Short forms of the checks that DTOs use most, by constraint name: those so cheap that calling the original,
 * three functions deep and with an arguments object made for each call, would cost more than the check.
 */
export const STOCK_CHECKS: ReadonlyMap<string, StockCheck> = new Map<string, StockCheck>([
  ['isDefined', is('$property should not be null or undefined', quickCall(isDefined))],
  ['isString', is('$property must be a string', quickString)],
  ['isBoolean', is('$property must be a boolean value', quickBoolean)],
  ['isInt', is('$property must be an integer number', quickInteger)],
  [
    'isNumber',
    { message: '$property must be a number conforming to the specified constraints', make: number },
  ],
  ['isArray', is('$property must be an array', quickCall(Array.isArray))],
  ['isObject', is('$property must be an object', quickCall(isObject))],
  ['isEmpty', is('$property must be empty', quickCall(isNothing))],
  [
    'isNotEmpty',
    is(
      '$property should not be empty',
      quickCall((value) => !isNothing(value)),
    ),
  ],
  [
    'isPositive',
    is(
      '$property must be a positive number',
      quickCall((value) => typeof value === 'number' && value > 0),
    ),
  ],
  [
    'isNegative',
    is(
      '$property must be a negative number',
      quickCall((value) => typeof value === 'number' && value < 0),
    ),
  ],
  [
    'arrayNotEmpty',
    is(
      '$property should not be empty',
      quickCall((value) => Array.isArray(value) && value.length > 0),
    ),
  ],
  ['min', limited('$property must not be less than $constraint1', quickMin)],
  ['max', limited('$property must not be greater than $constraint1', quickMax)],
  [
    'arrayMinSize',
    limited('$property must contain at least $constraint1 elements', (limit) =>
      quickCall((value) => Array.isArray(value) && value.length >= limit),
    ),
  ],
  [
    'arrayMaxSize',
    limited('$property must contain no more than $constraint1 elements', (limit) =>
      quickCall((value) => Array.isArray(value) && value.length <= limit),
    ),
  ],
  [
    'equals',
    {
      message: '$property must be equal to $constraint1',
      make: ({ constraints: [expected] }) => quickCall((value) => value === expected),
    },
  ],
  [
    'notEquals',
    {
      message: '$property should not be equal to $constraint1',
      make: ({ constraints: [refused] }) => quickCall((value) => value !== refused),
    },
  ],
  ['isIn', { message: '$property must be one of the following values: $constraint1', make: listed }],
  ['isEnum', { message: '$property must be one of the following values: $constraint2', make: enumeration }],
  [
    'minLength',
    {
      message: '$property must be longer than or equal to $constraint1 characters',
      make: ({ constraints: [min], original }) => length(min, undefined, original),
    },
  ],
  [
    'maxLength',
    {
      message: '$property must be shorter than or equal to $constraint1 characters',
      make: ({ constraints: [max], original }) => length(0, max, original),
    },
  ],
  [
    'isLength',
    {
      message: '$property must be longer than or equal to $constraint1 characters', // as said of an absent value
      make: ({ constraints: [min, max], original }) => length(min, max, original),
    },
  ],
]);
