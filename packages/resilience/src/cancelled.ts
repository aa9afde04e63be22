import { ResilienceError } from './resilience-error.js';

/** The rejection of an execution that its caller has ended. */
export function cancelled(policy: string, reason: unknown): ResilienceError {
  return new ResilienceError('CANCELLED', policy, `${policy}: the caller cancelled the execution.`, {
    cause: reason,
  });
}
