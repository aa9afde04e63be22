import type { getMetadataStorage, ValidationArguments, ValidatorConstraintInterface } from 'class-validator';

export type DtoClass<T extends object = object> = new () => T;

type MetadataStorage = ReturnType<typeof getMetadataStorage>;

/** What one decorator said of one property, as class-validator stores it. */
export interface RuleMetadata {
  readonly type: string;
  readonly name?: string;
  readonly target: unknown;
  readonly propertyName: string;
  readonly constraintCls?: abstract new () => unknown;
  readonly constraints?: readonly unknown[];
  readonly message?: string | ((args: ValidationArguments) => string);
  readonly each?: boolean;
  readonly validateIf?: (object: unknown, value: unknown) => unknown;
}

/** An implementation of a check. `instance` asks class-validator's container, so it is read late. */
export interface ConstraintEntry {
  readonly name: string;
  readonly async: boolean;
  readonly instance: ValidatorConstraintInterface;
}

/** The values of `RuleMetadata.type` that mean something of their own. */
export const RULE_TYPE = {
  CUSTOM: 'customValidation',
  NESTED: 'nestedValidation',
  PROMISE: 'promiseValidation',
  CONDITIONAL: 'conditionalValidation',
  ALLOWED: 'whitelistValidation',
  DEFINED: 'isDefined',
} as const;

/**
 * The storage of class-validator, which it keeps in a global of this name. Read from there rather than imported:
 * loading the library takes a fifth of a second, which a program without DTOs need not pay, and whoever has
 * decorated a class has loaded it.
 */
function storage(): MetadataStorage | undefined {
  return Reflect.get(globalThis, 'classValidatorMetadataStorage') as MetadataStorage | undefined;
}

/** The rules of a class, inherited ones included, by property; empty if it has none. Groups select nothing. */
export function rulesOf(
  dto: abstract new (...args: never[]) => unknown,
): ReadonlyMap<string, readonly RuleMetadata[]> {
  const byProperty = new Map<string, RuleMetadata[]>();
  // With no groups asked for, class-validator applies the rules of all groups.
  const all: unknown = storage()?.getTargetValidationMetadatas(dto, '', false, false) ?? [];
  for (const rule of all as readonly RuleMetadata[]) {
    if (typeof rule.propertyName !== 'string') continue; // rules on symbols are never evaluated
    const known = byProperty.get(rule.propertyName);
    if (known === undefined) byProperty.set(rule.propertyName, [rule]);
    else known.push(rule);
  }
  return byProperty;
}

/** The implementations behind a rule; usually one. */
export function constraintsOf(rule: RuleMetadata): readonly ConstraintEntry[] {
  return rule.constraintCls === undefined
    ? []
    : (storage()?.getTargetValidatorConstraints(rule.constraintCls) ?? []);
}

/** Whether `target` is a class that carries class-validator decorators, its own or inherited. Never throws. */
export function hasValidationMetadata(target: unknown): target is DtoClass {
  try {
    if (typeof target !== 'function') return false;
    const prototype: unknown = target.prototype;
    if (typeof prototype !== 'object' || prototype === null) return false;
    return rulesOf(target as DtoClass).size > 0;
  } catch {
    return false;
  }
}
