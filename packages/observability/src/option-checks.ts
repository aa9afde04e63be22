import type { Clock } from '@kapelle/core';

/** Longest time a timer of the platform takes, in ms. */
export const LONGEST_MS = 2_147_483_647;

/** Checks of options, all of which say no with the error of one area. `null` is no way of not giving an option. */
export interface OptionChecks {
  /** Options as a whole, or a group of them. */
  object<O>(option: string, value: O): O;
  /** A number within bounds, both included. */
  number(option: string, value: unknown, minimum: number, maximum: number): number;
  /** A whole number within bounds, both included. */
  whole(option: string, value: unknown, minimum: number, maximum?: number): number;
  flag(option: string, value: unknown): boolean;
  text(option: string, value: unknown): string;
  list<L>(option: string, value: L): L;
  oneOf<V extends string>(option: string, value: unknown, known: readonly V[]): V;
  /** Something with these methods; a function where none is named. */
  callable<F>(option: string, value: F, ...methods: readonly string[]): F;
  clock<C extends Partial<Clock>>(option: string, value: C): C;
  /** Two options of which the first may not be above the second. */
  order(low: readonly [string, number], high: readonly [string, number]): void;
}

/** @param refusal makes the error of a problem and its fix, two sentences */
export function optionChecks(refusal: (problem: string, fix: string) => Error): OptionChecks {
  const refuse = (option: string, value: unknown, fix: string): never => {
    throw refusal(`${option} is ${shown(value)}.`, fix);
  };
  const checks: OptionChecks = {
    object: (option, value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? value
        : refuse(option, value, 'Give an object.'),
    number: (option, value, minimum, maximum) =>
      typeof value === 'number' && value >= minimum && value <= maximum
        ? value
        : refuse(option, value, `Give a number from ${String(minimum)} to ${String(maximum)}.`),
    whole: (option, value, minimum, maximum = Number.MAX_SAFE_INTEGER) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum
        ? value
        : refuse(option, value, `Give a whole number from ${String(minimum)} to ${String(maximum)}.`),
    flag: (option, value) =>
      typeof value === 'boolean' ? value : refuse(option, value, 'Give true or false.'),
    text: (option, value) => (typeof value === 'string' ? value : refuse(option, value, 'Give a string.')),
    list: (option, value) => (Array.isArray(value) ? value : refuse(option, value, 'Give a list.')),
    oneOf: (option, value, known) =>
      known.find((each) => each === value) ?? refuse(option, value, `Use one of ${known.join(', ')}.`),
    callable: (option, value, ...methods) => {
      if (methods.length === 0) {
        return typeof value === 'function' ? value : refuse(option, value, 'Give a function.');
      }
      const held = value as Readonly<Record<string, unknown>> | null | undefined;
      return methods.every((method) => typeof held?.[method] === 'function')
        ? value
        : refuse(option, value, `Give something with the methods ${methods.join(', ')}.`);
    },
    clock: (option, value) =>
      checks.callable(option, value, 'now', 'monotonic', 'setTimeout', 'clearTimeout'),
    order: ([low, lowValue], [high, highValue]) => {
      if (lowValue <= highValue) return;
      throw refusal(
        `${low} is ${String(lowValue)}, ${high} is ${String(highValue)}.`,
        `Give a ${low} that is not above ${high}.`,
      );
    },
  };
  return checks;
}

/** The value for a message, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
