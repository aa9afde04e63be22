import type { Dimension } from '../unit.js';

/** What is computed from the points of a window. */
export const WINDOW_FUNCTIONS = [
  'last',
  'avg',
  'min',
  'max',
  'sum',
  'count',
  'stddev',
  'rate',
  'increase',
  'p50',
  'p75',
  'p90',
  'p95',
  'p99',
] as const;
export type WindowFunction = (typeof WINDOW_FUNCTIONS)[number];

/** Whether a label has, or has not, one of these values. */
export interface LabelMatcher {
  readonly label: string;
  readonly isNot: boolean;
  readonly values: readonly string[];
}

/** Which points: of which series, over which time. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
  /** Milliseconds. */
  readonly windowMs: number;
}

export type ComparisonOperator = '>' | '>=' | '<' | '<=' | '==' | '!=';
export type ArithmeticOperator = '+' | '-' | '*' | '/';

/** A parsed rule. Numbers are in base units. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly dimension: Dimension }
  | {
      readonly kind: 'window';
      readonly fn: WindowFunction;
      readonly selector: Selector;
      /** Labels that are told apart; all of them where absent. */
      readonly by: readonly string[] | undefined;
      /** Where the text of it is the same it is computed once. */
      readonly text: string;
    }
  | { readonly kind: 'absent'; readonly selector: Selector }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'and' | 'or' | 'unless'; readonly left: Expression; readonly right: Expression };

/** A rule's condition, with how long it has to hold. */
export interface ParsedCondition {
  readonly expression: Expression;
  /** Milliseconds. */
  readonly forMs: number;
}
