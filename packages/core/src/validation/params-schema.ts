type PropertyType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';

/** What is known of one property, in the words of JSON Schema. */
export interface PropertySchema {
  readonly type?: PropertyType;
  /** `email`, `uri`, `uuid`, `date-time` (ISO 8601 text), or `date` for an instance of `Date`. */
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: PropertySchema;
  /** One of several classes, told apart by a discriminator. */
  readonly anyOf?: readonly PropertySchema[];
  /** Name of the class of a nested object. A class nested in itself is named only, not described again. */
  readonly title?: string;
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
  /** What the property holds if params leave it out. Told for strings, numbers and booleans only. */
  readonly default?: unknown;
  /** Names of all constraints on the value itself, those with no JSON Schema word included. */
  readonly constraints?: readonly string[];
}

/** The params of an operation; also how a nested object is described. */
export interface ParamsSchema extends PropertySchema {
  readonly type: 'object';
  readonly title: string;
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly required: readonly string[];
}

type Describe = (constraints: readonly unknown[]) => PropertySchema;

const numberOr = (value: unknown, word: keyof PropertySchema): PropertySchema =>
  typeof value === 'number' && Number.isFinite(value) ? { [word]: value } : {};

const always =
  (schema: PropertySchema): Describe =>
  () =>
    schema;

/** What each constraint says in JSON Schema. A string format is only told where it is a standard one. */
const WORDS: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ['isString', always({ type: 'string' })],
  ['isBoolean', always({ type: 'boolean' })],
  ['isInt', always({ type: 'integer' })],
  ['isNumber', always({ type: 'number' })],
  ['isArray', always({ type: 'array' })],
  ['isObject', always({ type: 'object' })],
  ['isNotEmptyObject', always({ type: 'object' })],
  ['isDate', always({ type: 'object', format: 'date' })],
  ['isEmail', always({ type: 'string', format: 'email' })],
  ['isUrl', always({ type: 'string', format: 'uri' })],
  ['isUuid', always({ type: 'string', format: 'uuid' })],
  ['isIso8601', always({ type: 'string', format: 'date-time' })],
  ['isDateString', always({ type: 'string', format: 'date-time' })],
  ['isNumberString', always({ type: 'string' })],
  ['isIn', ([values]) => (Array.isArray(values) ? { enum: [...(values as unknown[])] } : {})],
  // The second constraint lists the values without the reverse mapping of numeric enums.
  ['isEnum', ([, values]) => (Array.isArray(values) ? { enum: [...(values as unknown[])] } : {})],
  ['equals', ([value]) => ({ const: value })],
  ['min', ([limit]) => ({ type: 'number', ...numberOr(limit, 'minimum') })],
  ['max', ([limit]) => ({ type: 'number', ...numberOr(limit, 'maximum') })],
  ['isPositive', always({ type: 'number', exclusiveMinimum: 0 })],
  ['isNegative', always({ type: 'number', exclusiveMaximum: 0 })],
  ['isDivisibleBy', ([divisor]) => ({ type: 'number', ...numberOr(divisor, 'multipleOf') })],
  ['minLength', ([min]) => ({ type: 'string', ...numberOr(min, 'minLength') })],
  ['maxLength', ([max]) => ({ type: 'string', ...numberOr(max, 'maxLength') })],
  [
    'isLength',
    ([min, max]) => ({ type: 'string', ...numberOr(min, 'minLength'), ...numberOr(max, 'maxLength') }),
  ],
  ['matches', ([pattern]) => ({ type: 'string', ...patternOf(pattern) })],
  ['arrayMinSize', ([min]) => ({ type: 'array', ...numberOr(min, 'minItems') })],
  ['arrayMaxSize', ([max]) => ({ type: 'array', ...numberOr(max, 'maxItems') })],
  ['arrayNotEmpty', always({ type: 'array', minItems: 1 })],
  ['arrayUnique', always({ type: 'array', uniqueItems: true })],
]);

/** JSON Schema has no flags, so a pattern whose flags change what matches is left out. */
function patternOf(pattern: unknown): PropertySchema {
  return pattern instanceof RegExp && !/[imsy]/.test(pattern.flags) ? { pattern: pattern.source } : {};
}

/** A constraint in the words of JSON Schema; empty where there are none. */
export function wordsFor(constraint: string, constraints: readonly unknown[]): PropertySchema {
  return WORDS.get(constraint)?.(constraints) ?? {};
}
