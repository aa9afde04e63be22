import { copyParams } from './copy-params.js';
import type { DtoClass } from './dto-metadata.js';
import { findViolations } from './find-violations.js';
import { Reading } from './reading.js';
import { kindOf, rootPlan } from './root-plan.js';
import { Violations, type ParamsCheck } from './violation.js';

const NO_PARAMS: object = Object.freeze({});

/**
 * Makes the check of a DTO from its class-validator decorators, which are read now and never again.
 *
 * The check copies: its value is a `new dto()`, so that field initialisers are defaults, holding the declared
 * properties that params have as own enumerable ones; `undefined` leaves a default alone. Everything else is
 * stripped. Objects under `@ValidateNested` become new instances of their class, through arrays, sets and maps;
 * their class is class-transformer's `@Type`, else the type TypeScript emitted, else their own. Other values are
 * passed by reference, unless a plain object or array contains a key `__proto__`, `constructor` or `prototype`:
 * then a copy without it is passed. No other decorator of class-transformer has an effect: nothing is converted.
 *
 * The verdict is that of `validateSync(instance, { whitelist: true })`, with these exceptions, all on the strict
 * side: a check that throws, or answers with a promise, has failed; an array cannot hide elements by overriding
 * `map`; params nested deeper than 64 levels or holding more than 100 000 nested values are refused; at most 1 000
 * violations are listed. Fields without a decorator keep what the constructor gave them.
 *
 * @throws InvalidDtoError (a `TypeError`) if `dto` is no class, cannot be constructed without arguments, has no
 * decorators, has an asynchronous check, or declares a property named `constructor` or the like.
 */
export function compileParams<T extends object>(dto: DtoClass<T>): ParamsCheck<T> {
  const plan = rootPlan(dto);
  return (params) => {
    const reading = new Reading();
    let value: object;
    try {
      const source = params ?? NO_PARAMS;
      if (typeof source !== 'object' || Array.isArray(source)) return notAnObject(source);
      value = copyParams(plan, source, reading);
    } catch (error) {
      return { ok: false, violations: [reading.failure(error)] };
    }
    if (reading.hasFailed || reading.isThorough) {
      const violations = new Violations();
      findViolations(plan, value, violations, !reading.hasFailed);
      if (!violations.isEmpty) return { ok: false, violations: violations.list() };
    }
    return { ok: true, value: value as T };
  };
}

function notAnObject(params: unknown): ReturnType<ParamsCheck<never>> {
  return {
    ok: false,
    violations: [
      { property: '', constraint: 'isObject', message: `params must be an object, got ${kindOf(params)}` },
    ],
  };
}
