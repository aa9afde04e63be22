import { CircuitBreaker, ResilienceError, RetryPolicy } from '@kapelle/resilience';
import type { ResilienceSettings } from './resilience-options.js';
import { CALLS_REMEMBERED } from './service-health.js';

const NAME = 'resilience';
const MAX_MS = 2_147_483_647;

function refuse(option: string, must: string, value: unknown): never {
  throw new ResilienceError(
    'OPTION_INVALID',
    NAME,
    `${NAME}: ${option} must be ${must}, got ${shown(value)}. Correct it.`,
  );
}

/** @throws ResilienceError OPTION_INVALID, always */
export function refuseOption(problem: string): never {
  throw new ResilienceError('OPTION_INVALID', NAME, `${NAME}: ${problem}`);
}

/** The value for a message, whatever it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  return typeof value === 'number' || value === null || value === undefined
    ? String(value)
    : `a ${typeof value}`;
}

function checkNumber(option: string, value: unknown, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  refuse(option, `a number from ${low} to ${high}`, value);
}

function checkWhole(option: string, value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high) return;
  refuse(option, `a whole number from ${low} to ${high}`, value);
}

function checkOrder(
  [low, lowValue]: readonly [string, number],
  [high, highValue]: readonly [string, number],
): void {
  if (lowValue <= highValue) return;
  throw new ResilienceError(
    'OPTION_INVALID',
    NAME,
    `${NAME}: ${low} (${lowValue}) is above ${high} (${highValue}). Lower ${low}, or raise ${high}.`,
  );
}

/** Checks that something given as a group of options is one. @throws ResilienceError OPTION_INVALID */
export function checkGroup(option: string, value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return;
  refuse(option, 'an object', value);
}

/**
 * Checks all settings of the orchestrator once, when it is made: a mistake must not wait for the first call of a service.
 * @throws ResilienceError OPTION_INVALID naming the option, or both where two contradict each other
 */
export function checkSettings(settings: ResilienceSettings): void {
  const { retry, breaker, health, routing, degradation, callTimeoutMs, maxServices } = settings;
  // What the policies say of their options they say themselves.
  new RetryPolicy({ ...retry, name: `${NAME}.retry` });
  new CircuitBreaker({ ...breaker, name: `${NAME}.breaker` });

  checkNumber('health.successRate', health.successRate, 0, 1);
  checkNumber('health.latencyMs', health.latencyMs, 0, MAX_MS);
  checkWhole('health.minimumCalls', health.minimumCalls, 1, CALLS_REMEMBERED);
  checkNumber('health.windowMs', health.windowMs, 1, MAX_MS);

  checkNumber('routing.minWeight', routing.minWeight, Number.MIN_VALUE, 1e6);
  checkNumber('routing.maxWeight', routing.maxWeight, Number.MIN_VALUE, 1e6);
  checkOrder(['routing.minWeight', routing.minWeight], ['routing.maxWeight', routing.maxWeight]);
  checkNumber('routing.latencyMs', routing.latencyMs, 0, MAX_MS);
  checkWhole('routing.ejectAfter', routing.ejectAfter, 1);
  checkNumber('routing.ejectMs', routing.ejectMs, 1, MAX_MS);
  checkNumber('routing.maxEjectMs', routing.maxEjectMs, 1, MAX_MS);
  checkOrder(['routing.ejectMs', routing.ejectMs], ['routing.maxEjectMs', routing.maxEjectMs]);
  checkNumber('routing.maxEjectedShare', routing.maxEjectedShare, 0, 1);

  checkNames('degradation.criticalServices', degradation.criticalServices);
  checkNumber('degradation.criticalShare', degradation.criticalShare, Number.MIN_VALUE, 1);
  checkWhole('degradation.worseAfter', degradation.worseAfter, 1);
  checkWhole('degradation.betterAfter', degradation.betterAfter, 1);
  checkTimeout('callTimeoutMs', callTimeoutMs);
  const { probeTimeoutMs } = breaker;
  if (probeTimeoutMs !== undefined && callTimeoutMs !== Infinity) {
    checkOrder(['callTimeoutMs', callTimeoutMs], ['breaker.probeTimeoutMs', probeTimeoutMs]);
  }
  checkWhole('maxServices', maxServices, 1);
}

/** Checks how long a call may take: some time, or without a limit. @throws ResilienceError OPTION_INVALID */
export function checkTimeout(option: string, value: unknown): void {
  if (value !== Infinity) checkNumber(option, value, 1, MAX_MS);
}

/** Checks a list of names. @throws ResilienceError OPTION_INVALID */
export function checkNames(option: string, value: unknown): void {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')) return;
  refuse(option, 'a list of names', value);
}

/** Checks that a value is one of a few. @throws ResilienceError OPTION_INVALID */
export function checkOneOf(option: string, value: unknown, known: readonly string[]): void {
  if (typeof value === 'string' && known.includes(value)) return;
  refuse(option, `one of ${known.join(', ')}`, value);
}
