import { type ErrorCategory, type FailedResult, type SkippedResult, StepResult } from '@kapelle/core';
import { portFailure } from '../autonomous-intelligence/port-failure.js';

/** What `hierarchical` refuses or fails with, and the category of each. */
const HIERARCHICAL_CODES = {
  HIERARCHICAL_OPTION_INVALID: 'configuration',
  HIERARCHICAL_OBJECTIVES_INVALID: 'validation',
  HIERARCHICAL_CYCLE: 'validation',
  HIERARCHICAL_BUDGET_TOO_SMALL: 'quota_exceeded',
  HIERARCHICAL_BUDGET_EXHAUSTED: 'quota_exceeded',
  HIERARCHICAL_SESSION_UNKNOWN: 'not_found',
  HIERARCHICAL_SESSION_RUNNING: 'business_rule_violation',
  HIERARCHICAL_SESSION_TAKEN: 'service_unavailable',
  HIERARCHICAL_SESSION_FAILED: 'processing',
  HIERARCHICAL_SESSION_UNREADABLE: 'corruption_error',
  HIERARCHICAL_SESSIONS_FULL: 'resource_exhausted',
  HIERARCHICAL_RECOVERY_NEEDLESS: 'business_rule_violation',
  HIERARCHICAL_RECOVERY_EXHAUSTED: 'business_rule_violation',
  HIERARCHICAL_AGENT_INVALID: 'validation',
  HIERARCHICAL_AGENT_UNKNOWN: 'not_found',
  HIERARCHICAL_AGENTS_FULL: 'resource_exhausted',
  HIERARCHICAL_NO_AGENT: 'dependency',
  HIERARCHICAL_AGENTS_SILENT: 'service_unavailable',
  HIERARCHICAL_AGENT_STALE: 'timeout',
  HIERARCHICAL_OUTPUT_INVALID: 'type_mismatch',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** Stable codes of {@link HierarchicalError}; a failed result has them in `details.code`. */
export type HierarchicalErrorCode = keyof typeof HIERARCHICAL_CODES;

/** What may be said beside the message of a {@link HierarchicalError}. */
export interface HierarchicalErrorInit {
  /** Machine-readable particulars, beside the code. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** When to come back, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Why `hierarchical` says no. */
export class HierarchicalError extends Error {
  override readonly name = 'HierarchicalError';
  readonly code: HierarchicalErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;

  constructor(code: HierarchicalErrorCode, message: string, init: HierarchicalErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.code = code;
    this.details = init.details ?? {};
    this.retryAfterMs = init.retryAfterMs;
  }

  /** The failed result that says the same. */
  toResult(): FailedResult {
    return StepResult.fail(this.message, {
      errorCategory: HIERARCHICAL_CODES[this.code],
      details: { code: this.code, ...this.details },
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    });
  }
}

/** A thrown value as the result that it means: own refusals, failures of the store, anything else. */
export function hierarchicalFailure(thrown: unknown): FailedResult | SkippedResult {
  return thrown instanceof HierarchicalError ? thrown.toResult() : portFailure(thrown);
}
