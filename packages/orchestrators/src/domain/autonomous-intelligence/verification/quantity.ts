import type { MeasureUnit } from './knowledge-fact.js';
import { numberAt } from './tokens.js';

/** A number with what it counts, as a sentence gives it. */
export interface Amount {
  readonly value: number;
  /** `undefined` for a number whose unit is left to what it is said of: "from 12 percent to 8". */
  readonly unit: MeasureUnit | undefined;
  /** How far apart two neighbouring numbers written like this one are: 0.1 for 8.9, a billion for "54 billion". */
  readonly resolution: number;
}

const SCALES: Readonly<Record<string, number>> = {
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};
const PEOPLE = new Set(['people', 'persons', 'inhabitants', 'residents', 'americans', 'citizens']);

/** The place of the last digit that is not a mere zero: 0.1 for `8.9`, 10 for `150`, 1 for `nine`. */
function resolutionOf(token: string): number {
  const [whole = '', decimals] = token.replaceAll(',', '').split('.');
  if (decimals !== undefined) return 10 ** -decimals.length;
  const zeros = /^\d*?(0*)$/.exec(whole)?.[1] ?? '';
  return zeros.length === whole.length ? 1 : 10 ** zeros.length;
}

/**
 * Reads `$54 billion`, `12.4 percent`, `203 million people`, `five million dollars` at a position. A bare number is no
 * amount: it may be a year or a count of anything.
 */
export function amountAt(
  tokens: readonly string[],
  at: number,
): { readonly amount: Amount; readonly length: number } | undefined {
  const isMoney = tokens[at] === '$';
  const start = isMoney ? at + 1 : at;
  const number = numberAt(tokens, start);
  if (number === undefined) return undefined;
  let position = start + number.length;
  const scale = SCALES[tokens[position] ?? ''];
  if (scale !== undefined) position += 1;
  let unit: MeasureUnit | undefined = isMoney ? 'dollars' : undefined;
  const next = tokens[position] ?? '';
  if (!isMoney && (next === '%' || next === 'percent')) {
    unit = 'percent';
    position += 1;
  } else if (!isMoney && next === 'per' && tokens[position + 1] === 'cent') {
    unit = 'percent';
    position += 2;
  } else if (next === 'dollars' || next === 'dollar') {
    unit = 'dollars';
    position += 1;
    const cents = tokens[position] === 'and' ? numberAt(tokens, position + 1) : undefined;
    const centsEnd = position + 1 + (cents?.length ?? 0);
    if (cents !== undefined && tokens[centsEnd] === 'cents') {
      // "Two million dollars and ten cents" is written by nobody, and 140 cents are a slip.
      if (cents.value >= 100 || scale !== undefined) return undefined;
      const value = number.value + cents.value / 100;
      return { amount: { value, unit, resolution: 0.01 }, length: centsEnd + 1 - at };
    }
  } else if (next === 'cents') {
    return {
      amount: { value: number.value / 100, unit: 'dollars', resolution: 0.01 },
      length: position + 1 - at,
    };
  } else if (!isMoney && PEOPLE.has(next)) {
    unit = 'people';
    position += 1;
  } else if (unit === undefined && scale === undefined) return undefined;
  const factor = scale ?? 1;
  return {
    amount: {
      value: number.value * factor,
      unit,
      resolution: (number.length === 1 ? resolutionOf(tokens[start] ?? '') : 1) * factor,
    },
    length: position - at,
  };
}
