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
function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
