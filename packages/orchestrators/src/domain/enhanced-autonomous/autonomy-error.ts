import { type ErrorCategory, type FailedResult, StepResult } from '@kapelle/core';

/** What `enhanced_autonomous` refuses or fails with, and the category of each where nothing more is known. */
const AUTONOMY_CODES = {
  AUTONOMY_OPTION_INVALID: 'configuration',
  AUTONOMY_UNAVAILABLE: 'service_unavailable',
  AUTONOMY_FAILED: 'processing',
  AUTONOMY_TIMED_OUT: 'timeout',
  AUTONOMY_HISTORY_UNREADABLE: 'corruption_error',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** Stable codes of {@link AutonomyError}; a failed result has them in `details.code`. */
export type AutonomyErrorCode = keyof typeof AUTONOMY_CODES;

/** Why `enhanced_autonomous` says no. */
export class AutonomyError extends Error {
  override readonly name = 'AutonomyError';
  readonly code: AutonomyErrorCode;

  constructor(code: AutonomyErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** The failed result that says the same. */
  toResult(): FailedResult {
    return StepResult.fail(this.message, {
      errorCategory: AUTONOMY_CODES[this.code],
      details: { code: this.code },
    });
  }
}
