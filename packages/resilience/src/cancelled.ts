import { ResilienceError } from './resilience-error.js';

/** The rejection of an execution that its caller has ended, or that was given no signal for one. */
export function cancelled(policy: string, reason: unknown): ResilienceError {
  if (isMisuse(reason)) return reason;
  return new ResilienceError('CANCELLED', policy, `${policy}: the caller cancelled the execution.`, {
    cause: reason,
  });
}

function isMisuse(reason: unknown): reason is ResilienceError {
  try {
    return reason instanceof ResilienceError && reason.code === 'OPTION_INVALID';
  } catch {
    return false; // A proxy whose traps throw.
  }
}
