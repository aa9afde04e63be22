import { copyParams } from './copy-params.js';
import type { DtoClass } from './dto-metadata.js';
import { findViolations } from './find-violations.js';
import { emittedType } from './nested-types.js';
import { wordsFor, type ParamsSchema, type PropertySchema } from './params-schema.js';
import type { Field, Plan } from './plan.js';
import { Reading } from './reading.js';
import { rootPlan } from './root-plan.js';
import type { Rule } from './rule.js';
import { Violations } from './violation.js';

/**
 * Describes the params a DTO accepts, for people and forms to read. It is a description, not a second validator:
 * constraints without a JSON Schema word are only named, and conditions (`@ValidateIf`) are not told.
 *
 * A property is required exactly if `{}` is refused for lack of it, so defaults and `@IsOptional` count, and custom
 * checks are run on `undefined` to find out.
 *
 * @throws InvalidDtoError as `compileParams` does.
 */
export function describeParams(dto: DtoClass): ParamsSchema {
  return describePlan(rootPlan(dto), new Set());
}

function describePlan(plan: Plan, open: ReadonlySet<Plan>): ParamsSchema {
  const { violations, instance } = tryEmpty(plan);
  const missing = new Set(violations.list().map((violation) => violation.property));
  const within = new Set(open).add(plan);
  const properties: Record<string, PropertySchema> = {};
  for (const field of plan.fields) {
    properties[field.name] = { ...describeField(plan.dto, field, within), ...defaultOf(instance, field) };
  }
  const required = plan.fields.map((field) => field.name).filter((name) => missing.has(name));
  return { type: 'object', title: plan.dto.name, properties, required };
}

/** What becomes of `{}`. A DTO that cannot even take that has no required properties to tell. */
function tryEmpty(plan: Plan): { violations: Violations; instance: object } {
  const violations = new Violations();
  try {
    const instance = copyParams(plan, {}, new Reading());
    findViolations(plan, instance, violations, false);
    return { violations, instance };
  } catch {
    return { violations, instance: {} };
  }
}

function defaultOf(instance: object, field: Field): PropertySchema {
  try {
    const value: unknown = Reflect.get(instance, field.name);
    return ['string', 'number', 'boolean'].includes(typeof value) ? { default: value } : {};
  } catch {
    return {};
  }
}

function describeField(dto: DtoClass, field: Field, open: ReadonlySet<Plan>): PropertySchema {
  const emitted = emittedSchema(emittedType(dto, field.name));
  const own = describeRules(field.rules.filter((rule) => !rule.each));
  const elements = describeRules(field.rules.filter((rule) => rule.each));
  const nested = field.nested === undefined ? {} : describeNested(field.nested.known, open);
  const isArray = elements !== undefined || own?.type === 'array' || emitted.type === 'array';
  if (!isArray) return { ...emitted, ...own, ...nested };
  const items = { ...elements, ...nested };
  return { ...own, type: 'array', ...(Object.keys(items).length > 0 ? { items } : {}) };
}

function describeNested(known: readonly Plan[], open: ReadonlySet<Plan>): PropertySchema {
  const schemas = known.map((plan): PropertySchema =>
    open.has(plan) ? { type: 'object', title: plan.dto.name } : describePlan(plan, open),
  );
  const [only] = schemas;
  return schemas.length > 1 ? { type: 'object', anyOf: schemas } : (only ?? { type: 'object' });
}

/** All rules together; an integer stays one though its bounds only say number. */
function describeRules(rules: readonly Rule[]): PropertySchema | undefined {
  if (rules.length === 0) return undefined;
  const words = rules.map((rule) => wordsFor(rule.constraint, rule.constraints));
  const all = words.reduce<PropertySchema>((merged, word) => ({ ...merged, ...word }), {});
  const constraints = [...new Set(rules.map((rule) => rule.constraint))];
  const isInteger = words.some((word) => word.type === 'integer');
  return { ...all, ...(isInteger ? { type: 'integer' as const } : {}), constraints };
}

function emittedSchema(type: unknown): PropertySchema {
  switch (type) {
    case String:
      return { type: 'string' };
    case Number:
      return { type: 'number' };
    case Boolean:
      return { type: 'boolean' };
    case Array:
      return { type: 'array' };
    default:
      return {};
  }
}
