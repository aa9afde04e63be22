import type { DefinedMetric } from '../series-store.js';
import { TelemetryError } from '../telemetry-error.js';
import { type Dimension, divided, multiplied, nameOfDimension, PLAIN, sameDimension } from '../unit.js';
import type { Expression } from './expression.js';

const TIME: Dimension = { time: 1, bytes: 0 };

/** What a part of a condition gives: numbers of a dimension, or whether something holds. */
type Kind = { readonly is: 'value'; readonly dimension: Dimension } | { readonly is: 'condition' };

/**
 * Checks that a condition compares what can be compared: every metric is defined, units fit, counters are looked at by
 * their growth, and what comes out is a condition.
 *
 * @throws TelemetryError `TELEMETRY_RULE_INVALID`
 */
export function checkCondition(
  expression: Expression,
  metricOf: (name: string) => DefinedMetric | undefined,
): void {
  if (kindOf(expression, metricOf).is !== 'condition') {
    throw invalid(
      'The rule gives a number, not whether something holds. Compare it, for example with "> 5".',
    );
  }
}

function kindOf(expression: Expression, metricOf: (name: string) => DefinedMetric | undefined): Kind {
  switch (expression.kind) {
    case 'number':
      return { is: 'value', dimension: expression.dimension };
    case 'absent':
      return { is: 'condition' };
    case 'window': {
      const metric = metricOf(expression.selector.metric);
      if (metric === undefined) {
        throw invalid(
          `The metric "${expression.selector.metric}" is not defined. Define it first: its unit says what it can be compared with.`,
        );
      }
      return { is: 'value', dimension: dimensionOf(expression, metric) };
    }
    case 'arithmetic': {
      const left = valueOf(expression.left, metricOf, expression.operator);
      const right = valueOf(expression.right, metricOf, expression.operator);
      if (expression.operator === '*') return { is: 'value', dimension: multiplied(left, right) };
      if (expression.operator === '/') return { is: 'value', dimension: divided(left, right) };
      mustFit(left, right, expression.operator);
      return { is: 'value', dimension: left };
    }
    case 'comparison': {
      const left = valueOf(expression.left, metricOf, expression.operator);
      mustFit(left, valueOf(expression.right, metricOf, expression.operator), expression.operator);
      return { is: 'condition' };
    }
    case 'and':
    case 'or':
    case 'unless':
      for (const side of [expression.left, expression.right]) {
        if (kindOf(side, metricOf).is !== 'condition') {
          throw invalid(
            `"${expression.kind}" joins conditions, and one side of it is a number. Compare it first.`,
          );
        }
      }
      return { is: 'condition' };
  }
}

function dimensionOf(
  { fn, selector }: Extract<Expression, { readonly kind: 'window' }>,
  { kind, measure }: DefinedMetric,
): Dimension {
  const grows = fn === 'rate' || fn === 'increase';
  if (grows && kind !== 'counter') {
    throw invalid(`${fn} is of counters, and ${selector.metric} is a ${kind}. Use avg, max or a quantile.`);
  }
  if (!grows && kind === 'counter' && fn !== 'last' && fn !== 'count') {
    throw invalid(
      `${selector.metric} is a counter, whose total only grows. Use rate or increase instead of ${fn}.`,
    );
  }
  if (fn === 'count') return PLAIN;
  return fn === 'rate' ? divided(measure.dimension, TIME) : measure.dimension;
}

function valueOf(
  expression: Expression,
  metricOf: (name: string) => DefinedMetric | undefined,
  operator: string,
): Dimension {
  const kind = kindOf(expression, metricOf);
  if (kind.is === 'value') return kind.dimension;
  throw invalid(
    `"${operator}" is of numbers, and one side of it is a condition. Join conditions with "and" or "or".`,
  );
}

function mustFit(left: Dimension, right: Dimension, operator: string): void {
  if (sameDimension(left, right)) return;
  throw invalid(
    `"${operator}" has ${nameOfDimension(left)} on its left and ${nameOfDimension(right)} on its right. Give both the same kind of unit.`,
  );
}

function invalid(message: string): TelemetryError {
  return new TelemetryError('TELEMETRY_RULE_INVALID', message);
}
