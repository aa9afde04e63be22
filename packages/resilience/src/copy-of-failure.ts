import { type FailedResult, type ResultExtra, StepResult } from '@kapelle/core';

/** What may be different in a copy. */
type Changes = ResultExtra & Partial<Pick<FailedResult, 'errorCategory' | 'retryable'>>;

/** The same failed result with other metadata, warnings or category. */
export function copyOfFailure(result: FailedResult, changed: Changes): FailedResult {
  return StepResult.fail(result.error, {
    errorCategory: changed.errorCategory ?? result.errorCategory,
    retryable: changed.retryable ?? result.retryable,
    severity: result.severity,
    ...(result.retryAfterMs === undefined ? {} : { retryAfterMs: result.retryAfterMs }),
    ...(result.details === undefined ? {} : { details: result.details }),
    ...(result.cause === undefined ? {} : { cause: result.cause }),
    metadata: changed.metadata ?? result.metadata,
    warnings: changed.warnings ?? result.warnings,
  });
}
