import type { ErrorCategory, StepResult } from '@kapelle/core';

/** What says something of the caller or of the way to the orchestrator, not of how well that one works. */
const NOT_ITS_OWN: ReadonlySet<ErrorCategory> = new Set<ErrorCategory>([
  'cancelled',
  'validation',
  'not_found',
  'permission_denied',
  'policy_violation',
  'rate_limit',
  'depth_exceeded',
  'cycle_detected',
]);

/**
 * What a result says of the orchestrator that gave it: `ok`, `failed`, or `none` where it is the caller's doing:
 * cancelled, refused params, no permission.
 */
export function verdictOf(result: StepResult): 'ok' | 'failed' | 'none' {
  if (result.status !== 'failed') return 'ok';
  return NOT_ITS_OWN.has(result.errorCategory) ? 'none' : 'failed';
}
