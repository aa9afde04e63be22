import { type ErrorCategory, type FailedResult, type SkippedResult, StepResult } from '@kapelle/core';
import { portFailure } from '../autonomous-intelligence/port-failure.js';

/** What `mission` refuses or fails with, and the category of each. */
const MISSION_CODES = {
  MISSION_OPTION_INVALID: 'configuration',
  MISSION_CONTENT_MISSING: 'validation',
  MISSION_CAPABILITY_MISSING: 'dependency',
  MISSION_BUDGET_TOO_SMALL: 'quota_exceeded',
  MISSION_UNKNOWN: 'not_found',
  MISSION_RUNNING: 'business_rule_violation',
  MISSION_OVER: 'business_rule_violation',
  MISSION_FAILED: 'processing',
  MISSION_CANCELLED: 'cancelled',
  MISSION_STORE_FULL: 'resource_exhausted',
  MISSION_UNREADABLE: 'corruption_error',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** Stable codes of {@link MissionError}; a failed result has them in `details.code`. */
export type MissionErrorCode = keyof typeof MISSION_CODES;

/** Why `mission` says no. */
export class MissionError extends Error {
  override readonly name = 'MissionError';
  readonly code: MissionErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: MissionErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /** The failed result that says the same. */
  toResult(): FailedResult {
    return StepResult.fail(this.message, {
      errorCategory: MISSION_CODES[this.code],
      details: { code: this.code, ...this.details },
    });
  }
}

/** A thrown value as the result that it means: own refusals, failures of the store, anything else. */
export function missionFailure(thrown: unknown): FailedResult | SkippedResult {
  return thrown instanceof MissionError ? thrown.toResult() : portFailure(thrown);
}
