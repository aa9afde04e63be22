import type { GuardedRequest } from './service-guard.js';
import { STRATEGIES } from './strategy.js';

const MAX_TIMEOUT_MS = 2_147_483_647;

/** A request as anybody may have made it. */
type Unchecked = { readonly [Field in keyof GuardedRequest]?: unknown };

/** What is wrong with a call from code; undefined where nothing is. */
export function problemOf(service: unknown, request: Unchecked | null | undefined): string | undefined {
  if (typeof service !== 'string' || service === '')
    return 'A service needs a name. Give one that is not empty.';
  if (typeof request?.primary !== 'function')
    return 'The primary is what calls the service. Give a function.';
  if (!(STRATEGIES as readonly unknown[]).includes(request.strategy)) {
    return `There is no strategy ${String(request.strategy)}. Use one of: ${STRATEGIES.join(', ')}.`;
  }
  const { fallback, targets, timeoutMs } = request;
  if (
    timeoutMs !== undefined &&
    !(
      typeof timeoutMs === 'number' &&
      timeoutMs >= 1 &&
      (timeoutMs <= MAX_TIMEOUT_MS || timeoutMs === Infinity)
    )
  ) {
    const got = typeof timeoutMs === 'number' ? String(timeoutMs) : `a ${typeof timeoutMs}`;
    return `A call may take 1 to ${MAX_TIMEOUT_MS} ms, or Infinity, not ${got}. Correct timeoutMs.`;
  }
  if (fallback !== undefined && typeof fallback !== 'function')
    return 'The fallback is a function. Give one, or none.';
  if (targets === undefined) return undefined;
  return typeof targets === 'object' &&
    targets !== null &&
    Object.values(targets).every((target) => typeof target === 'function')
    ? undefined
    : 'Targets are functions by name. Give an object of them, or none.';
}
