import { PLAIN, type Unit, unitOf } from '../unit.js';
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  type Expression,
  type LabelMatcher,
  type ParsedCondition,
  type Selector,
  WINDOW_FUNCTIONS,
  type WindowFunction,
} from './expression.js';
import { problemAt, type Token, tokensOf } from './tokens.js';

const DEFAULT_WINDOW_MS = 5 * 60_000;
const MAX_DEPTH = 40;
const COMPARISONS: ReadonlySet<string> = new Set(['>', '>=', '<', '<=', '==', '!=']);
const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'by', 'for', 'in']);

/**
 * Reads a condition such as `p95(call_duration{orchestrator="intake"}[5m]) > 1.5s for 2m`.
 *
 * ```text
 * condition  = either [ "for" duration ]
 * either     = both { "or" both }              both = comparison { ("and" | "unless") comparison }
 * comparison = sum [ (">" | ">=" | "<" | "<=" | "==" | "!=") sum ]
 * sum        = product { ("+" | "-") product }  product = value { ("*" | "/") value }
 * value      = number [ unit ] | "-" value | "(" either ")" | "absent(" selector ")"
 *            | function "(" selector ")" [ "by" "(" [ label { "," label } ] ")" ]
 * selector   = metric [ "{" label ("=" | "!=" | ["not"] "in") … "}" ] [ "[" duration "]" ]
 * ```
 *
 * @throws TelemetryError `TELEMETRY_RULE_INVALID`, with the place
 */
export function parseCondition(text: string): ParsedCondition {
  return new ConditionParser(text).condition();
}

class ConditionParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  condition(): ParsedCondition {
    const expression = this.#either();
    const forMs = this.#take('name', 'for') === undefined ? 0 : this.#duration();
    const end = this.#peek();
    if (end.kind !== 'end') throw this.#problem(end, `"${end.text}" is too much here.`);
    return { expression, forMs };
  }

  #either(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#problem(this.#peek(), 'This is nested too deeply.');
    let left = this.#both();
    while (this.#take('name', 'or') !== undefined) left = { kind: 'or', left, right: this.#both() };
    this.#depth -= 1;
    return left;
  }

  #both(): Expression {
    let left = this.#comparison();
    for (;;) {
      const word = this.#take('name', 'and') ?? this.#take('name', 'unless');
      if (word === undefined) return left;
      left = { kind: word.text as 'and' | 'unless', left, right: this.#comparison() };
    }
  }

  #comparison(): Expression {
    const left = this.#sum();
    const sign = this.#peek();
    if (sign.kind !== 'sign' || !COMPARISONS.has(sign.text)) return left;
    this.#next += 1;
    return { kind: 'comparison', operator: sign.text as ComparisonOperator, left, right: this.#sum() };
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const sign = this.#take('sign', '+') ?? this.#take('sign', '-');
      if (sign === undefined) return left;
      left = {
        kind: 'arithmetic',
        operator: sign.text as ArithmeticOperator,
        left,
        right: this.#product(),
      };
    }
  }

  #product(): Expression {
    let left = this.#value();
    for (;;) {
      const sign = this.#take('sign', '*') ?? this.#take('sign', '/');
      if (sign === undefined) return left;
      left = { kind: 'arithmetic', operator: sign.text as ArithmeticOperator, left, right: this.#value() };
    }
  }

  #value(): Expression {
    const token = this.#peek();
    if (token.kind === 'number') return this.#number();
    if (this.#take('sign', '-') !== undefined) {
      const value = this.#value();
      if (value.kind === 'number') return { ...value, value: -value.value };
      const zero: Expression = { kind: 'number', value: -1, dimension: PLAIN };
      return { kind: 'arithmetic', operator: '*', left: zero, right: value };
    }
    if (this.#take('sign', '(') !== undefined) {
      const inner = this.#either();
      this.#expect(')');
      return inner;
    }
    if (token.kind !== 'name' || WORDS.has(token.text)) {
      throw this.#problem(token, 'A number, a function of a metric, or a bracket is wanted here.');
    }
    return this.#call(token);
  }

  #call(name: Token): Expression {
    this.#next += 1;
    const isWindow = (WINDOW_FUNCTIONS as readonly string[]).includes(name.text);
    if (!isWindow && name.text !== 'absent') {
      throw this.#problem(
        name,
        `"${name.text}" is no function. Use one of ${WINDOW_FUNCTIONS.join(', ')}, absent; a metric is written in brackets, such as last(${name.text}).`,
      );
    }
    this.#expect('(');
    const selector = this.#selector();
    this.#expect(')');
    if (!isWindow) return { kind: 'absent', selector };
    const by = this.#take('name', 'by') === undefined ? undefined : this.#labels();
    const fn = name.text as WindowFunction;
    return { kind: 'window', fn, selector, by, text: JSON.stringify([fn, selector, by ?? null]) };
  }

  #selector(): Selector {
    const metric = this.#name('The name of a metric');
    const matchers: LabelMatcher[] = [];
    if (this.#take('sign', '{') !== undefined) {
      while (this.#take('sign', '}') === undefined) {
        if (matchers.length > 0) this.#expect(',');
        matchers.push(this.#matcher());
      }
    }
    let windowMs = DEFAULT_WINDOW_MS;
    if (this.#take('sign', '[') !== undefined) {
      windowMs = this.#duration();
      this.#expect(']');
    }
    return { metric: metric.text, matchers, windowMs };
  }

  #matcher(): LabelMatcher {
    const label = this.#name('The name of a label').text;
    if (this.#take('sign', '=') !== undefined) return { label, isNot: false, values: [this.#quoted()] };
    if (this.#take('sign', '!=') !== undefined) return { label, isNot: true, values: [this.#quoted()] };
    const isNot = this.#take('name', 'not') !== undefined;
    if (this.#take('name', 'in') === undefined) {
      throw this.#problem(this.#peek(), '"=", "!=", "in" or "not in" is wanted here.');
    }
    this.#expect('(');
    const values = [this.#quoted()];
    while (this.#take('sign', ',') !== undefined) values.push(this.#quoted());
    this.#expect(')');
    return { label, isNot, values };
  }

  #labels(): readonly string[] {
    this.#expect('(');
    const labels: string[] = [];
    while (this.#take('sign', ')') === undefined) {
      if (labels.length > 0) this.#expect(',');
      labels.push(this.#name('The name of a label').text);
    }
    return labels;
  }

  #number(): Expression {
    const { value, unit } = this.#quantity();
    return { kind: 'number', value: value * unit.factor, dimension: unit.dimension };
  }

  #duration(): number {
    const token = this.#peek();
    if (token.kind !== 'number') throw this.#problem(token, 'A time such as 5m is wanted here.');
    const { value, unit } = this.#quantity();
    const ms = value * unit.factor * 1_000;
    if (unit.dimension.time !== 1 || unit.dimension.bytes !== 0 || !(ms >= 1)) {
      throw this.#problem(token, 'A time of a millisecond or more, such as 30s or 5m, is wanted here.');
    }
    return ms;
  }

  /** A number and the unit that stands right behind it. */
  #quantity(): { readonly value: number; readonly unit: Unit } {
    const token = this.#peek();
    const value = Number(token.text);
    this.#next += 1;
    let name = '';
    let end = token.at + token.text.length;
    const attached = (): Token | undefined => {
      const next = this.#peek();
      return next.at === end && (next.kind === 'name' || next.text === '%') ? next : undefined;
    };
    const first = attached();
    if (first !== undefined) {
      name = first.text;
      end = first.at + first.text.length;
      this.#next += 1;
    }
    const slash = this.#peek();
    const after = this.#tokens[this.#next + 1];
    // "10/s" is a rate; "10 / 2" and "10/rate(x)" are divisions.
    if (slash.text === '/' && slash.at === end && after?.kind === 'name' && after.at === end + 1) {
      const isCall = this.#tokens[this.#next + 2]?.text === '(';
      if (!isCall) {
        name = `${name === '' ? '1' : name}/${after.text}`;
        this.#next += 2;
      }
    }
    try {
      return { value, unit: unitOf(name === '' ? '1' : name) };
    } catch (cause) {
      throw this.#problem(token, cause instanceof Error ? cause.message : String(cause));
    }
  }

  #quoted(): string {
    const token = this.#peek();
    if (token.kind !== 'text') throw this.#problem(token, 'A text in double quotes is wanted here.');
    this.#next += 1;
    return token.text;
  }

  #name(what: string): Token {
    const token = this.#peek();
    if (token.kind !== 'name') throw this.#problem(token, `${what} is wanted here.`);
    this.#next += 1;
    return token;
  }

  #expect(sign: string): void {
    if (this.#take('sign', sign) === undefined)
      throw this.#problem(this.#peek(), `"${sign}" is wanted here.`);
  }

  #take(kind: Token['kind'], text: string): Token | undefined {
    const token = this.#peek();
    if (token.kind !== kind || token.text !== text) return undefined;
    this.#next += 1;
    return token;
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] as Token;
  }

  #problem(token: Token, problem: string): Error {
    return problemAt(this.#text, token.at, problem);
  }
}
