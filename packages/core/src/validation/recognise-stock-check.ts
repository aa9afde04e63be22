import type { ValidatorConstraintInterface } from 'class-validator';

import type { ConstraintEntry, RuleMetadata } from './dto-metadata.js';
import { passesAll, type Check, type QuickCheck } from './quick-check.js';
import { STOCK_CHECKS } from './stock-checks.js';

/** The class that class-validator wraps around the checks of its decorators. */
const WRAPPER = 'CustomConstraint';

/**
 * The short form of a rule's check (without `each`), or `undefined` if the check must be called as it is.
 *
 * A name alone proves nothing, since anybody may register a check as "isString". So the short form is taken only
 * if the default message too is the original's and if both agree on every sample, the edges of the rule's own
 * constraints included. A version of class-validator that decides otherwise is thus noticed, not overruled.
 */
export function recogniseStockCheck(rule: RuleMetadata, entry: ConstraintEntry): QuickCheck | undefined {
  const stock = STOCK_CHECKS.get(entry.name);
  if (stock === undefined || rule.constraintCls?.name !== WRAPPER) return undefined;
  const constraints = rule.constraints ?? [];
  try {
    const instance = entry.instance;
    const args = { targetName: '', property: rule.propertyName, object: {}, value: undefined };
    const original: Check = (value) =>
      passesSafely(() => instance.validate(value, { ...args, value, constraints: constraints as unknown[] }));
    const quick = stock.make({ constraints, original });
    if (quick === undefined || !hasMessage(instance, rule, constraints, stock.message)) return undefined;
    const agree = (sample: unknown) => passesSafely(() => passesAll([quick], sample)) === original(sample);
    return samplesFor(constraints).every(agree) ? quick : undefined;
  } catch {
    return undefined;
  }
}

function hasMessage(
  instance: ValidatorConstraintInterface,
  rule: RuleMetadata,
  constraints: readonly unknown[],
  expected: string,
): boolean {
  const prefix = rule.each === true ? 'each value in ' : '';
  const args = { targetName: '', property: rule.propertyName, object: {}, value: undefined };
  return instance.defaultMessage?.({ ...args, constraints: constraints as unknown[] }) === prefix + expected;
}

/** A check that throws has failed: some do even for primitives, such as a small number with `maxDecimalPlaces`. */
function passesSafely(check: () => unknown): boolean {
  try {
    return Boolean(check());
  } catch {
    return false;
  }
}

const COMBINING = '\u0301';
const PAIR_WITH_SELECTOR = '\u{1F600}\uFE0F';

const SAMPLES: readonly unknown[] = [
  undefined, null, true, false, 0, -0, 1, -1, 0.5, 1.25, -2.5, 1e-7, 1e21, NaN, Infinity, -Infinity,
  Number.MAX_SAFE_INTEGER, 2 ** 53, 7n, '', ' ', '0', '1', 'a', 'null', 'true', 'text', '  text ', '<b>',
  'jane@example.com', '2024-02-29', PAIR_WITH_SELECTOR, 'é', `e${COMBINING}`, Symbol.iterator, [], [1], ['a', 'b'],
  [undefined], {}, { a: 1 }, Object.create(null), new Date(0), new Date(NaN), /x/, new Map(), new Set([1]),
  new String('boxed'), new Number(1), new Boolean(false), () => true,
]; // prettier-ignore

/** The general samples, and the edges of numbers, lists and lengths named by the constraints. */
function samplesFor(constraints: readonly unknown[]): readonly unknown[] {
  return [...SAMPLES, ...constraints.flatMap(edgesOf)];
}

const LONGEST_SAMPLE = 300;

function edgesOf(constraint: unknown): readonly unknown[] {
  if (typeof constraint === 'number') {
    const numbers = [constraint - 1, constraint - 0.5, constraint, constraint + 0.5, constraint + 1];
    if (!Number.isInteger(constraint) || constraint < 0 || constraint > LONGEST_SAMPLE) return numbers;
    const lengths = [constraint - 1, constraint, constraint + 1, constraint * 3, constraint * 3 + 3];
    const known = lengths.filter((length) => length >= 0);
    return [
      ...numbers,
      ...known.flatMap((length) => [
        'x'.repeat(length),
        ' '.repeat(length),
        COMBINING.repeat(length),
        PAIR_WITH_SELECTOR.repeat(length),
        new Array<unknown>(length).fill('x'),
      ]),
    ];
  }
  if (Array.isArray(constraint)) return constraint.slice(0, LONGEST_SAMPLE);
  if (typeof constraint === 'object' && constraint !== null) {
    return [...Object.keys(constraint), ...(Object.values(constraint) as unknown[])].slice(0, LONGEST_SAMPLE);
  }
  return [constraint];
}
