import { copyParams, passesSafely } from './copy-params.js';
import type { DtoClass } from './dto-metadata.js';
import { findViolations } from './find-violations.js';
import { withoutForbiddenKeys } from './forbidden-keys.js';
import { generateCheck } from './generated-check.js';
import type { Plan } from './plan.js';
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
  const check = generateCheck(plan, {
    copy: withoutForbiddenKeys,
    passes: passesSafely,
    notAnObject,
    failed: (instance) => verdict(plan, instance, false),
    threw(error, at) {
      const reading = new Reading();
      reading.locate(0, at);
      return { ok: false, violations: [reading.failure(error)] };
    },
  });
  return (check as ParamsCheck<T> | undefined) ?? followPlan(plan);
}

function followPlan<T extends object>(plan: Plan): ParamsCheck<T> {
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
    return reading.hasFailed || reading.isThorough
      ? verdict<T>(plan, value, !reading.hasFailed)
      : { ok: true, value: value as T };
  };
}

function verdict<T extends object>(
  plan: Plan,
  value: object,
  skipQuick: boolean,
): ReturnType<ParamsCheck<T>> {
  const violations = new Violations();
  findViolations(plan, value, violations, skipQuick);
  return violations.isEmpty ? { ok: true, value: value as T } : { ok: false, violations: violations.list() };
}

function notAnObject(params: unknown): ReturnType<ParamsCheck<never>> {
  return {
    ok: false,
    violations: [
      { property: '', constraint: 'isObject', message: `params must be an object, got ${kindOf(params)}` },
    ],
  };
}
