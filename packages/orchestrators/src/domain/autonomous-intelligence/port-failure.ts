import {
  StepFailure,
  StepResult,
  type ErrorCategory,
  type FailedResult,
  type SkippedResult,
} from '@kapelle/core';

import { AutonomousIntelligenceError } from './autonomous-error.js';

/** What a failure of a port or of a reader of content means, by its stable code. */
const CATEGORIES: Readonly<Record<string, ErrorCategory>> = {
  SOURCE_NOT_FOUND: 'not_found',
  SOURCE_NOT_READABLE: 'filesystem_error',
  SOURCE_TOO_LARGE: 'validation',
  SOURCE_BLOCKED_ADDRESS: 'policy_violation',
  SOURCE_TIMEOUT: 'timeout',
  SOURCE_HTTP_STATUS: 'external_service_error',
  SOURCE_UNSUPPORTED_SCHEME: 'validation',
  SOURCE_TOO_MANY_REDIRECTS: 'external_service_error',
  SOURCE_IS_FOLDER: 'validation',

  CONTENT_EMPTY: 'invalid_format',
  CONTENT_TOO_LARGE: 'validation',
  CONTENT_BINARY: 'invalid_format',
  CONTENT_ENCODING: 'invalid_format',
  CONTENT_MALFORMED: 'parsing_error',
  CONTENT_UNSUPPORTED: 'invalid_format',

  STORE_INVALID_ARGUMENT: 'validation',
  STORE_FOLDER_UNUSABLE: 'permission_denied',
  STORE_NOT_WRITABLE: 'permission_denied',
  STORE_NOT_A_DATABASE: 'configuration',
  STORE_FOREIGN_DATABASE: 'configuration',
  STORE_SCHEMA_TOO_NEW: 'configuration',
  STORE_CORRUPT: 'corruption_error',
  STORE_BUSY: 'service_unavailable',
  STORE_FULL: 'storage_full',
  STORE_CLOSED: 'service_unavailable',
  STORE_FAILED: 'database_error',

  STATE_CONFLICT: 'transient',
  STATE_CLOSED: 'service_unavailable',

  MODEL_INVALID_REQUEST: 'validation',
  MODEL_UNAUTHORIZED: 'authentication',
  MODEL_RATE_LIMITED: 'rate_limit',
  MODEL_QUOTA_EXHAUSTED: 'quota_exceeded',
  MODEL_REQUEST_REJECTED: 'model_error',
  MODEL_UNAVAILABLE: 'service_unavailable',
  MODEL_TIMEOUT: 'timeout',
  MODEL_BAD_REPLY: 'model_error',
  MODEL_REFUSED: 'policy_violation',
};

/** Beginnings of codes that mean the same whatever follows. */
const FAMILIES: readonly (readonly [string, ErrorCategory])[] = [
  ['KNOWLEDGE_', 'configuration'],
  ['CONTENT_', 'invalid_format'],
];

/**
 * What a stage threw, as a failed result: the category by the error's `code`, retryable and `retryAfterMs` as the
 * error says, the code in `details.code`. An error without a code that is known is `dependency_failure` where it
 * says itself whether it is retryable, else what `StepResult.fromError` makes of it.
 */
export function portFailure(thrown: unknown): FailedResult | SkippedResult {
  // One that carries a result, such as an error of the HTTP client, says itself what it means.
  if (thrown instanceof StepFailure) return thrown.result;
  if (!(thrown instanceof Error) || thrown.name === 'AbortError' || thrown.name === 'TimeoutError') {
    return StepResult.fromError(thrown);
  }
  const { code, retryable, retryAfterMs, status } = thrown as Error & Record<string, unknown>;
  const category =
    thrown instanceof AutonomousIntelligenceError
      ? thrown.errorCategory
      : categoryOf(code, status, retryable);
  if (category === undefined) return StepResult.fromError(thrown);
  return StepResult.fail(thrown.message, {
    errorCategory: category,
    retryable: retryable === true,
    ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? { retryAfterMs } : {}),
    details: { code },
    cause: thrown,
  });
}

function categoryOf(code: unknown, status: unknown, retryable: unknown): ErrorCategory | undefined {
  if (typeof code !== 'string') return typeof retryable === 'boolean' ? 'dependency_failure' : undefined;
  if (code === 'SOURCE_HTTP_STATUS') {
    if (status === 404 || status === 410) return 'not_found';
    if (status === 401 || status === 403) return 'authorization';
    if (status === 429) return 'rate_limit';
    return retryable === true ? 'network' : 'external_service_error';
  }
  if (code === 'SOURCE_NOT_READABLE' && retryable === true) return 'network';
  if (Object.hasOwn(CATEGORIES, code)) return CATEGORIES[code];
  const family = FAMILIES.find(([beginning]) => code.startsWith(beginning));
  return family?.[1] ?? (typeof retryable === 'boolean' ? 'dependency_failure' : undefined);
}

/** The stable code of a failure, where it has one. */
export function failureCode(failure: { readonly details?: unknown }): string | undefined {
  const { details } = failure;
  if (typeof details !== 'object' || details === null) return undefined;
  const code: unknown = Reflect.get(details, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** What a port gives. @throws StepFailure with the failed result that its rejection means */
export async function ported<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    throw new StepFailure(portFailure(thrown));
  }
}
