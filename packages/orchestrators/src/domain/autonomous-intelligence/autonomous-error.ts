import type { ErrorCategory } from '@kapelle/core';

/** What `autonomous_intelligence` itself refuses or gives up. */
export const AUTONOMOUS_ERROR_CODES = [
  'AUTONOMOUS_OPTION_INVALID',
  'AUTONOMOUS_BUDGET_EXHAUSTED',
  'AUTONOMOUS_PORT_TIMEOUT',
  'AUTONOMOUS_ANSWER_INVALID',
] as const;
export type AutonomousErrorCode = (typeof AUTONOMOUS_ERROR_CODES)[number];

const CATEGORIES: Readonly<Record<AutonomousErrorCode, ErrorCategory>> = {
  AUTONOMOUS_OPTION_INVALID: 'configuration',
  AUTONOMOUS_BUDGET_EXHAUSTED: 'quota_exceeded',
  AUTONOMOUS_PORT_TIMEOUT: 'timeout',
  AUTONOMOUS_ANSWER_INVALID: 'schema_validation',
};

/** An option that cannot be meant, or a port that does not answer as it must. */
export class AutonomousIntelligenceError extends Error {
  override readonly name = 'AutonomousIntelligenceError';
  readonly code: AutonomousErrorCode;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: AutonomousErrorCode, message: string) {
    super(message);
    this.code = code;
    this.retryable = code === 'AUTONOMOUS_PORT_TIMEOUT';
  }

  get errorCategory(): ErrorCategory {
    return CATEGORIES[this.code];
  }
}
