import { labelsKey, type SeriesStore } from '../series-store.js';
import type { TelemetryLabels, TelemetrySeries } from '../telemetry-series.js';
import type { ArithmeticOperator, ComparisonOperator, Expression, LabelMatcher } from './expression.js';
import { windowValue } from './window-value.js';

/** One answer of a condition: for which labels, and the value in base units. */
export interface Sample {
  readonly labels: TelemetryLabels;
  readonly value: number;
}

/** Answers by the key of their labels. */
export type Samples = ReadonlyMap<string, Sample>;

const NO_LABELS: TelemetryLabels = Object.freeze({});
const NONE: Samples = new Map();

/** Evaluates conditions at one moment; what several of them have in common is computed once. */
export class ConditionEvaluation {
  readonly #store: SeriesStore;
  readonly #now: number;
  readonly #windows = new Map<string, Samples>();

  /** @param now epoch ms; windows end here */
  constructor(store: SeriesStore, now: number) {
    this.#store = store;
    this.#now = now;
  }

  /** The labels for which the condition holds now, each with the value that was compared. */
  holds(expression: Expression): Samples {
    const { kind } = expression;
    switch (kind) {
      case 'comparison':
        return this.#compare(
          expression.operator,
          this.#value(expression.left),
          this.#value(expression.right),
        );
      case 'absent':
        return this.#absent(expression);
      case 'and':
      case 'unless': {
        const left = this.holds(expression.left);
        if (left.size === 0) return NONE;
        const right = this.holds(expression.right);
        const wanted = kind === 'and';
        // What stands for everything goes with each.
        if (right.has('') && right.size === 1) return wanted ? left : NONE;
        return new Map([...left].filter(([key]) => right.has(key) === wanted));
      }
      case 'or': {
        const left = this.holds(expression.left);
        const right = this.holds(expression.right);
        return new Map([...right, ...left]);
      }
      default:
        return NONE;
    }
  }

  #value(expression: Expression): number | Samples {
    switch (expression.kind) {
      case 'number':
        return expression.value;
      case 'window':
        return this.#window(expression);
      case 'arithmetic': {
        const left = this.#value(expression.left);
        const right = this.#value(expression.right);
        return joined(left, right, (a, b) => calculated(expression.operator, a, b));
      }
      default:
        return NONE;
    }
  }

  #window(expression: Extract<Expression, { readonly kind: 'window' }>): Samples {
    const known = this.#windows.get(expression.text);
    if (known !== undefined) return known;
    const { fn, by, selector } = expression;
    const { metric: name, windowMs, matchers } = selector;
    const factor = fn === 'count' ? 1 : (this.#store.metric(name)?.measure.factor ?? 1);
    const from = this.#now - windowMs;
    const samples = new Map<string, Sample>();
    const add = (key: string, labels: TelemetryLabels, group: readonly TelemetrySeries[]): void => {
      const value = windowValue(fn, group, from, windowMs);
      if (value !== undefined) samples.set(key, { labels, value: value * factor });
    };
    const all = this.#store.of(name);
    const chosen = matchers.length === 0 ? all : all.filter(({ labels }) => matches(labels, matchers));
    if (by === undefined) {
      for (const series of chosen) add(labelsKey(series.labels), series.labels, [series]);
    } else {
      for (const [key, group] of grouped(chosen, by)) add(key, group.labels, group.series);
    }
    this.#windows.set(expression.text, samples);
    return samples;
  }

  #absent({ selector }: Extract<Expression, { readonly kind: 'absent' }>): Samples {
    const from = this.#now - selector.windowMs;
    const isThere = this.#store
      .of(selector.metric)
      .some(
        ({ labels, lastAt }) => lastAt !== undefined && lastAt > from && matches(labels, selector.matchers),
      );
    if (isThere) return NONE;
    const said = selector.matchers.flatMap(({ label, isNot, values }) =>
      !isNot && values.length === 1 ? [[label, values[0] as string] as const] : [],
    );
    const labels = Object.fromEntries(said);
    return new Map([[labelsKey(labels), { labels, value: 0 }]]);
  }

  #compare(operator: ComparisonOperator, left: number | Samples, right: number | Samples): Samples {
    const holding = joined(left, right, (a, b) => (compared(operator, a, b) ? a : Number.NaN));
    if (typeof holding !== 'number') return holding;
    return !Number.isFinite(holding) ? NONE : new Map([['', { labels: NO_LABELS, value: holding }]]);
  }
}

/** Both sides together, where labels are the same; a number, or what stands for everything, goes with each. */
function joined(
  left: number | Samples,
  right: number | Samples,
  combine: (a: number, b: number) => number,
): number | Samples {
  const a = single(left);
  const b = single(right);
  if (typeof a === 'number' && typeof b === 'number') {
    const value = combine(a, b);
    if (typeof left === 'number' && typeof right === 'number') return value;
    return Number.isFinite(value) ? new Map([['', { labels: NO_LABELS, value }]]) : NONE;
  }
  const result = new Map<string, Sample>();
  const put = (key: string, labels: TelemetryLabels, value: number): void => {
    // Nothing divided by nothing is no answer.
    if (Number.isFinite(value)) result.set(key, { labels, value });
  };
  if (typeof b === 'number') {
    for (const [key, { labels, value }] of a as Samples) put(key, labels, combine(value, b));
  } else if (typeof a === 'number') {
    for (const [key, { labels, value }] of b) put(key, labels, combine(a, value));
  } else {
    for (const [key, { labels, value }] of a) {
      const other = b.get(key);
      if (other !== undefined) put(key, labels, combine(value, other.value));
    }
  }
  return result;
}

function single(side: number | Samples): number | Samples {
  if (typeof side === 'number') return side;
  return side.size === 1 ? (side.get('')?.value ?? side) : side;
}

function calculated(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
  }
}

function compared(operator: ComparisonOperator, a: number, b: number): boolean {
  switch (operator) {
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '==':
      return a === b;
    case '!=':
      return a !== b;
  }
}

function matches(labels: TelemetryLabels, matchers: readonly LabelMatcher[]): boolean {
  return matchers.every(({ label, isNot, values }) => values.includes(labels[label] ?? '') !== isNot);
}

function grouped(
  all: readonly TelemetrySeries[],
  by: readonly string[],
): Map<string, { readonly labels: TelemetryLabels; readonly series: TelemetrySeries[] }> {
  const groups = new Map<string, { readonly labels: TelemetryLabels; readonly series: TelemetrySeries[] }>();
  for (const series of all) {
    const labels = Object.fromEntries(
      by.flatMap((label) => {
        const value = series.labels[label];
        return value === undefined ? [] : [[label, value] as const];
      }),
    );
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, series: [series] });
    else group.series.push(series);
  }
  return groups;
}
