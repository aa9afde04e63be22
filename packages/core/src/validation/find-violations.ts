import type { Field, NestedField, Plan } from './plan.js';
import { MAX_NESTING } from './reading.js';
import type { Rule } from './rule.js';
import type { PathSegment, Violations } from './violation.js';

/**
 * Adds what is wrong with an instance that was copied from params, in the way of class-validator's
 * `validateSync`. Every rule runs once, and none can throw.
 *
 * @param skipQuick Leave out fields that are not thorough: they passed while they were copied.
 */
export function findViolations(
  plan: Plan,
  instance: object,
  violations: Violations,
  skipQuick: boolean,
): void {
  for (const field of plan.fields) {
    if (violations.isFull) return;
    if (skipQuick && !field.isThorough && field.nested === undefined) continue;
    violations.path.push(field.name);
    checkField(field, instance, violations, skipQuick);
    violations.path.pop();
  }
}

function checkField(field: Field, instance: object, violations: Violations, skipQuick: boolean): void {
  let value: unknown;
  try {
    value = Reflect.get(instance, field.name);
  } catch {
    violations.add('isReadable', `${field.name} could not be read: its getter threw an error`);
    return;
  }
  let applies = true;
  try {
    // All are asked even after a no, as class-validator does.
    for (const condition of field.conditions) applies = Boolean(condition(instance, value)) && applies;
  } catch {
    violations.add(
      'conditionalValidation',
      `whether to check ${field.name} is unknown: its condition threw an error`,
    );
    return;
  }
  if (!applies) return;
  for (const rule of field.rules) checkRule(rule, value, instance, violations);
  if (field.nested !== undefined) checkNested(field.nested, value, violations, skipQuick);
}

function checkRule(rule: Rule, value: unknown, instance: object, violations: Violations): void {
  if (!rule.holds(value, instance)) violations.add(rule.constraint, rule.message(value, instance));
}

function checkNested(nested: NestedField, value: unknown, violations: Violations, skipQuick: boolean): void {
  if (value === undefined || violations.isFull) return;
  if (violations.path.length > MAX_NESTING + 1) {
    // Copies of params are never so deep: a getter of the DTO leads on and on.
    violations.add('maxDepth', `must not be nested deeper than ${MAX_NESTING} levels`);
    return;
  }
  try {
    if (Array.isArray(value)) {
      value.forEach((entry: unknown, index) => checkEntry(nested, entry, index, violations, skipQuick));
    } else if (value instanceof Set) {
      let index = 0;
      for (const entry of value) checkEntry(nested, entry, index++, violations, skipQuick);
    } else if (value instanceof Map) {
      for (const [key, entry] of value)
        checkEntry(nested, entry, { key: String(key) }, violations, skipQuick);
    } else if (value instanceof Object) {
      checkObject(nested, value, violations, skipQuick);
    } else {
      violations.add('nestedValidation', nested.message(value));
    }
  } catch {
    violations.add('nestedValidation', nested.message(undefined)); // a proxy that throws when looked at
  }
}

function checkEntry(
  nested: NestedField,
  entry: unknown,
  segment: PathSegment,
  violations: Violations,
  skipQuick: boolean,
): void {
  violations.path.push(segment);
  checkNested(nested, entry, violations, skipQuick);
  violations.path.pop();
}

function checkObject(nested: NestedField, value: object, violations: Violations, skipQuick: boolean): void {
  const plan = nested.planOf(value);
  if (plan === undefined)
    violations.add('unknownValue', 'an unknown value was passed to the validate function');
  else findViolations(plan, value, violations, skipQuick);
}
