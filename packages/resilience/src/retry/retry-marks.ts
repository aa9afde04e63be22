import { type FailedResult, StepFailure } from '@kapelle/core';

import { copyOfFailure } from '../copy-of-failure.js';
import type { Failure } from '../outcome.js';
import { saysNotStarted } from '../failure-traits.js';
import { ResilienceError } from '../resilience-error.js';

/** What a retry policy writes into the metadata of a failure that it could not overcome. */
export interface RetryMarks {
  /** A retry policy has dealt with it; one further out leaves it alone. */
  readonly retried: true;
  /** Attempts made, the first included. */
  readonly attempts: number;
  /** Present where another attempt would have been made, had the budget allowed it. */
  readonly retry_budget_exhausted?: true;
}

/** Whether a retry policy further in has dealt with this failure. */
export function isMarked(failure: Failure): boolean {
  return failure.result.metadata['retried'] === true;
}

/**
 * A failed result with the marks added. Everything else is as it was, but for an error that core does not know and the policy
 * does: what was tried again as a failure of the network is told as one.
 */
export function markResult(
  result: FailedResult,
  marks: RetryMarks,
  { category, retryable }: Failure,
): FailedResult {
  const isKnownHere = result.errorCategory === 'execution' && category !== 'execution';
  return copyOfFailure(result, {
    metadata: { ...result.metadata, ...marks },
    ...(isKnownHere ? { errorCategory: category, retryable } : {}),
  });
}

/** False also for a proxy that lets nobody look at it. */
function carries(thrown: unknown, result: FailedResult): thrown is StepFailure {
  try {
    return thrown instanceof StepFailure && thrown.result === result;
  } catch {
    return false;
  }
}

/** A rejection with the marks added, where it carries a result to write them into; any other one is left as it is. */
export function markRejection(failure: Failure, marks: RetryMarks): unknown {
  const { thrown, result } = failure;
  if (result.status !== 'failed' || !carries(thrown, result)) return thrown;
  if (thrown instanceof ResilienceError) {
    return new ResilienceError(thrown.code, thrown.policy, thrown.message, {
      ...(thrown.retryAfterMs === undefined ? {} : { retryAfterMs: thrown.retryAfterMs }),
      ...(result.cause === undefined ? {} : { cause: result.cause }),
      ...(saysNotStarted(result.details) ? { notStarted: true } : {}),
      metadata: { ...result.metadata, ...marks },
    });
  }
  return Object.getPrototypeOf(thrown) === StepFailure.prototype
    ? new StepFailure(markResult(result, marks, failure))
    : thrown;
}
