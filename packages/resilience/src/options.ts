import { type Clock, systemClock } from '@kapelle/core';

import { ResilienceError } from './resilience-error.js';

/** Longest delay a platform timer takes: 2^31 − 1 ms, about 24.8 days. */
export const MAX_DELAY_MS = 2_147_483_647;

function refuse(policy: string, option: string, must: string, value: unknown): never {
  throw new ResilienceError(
    'OPTION_INVALID',
    policy,
    `${policy}: ${option} must be ${must}, got ${shown(value)}. Correct the option.`,
  );
}

/** An option, or its default where it was not given; `null` is no way of not giving one. */
export function given<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value;
}

/** Checks that options are an object. @throws ResilienceError OPTION_INVALID */
export function checkOptions<O>(policy: string, options: O, option = 'options'): O {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(policy, option, 'an object', options);
  }
  return options;
}

/** The name of a policy; `kind` where it has none of its own. @throws ResilienceError OPTION_INVALID */
export function checkName(kind: string, options: { readonly name?: unknown }): string {
  const name = given(checkOptions(kind, options).name, kind);
  if (typeof name !== 'string' || name === '') refuse(kind, 'name', 'a string that is not empty', name);
  return name;
}

/** The clock of a policy; the machine's where it has none of its own. @throws ResilienceError OPTION_INVALID */
export function checkClock(policy: string, value: Clock | undefined): Clock {
  if (value === undefined) return systemClock;
  const clock = value as Partial<Clock> | null;
  const needed = ['now', 'monotonic', 'setTimeout', 'clearTimeout'] as const;
  if (clock === null || needed.some((method) => typeof clock[method] !== 'function')) {
    refuse(policy, 'clock', `a Clock (${needed.join(', ')})`, value);
  }
  return value;
}

/** Checks an option that is on or off. @throws ResilienceError OPTION_INVALID */
export function checkFlag(policy: string, option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') refuse(policy, option, 'true or false', value);
  return value;
}

/** Checks that of two options the one is not above the other. @throws ResilienceError OPTION_INVALID naming both */
export function checkOrder(
  policy: string,
  [low, lowValue]: readonly [string, number],
  [high, highValue]: readonly [string, number],
): void {
  if (lowValue <= highValue) return;
  throw new ResilienceError(
    'OPTION_INVALID',
    policy,
    `${policy}: ${low} (${lowValue}) is above ${high} (${highValue}). Lower ${low}, or raise ${high}.`,
  );
}

/** Two options that cannot both be meant. @throws ResilienceError OPTION_INVALID */
export function contradiction(policy: string, what: string, remedy: string): never {
  throw new ResilienceError('OPTION_INVALID', policy, `${policy}: ${what}. ${remedy}.`);
}

/** Checks a length of time in ms, from `minimum` to {@link MAX_DELAY_MS}. @throws ResilienceError OPTION_INVALID */
export function checkMs(policy: string, option: string, value: unknown, minimum = 0): number {
  if (typeof value !== 'number' || !(value >= minimum) || value > MAX_DELAY_MS) {
    refuse(policy, option, `a number of milliseconds from ${minimum} to ${MAX_DELAY_MS}`, value);
  }
  return value;
}

/** Checks a whole number from `minimum`. @throws ResilienceError OPTION_INVALID */
export function checkCount(policy: string, option: string, value: unknown, minimum = 1): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < minimum) {
    refuse(policy, option, `an integer >= ${minimum}`, value);
  }
  return value;
}

/** Checks a number from `minimum` to `maximum`, both included. @throws ResilienceError OPTION_INVALID */
export function checkNumber(
  policy: string,
  option: string,
  value: unknown,
  minimum: number,
  maximum: number,
): number {
  if (typeof value !== 'number' || !(value >= minimum) || !(value <= maximum)) {
    refuse(policy, option, `a number from ${minimum} to ${maximum}`, value);
  }
  return value;
}

/** Checks something that is called. @throws ResilienceError OPTION_INVALID */
export function checkFunction<F>(policy: string, option: string, value: F): F {
  if (typeof value !== 'function') refuse(policy, option, 'a function', value);
  return value;
}

/** The value for a message, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
