import type { ErrorCategory, FailedResult, SkippedResult } from '@kapelle/core';

/** What a failed result means to a policy. */
export interface FailureTraits {
  readonly category: ErrorCategory;
  /** Whether it says something about the health of what was called. */
  readonly counts: boolean;
  readonly retryable: boolean;
}

/** Failures of these categories say nothing about the health of what was called. */
const IGNORED: ReadonlySet<ErrorCategory> = new Set<ErrorCategory>([
  'validation',
  'invalid_format',
  'missing_required_field',
  'invalid_value',
  'type_mismatch',
  'constraint_violation',
  'schema_validation',
  'authentication',
  'authorization',
  'permission_denied',
  'not_found',
  'rate_limit',
  'quota_exceeded',
  'service_overloaded',
  'circuit_breaker_open',
  'configuration',
  'parsing_error',
  'transformation_error',
  'computation_error',
  'success_with_warnings',
  'business_rule_violation',
  'policy_violation',
  'compliance_violation',
  'cancelled',
  'depth_exceeded',
  'cycle_detected',
]);

/** Error codes of Node's net, dns and undici that another attempt may overcome. */
const NETWORK_CODES: ReadonlyMap<string, 'network' | 'timeout'> = new Map([
  ['ECONNREFUSED', 'network'],
  ['ECONNRESET', 'network'],
  ['ECONNABORTED', 'network'],
  ['EPIPE', 'network'],
  ['EHOSTUNREACH', 'network'],
  ['EHOSTDOWN', 'network'],
  ['ENETUNREACH', 'network'],
  ['ENETDOWN', 'network'],
  ['ENETRESET', 'network'],
  ['ENOTFOUND', 'network'],
  ['EAI_AGAIN', 'network'],
  ['UND_ERR_SOCKET', 'network'],
  ['ETIMEDOUT', 'timeout'],
  ['ESOCKETTIMEDOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
]);

const CAUSES_READ = 3;

const SKIPPED: FailureTraits = { category: 'cancelled', counts: false, retryable: false };
const BUG: FailureTraits = { category: 'execution', counts: false, retryable: false };

/** The traits of a failed result. Never throws, whatever its details and cause are. */
export function failureTraits(result: FailedResult | SkippedResult): FailureTraits {
  if (result.status === 'skipped') return SKIPPED;
  const { errorCategory: category, retryable } = result;
  if (category === 'execution' && result.cause !== undefined) return traitsOfCause(result, retryable);
  return { category, counts: !IGNORED.has(category) && !saysNotStarted(result.details), retryable };
}

/** Of an error that core does not know, the code is worth more than the missing category. */
function traitsOfCause(result: FailedResult, retryable: boolean): FailureTraits {
  try {
    let error: unknown = result.cause;
    for (let depth = 0; depth <= CAUSES_READ && typeof error === 'object' && error !== null; depth += 1) {
      const { code, cause } = error as { code?: unknown; cause?: unknown };
      const category = typeof code === 'string' ? NETWORK_CODES.get(code) : undefined;
      if (category !== undefined) return { category, counts: true, retryable: true };
      error = cause;
    }
    if (isFetchFailure(result.cause)) {
      return { category: 'network', counts: true, retryable: true };
    }
    if (isBug(result.cause)) return BUG;
  } catch {
    // A cause that cannot be read is an unknown error.
  }
  return { category: 'execution', counts: true, retryable };
}

/** The platform's `fetch` rejects with a TypeError for every failure of the network. */
function isFetchFailure(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed';
}

function isBug(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof ReferenceError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    error instanceof EvalError ||
    error instanceof URIError ||
    (error instanceof Error && error.name === 'AssertionError')
  );
}

/** A policy that had no time left for the work says so in its details. */
export function saysNotStarted(details: unknown): boolean {
  try {
    return (
      typeof details === 'object' &&
      details !== null &&
      (details as { notStarted?: unknown }).notStarted === true
    );
  } catch {
    return false;
  }
}
