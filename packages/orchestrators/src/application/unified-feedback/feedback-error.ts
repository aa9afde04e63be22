import { type ErrorCategory, type FailedResult, StepResult } from '@kapelle/core';

/** Codes of {@link FeedbackError}. */
export type FeedbackErrorCode =
  /** An option is out of its bounds or contradicts another. */
  | 'FEEDBACK_OPTIONS_INVALID'
  /** What is bound as a port is no `Lazy`, or what it gives is not the port. */
  | 'FEEDBACK_PORT_INVALID'
  /** A port did not answer within its time. */
  | 'FEEDBACK_PORT_TIMEOUT'
  /** A context or the metadata of a signal is too large, or not JSON-like. */
  | 'FEEDBACK_CONTEXT_INVALID'
  /** A trajectory that names no component. */
  | 'FEEDBACK_TRAJECTORY_EMPTY'
  /** A queue is nearly full, and the tenant itself holds more than an equal share of it. */
  | 'FEEDBACK_TENANT_OVER_SHARE'
  /** What was stored of a tenant cannot be read. */
  | 'FEEDBACK_STATE_INVALID'
  /** The store of state did not answer. */
  | 'FEEDBACK_STATE_UNAVAILABLE';

const CATEGORIES: Readonly<Record<FeedbackErrorCode, ErrorCategory>> = {
  FEEDBACK_OPTIONS_INVALID: 'configuration',
  FEEDBACK_PORT_INVALID: 'configuration',
  FEEDBACK_PORT_TIMEOUT: 'timeout',
  FEEDBACK_CONTEXT_INVALID: 'validation',
  FEEDBACK_TRAJECTORY_EMPTY: 'validation',
  FEEDBACK_TENANT_OVER_SHARE: 'service_overloaded',
  FEEDBACK_STATE_INVALID: 'corruption_error',
  FEEDBACK_STATE_UNAVAILABLE: 'service_unavailable',
};

/** What the feedback says no with; operations turn it into a failed result of {@link FeedbackError.category}. */
export class FeedbackError extends Error {
  override readonly name = 'FeedbackError';
  readonly code: FeedbackErrorCode;
  readonly category: ErrorCategory;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: FeedbackErrorCode,
    message: string,
    extra: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.category = CATEGORIES[code];
    this.details = { ...extra.details, code };
  }

  toResult(): FailedResult {
    return StepResult.fail(this.message, {
      errorCategory: this.category,
      details: this.details,
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    });
  }
}
