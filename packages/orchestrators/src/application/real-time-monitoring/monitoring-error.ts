import { type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';

/** Why monitoring says no, with the category it has as a failed result. */
export const MONITORING_CODES = {
  MONITOR_RUNNING: 'constraint_violation',
  MONITOR_SOURCE_KNOWN: 'constraint_violation',
  MONITOR_SOURCE_UNKNOWN: 'not_found',
  MONITOR_KIND_UNKNOWN: 'validation',
  MONITOR_TARGET_INVALID: 'validation',
  MONITOR_FULL: 'resource_exhausted',
  MONITOR_CHOICE_INVALID: 'validation',
  MONITOR_SOURCE_STATUS: 'external_service_error',
  MONITOR_SOURCE_UNREADABLE: 'invalid_format',
  MONITOR_CHECK_TIMEOUT: 'timeout',
  MONITOR_BACKLOG_FULL: 'service_overloaded',
  MONITOR_STATE_UNREADABLE: 'corruption_error',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** The code of a {@link MonitoringError}. */
export type MonitoringErrorCode = keyof typeof MONITORING_CODES;

/** Monitoring, or a look at a source, that failed. `result` is the same as a failed StepResult. */
export class MonitoringError extends StepFailure {
  override readonly name = 'MonitoringError';
  readonly code: MonitoringErrorCode;
  readonly retryable: boolean;
  /** When another look makes sense, in ms, where the source said so. */
  readonly retryAfterMs?: number;

  constructor(
    code: MonitoringErrorCode,
    message: string,
    options: {
      readonly retryable?: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly details?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    } = {},
  ) {
    const { retryAfterMs, details, cause } = options;
    const result = StepResult.fail(message, {
      errorCategory: MONITORING_CODES[code],
      details: { code, ...details },
      ...(options.retryable === undefined ? {} : { retryable: options.retryable }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(cause === undefined ? {} : { cause }),
    });
    super(result);
    this.code = code;
    this.retryable = result.status === 'failed' && result.retryable;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}
