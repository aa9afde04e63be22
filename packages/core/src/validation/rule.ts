import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';

import { constraintsOf, type ConstraintEntry, type DtoClass, type RuleMetadata } from './dto-metadata.js';
import { InvalidDtoError } from './invalid-dto-error.js';
import { messageText } from './message.js';
import { everyElement, forEachElement, passesAll, type QuickCheck } from './quick-check.js';
import { recogniseStockCheck } from './recognise-stock-check.js';

/** One check of one property, ready to run. */
export interface Rule {
  /** Name under which a failure is reported. */
  readonly constraint: string;
  readonly constraints: readonly unknown[];
  /** The check applies to the elements of an array, set or map. */
  readonly each: boolean;
  /** The whole rule, if it is a well-known check without a condition. Runs no user code. */
  readonly quick: QuickCheck | undefined;
  /** Whether the value satisfies the rule. A check that throws, or that answers with a promise, does not pass. */
  holds(value: unknown, object: object): boolean;
  message(value: unknown, object: object): string;
}

/**
 * The rules that one decorator stands for: one, or none if its class has no `@ValidatorConstraint`.
 *
 * @throws InvalidDtoError DTO_ASYNC_CHECK for a check declared as asynchronous.
 */
export function rulesFrom(dto: DtoClass, metadata: RuleMetadata): readonly Rule[] {
  return constraintsOf(metadata).map((entry) => {
    if (entry.async) {
      throw new InvalidDtoError(
        'DTO_ASYNC_CHECK',
        `${dto.name}.${metadata.propertyName} has the asynchronous check "${entry.name}", but params are checked ` +
          'synchronously. Make the check synchronous, or do it at the start of the operation.',
      );
    }
    return ruleOf(dto, metadata, entry);
  });
}

function ruleOf(dto: DtoClass, metadata: RuleMetadata, entry: ConstraintEntry): Rule {
  const { validateIf } = metadata;
  const each = metadata.each === true;
  const stock = recogniseStockCheck(metadata, entry);
  // Asked for on first use: a container of class-validator's may not be ready when orchestrators are registered.
  let instance: ValidatorConstraintInterface | undefined;
  const argsOf = (value: unknown, object: object): ValidationArguments => ({
    targetName: dto.name,
    property: metadata.propertyName,
    object,
    value,
    constraints: metadata.constraints as unknown[],
  });
  const original = (value: unknown, object: object): boolean => {
    const validator = (instance ??= entry.instance);
    const args = argsOf(value, object);
    return each
      ? everyElement(value, (element) => isTrue(validator.validate(element, args)))
      : isTrue(validator.validate(value, args));
  };
  const quick = stock !== undefined && each ? forEachElement(stock) : stock;
  const quickOnly = quick === undefined ? undefined : [quick];
  return {
    constraint: entry.name === '' ? metadata.type : entry.name,
    constraints: metadata.constraints ?? [],
    each,
    quick: validateIf === undefined ? quick : undefined,
    holds(value, object) {
      try {
        if (validateIf !== undefined && !validateIf(object, value)) return true;
        return quickOnly === undefined ? original(value, object) : passesAll(quickOnly, value);
      } catch {
        return false; // what cannot be checked is not accepted
      }
    },
    message(value, object) {
      const args = argsOf(value, object);
      if (metadata.message) return messageText(metadata.message, args);
      return messageText((given) => (instance ??= entry.instance).defaultMessage?.(given), args);
    },
  };
}

/** An answer that is a promise counts as a failure: nobody could wait for it. Its rejection is not left unhandled. */
function isTrue(answer: unknown): boolean {
  if (
    typeof answer === 'object' &&
    answer !== null &&
    'then' in answer &&
    typeof answer.then === 'function'
  ) {
    Promise.resolve(answer).catch(() => undefined);
    return false;
  }
  return Boolean(answer);
}
