import { type FailedResult, type ResultExtra, StepResult } from '@kapelle/core';

/** The same failed result with other metadata or warnings. */
export function copyOfFailure(result: FailedResult, changed: ResultExtra): FailedResult {
  return StepResult.fail(result.error, {
    errorCategory: result.errorCategory,
    retryable: result.retryable,
    severity: result.severity,
    ...(result.retryAfterMs === undefined ? {} : { retryAfterMs: result.retryAfterMs }),
    ...(result.details === undefined ? {} : { details: result.details }),
    ...(result.cause === undefined ? {} : { cause: result.cause }),
    metadata: changed.metadata ?? result.metadata,
    warnings: changed.warnings ?? result.warnings,
  });
}
