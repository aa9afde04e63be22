import {
  hasValidationMetadata,
  RULE_TYPE,
  rulesOf,
  type DtoClass,
  type RuleMetadata,
} from './dto-metadata.js';
import { FORBIDDEN_KEYS } from './forbidden-keys.js';
import { InvalidDtoError } from './invalid-dto-error.js';
import { messageText } from './message.js';
import { nestedTypeOf } from './nested-types.js';
import { quickCall, type QuickCheck } from './quick-check.js';
import { rulesFrom, type Rule } from './rule.js';

type Condition = (object: unknown, value: unknown) => unknown;

/** How the values of a `@ValidateNested` property are treated. */
export interface NestedField {
  /** Plans of the classes known without a value; several for a discriminated type. */
  readonly known: readonly Plan[];
  /** The plan by which an object found there is copied, or `undefined` if no decorated class is known for it. */
  planFor(value: object, parent: object): Plan | undefined;
  /** The plan by which a copy was made, or `undefined` for an object that was not copied. */
  planOf(value: object): Plan | undefined;
  /** What is said of a value that is no object, array, set or map. */
  message(value: unknown): string;
}

/** One property of a DTO. */
export interface Field {
  readonly name: string;
  readonly index: number;
  /** False for an accessor without a setter: params cannot change it. */
  readonly isSettable: boolean;
  /** `undefined` and `null` pass unseen. Only said if nothing but `@IsOptional` makes the property conditional. */
  readonly isOptional: boolean;
  /** What a value can be checked by while it is copied: everything, unless the field is thorough. */
  readonly quick: readonly QuickCheck[];
  /** Some rule or condition runs code that may be the user's, or wants the whole instance: checked after copying. */
  readonly isThorough: boolean;
  readonly conditions: readonly Condition[];
  readonly rules: readonly Rule[];
  readonly nested: NestedField | undefined;
}

/** What is known of a DTO class before any params arrive. */
export interface Plan {
  readonly dto: DtoClass;
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  /** Whether some field is. */
  readonly isThorough: boolean;
}

/** The plans of a DTO and of the classes nested in it, each made once. */
export class Plans {
  readonly #byClass = new WeakMap<object, { readonly plan: Plan | undefined }>();

  /**
   * The plan of `type`, or `undefined` if it is not a class with class-validator decorators.
   *
   * @throws InvalidDtoError if it is one but cannot be used.
   */
  find(type: unknown): Plan | undefined {
    if (typeof type !== 'function') return undefined;
    const known = this.#byClass.get(type);
    if (known !== undefined) return known.plan;
    const plan = hasValidationMetadata(type) ? new ClassPlan(type) : undefined;
    this.#byClass.set(type, { plan }); // known before its fields are, for a class nested in itself
    try {
      plan?.compile(this);
    } catch (error) {
      this.#byClass.delete(type);
      throw error;
    }
    return plan;
  }
}

class ClassPlan implements Plan {
  readonly dto: DtoClass;
  readonly fields: Field[] = [];
  readonly byName = new Map<string, Field>();
  isThorough = false;

  constructor(dto: DtoClass) {
    this.dto = dto;
  }

  compile(plans: Plans): void {
    for (const [name, metadata] of rulesOf(this.dto)) {
      if (FORBIDDEN_KEYS.has(name)) {
        throw new InvalidDtoError(
          'DTO_FORBIDDEN_PROPERTY',
          `${this.dto.name} declares the property "${name}", which is never copied from params. Rename it.`,
        );
      }
      const field = fieldOf(this.dto, name, metadata, this.fields.length, plans);
      this.fields.push(field);
      this.byName.set(name, field);
      if (field.isThorough) this.isThorough = true;
    }
  }
}

/** What is inside is looked at when it is copied. */
const NESTABLE = quickCall((value) => value === undefined || (typeof value === 'object' && value !== null));

function fieldOf(
  dto: DtoClass,
  name: string,
  metadata: readonly RuleMetadata[],
  index: number,
  plans: Plans,
): Field {
  const ofType = (type: string) => metadata.filter((rule) => rule.type === type);
  if (ofType(RULE_TYPE.PROMISE).length > 0) {
    throw new InvalidDtoError(
      'DTO_ASYNC_CHECK',
      `${dto.name}.${name} has @ValidatePromise, but params are checked synchronously. Declare the awaited value.`,
    );
  }
  const conditional = ofType(RULE_TYPE.CONDITIONAL);
  const isOptional = conditional.length > 0 && conditional.every((rule) => rule.name === 'isOptional');
  const rules = [...ofType(RULE_TYPE.DEFINED), ...ofType(RULE_TYPE.CUSTOM)].flatMap((rule) =>
    rulesFrom(dto, rule),
  );
  const accessor = accessorOf(dto, name);
  const nested = nestedFieldOf(dto, name, ofType(RULE_TYPE.NESTED).at(-1), plans);
  const quick = rules.flatMap((rule) => rule.quick ?? []);
  const isThorough =
    accessor !== undefined || (conditional.length > 0 && !isOptional) || quick.length < rules.length;
  return {
    name,
    index,
    isSettable: accessor === undefined || accessor.set !== undefined,
    isOptional,
    quick: isThorough ? [] : nested === undefined ? quick : [...quick, NESTABLE],
    isThorough,
    conditions: conditional.flatMap((rule) => (rule.constraints ?? []).slice(0, 1) as Condition[]),
    rules,
    nested,
  };
}

function nestedFieldOf(
  dto: DtoClass,
  name: string,
  rule: RuleMetadata | undefined,
  plans: Plans,
): NestedField | undefined {
  if (rule === undefined) return undefined;
  const type = nestedTypeOf(dto, name);
  return {
    known: [...new Set(type.known.map((known) => plans.find(known)))].filter((plan) => plan !== undefined),
    planFor: (value, parent) => plans.find(type.resolve(value, parent)) ?? plans.find(ownClass(value)),
    planOf: (value) => plans.find(ownClass(value)),
    message: (value) =>
      messageText(rule.message, {
        // Not the class's name: class-validator passes the class itself where it otherwise passes the instance.
        targetName: rule.target instanceof Function ? rule.target.constructor.name : '',
        property: name,
        object: rule.target as object,
        value,
        constraints: rule.constraints as unknown[],
      }),
  };
}

/** The class of a value that is already an instance of one, where no type is declared. */
function ownClass(value: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return undefined;
  const owner: unknown = prototype.constructor;
  return typeof owner === 'function' && owner.prototype === prototype ? owner : undefined;
}

/** The getter and setter a class or one of its parents defines under this name. */
function accessorOf(dto: DtoClass, name: string): PropertyDescriptor | undefined {
  let prototype: unknown = dto.prototype;
  while (typeof prototype === 'object' && prototype !== null) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor !== undefined) return descriptor.get || descriptor.set ? descriptor : undefined;
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}
