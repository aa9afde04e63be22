import type { DtoClass } from './dto-metadata.js';
import { InvalidDtoError } from './invalid-dto-error.js';
import { Plans, type Plan } from './plan.js';

/**
 * The plan of the DTO an operation names, tried out once.
 *
 * @throws InvalidDtoError
 */
export function rootPlan(dto: DtoClass): Plan {
  if (typeof dto !== 'function' || !isConstructor(dto)) {
    throw new InvalidDtoError(
      'DTO_NOT_A_CLASS',
      `The DTO must be a class, got ${kindOf(dto)}. Pass the class itself.`,
    );
  }
  const plan = new Plans().find(dto);
  if (plan === undefined) {
    throw new InvalidDtoError(
      'DTO_NOT_DECORATED',
      `${dto.name} has no class-validator decorators, so all params would be stripped. ` +
        'Decorate its properties (@Allow() accepts any value), or leave out the DTO.',
    );
  }
  try {
    new dto();
  } catch (cause) {
    throw new InvalidDtoError(
      'DTO_NOT_CONSTRUCTIBLE',
      `new ${dto.name}() threw an error. Give the DTO a constructor that works without arguments.`,
      { cause },
    );
  }
  return plan;
}

function isConstructor(value: DtoClass): boolean {
  try {
    Reflect.construct(Object, [], value);
    return true;
  } catch {
    return false;
  }
}

/** How a value is named in messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
