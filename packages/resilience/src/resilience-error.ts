import { type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';

/** Why a policy refused or ended an execution, with the category it has as a failed StepResult. */
export const RESILIENCE_CODES = {
  TIMEOUT: 'timeout',
  CANCELLED: 'cancelled',
  CIRCUIT_OPEN: 'circuit_breaker_open',
  BULKHEAD_FULL: 'service_overloaded',
  RATE_LIMITED: 'rate_limit',
  LOAD_SHED: 'service_overloaded',
  OPTION_INVALID: 'configuration',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** The code of a {@link ResilienceError}. */
export type ResilienceCode = keyof typeof RESILIENCE_CODES;

/** A policy refused or ended the work. `result` is the same as a failed StepResult. */
export class ResilienceError extends StepFailure {
  override readonly name = 'ResilienceError';
  readonly code: ResilienceCode;
  /** The name of the policy. */
  readonly policy: string;
  /** After how many milliseconds another try makes sense, where the policy knows. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ResilienceCode,
    policy: string,
    message: string,
    extra: {
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
      readonly notStarted?: boolean;
      readonly metadata?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(
      StepResult.fail(message, {
        errorCategory: RESILIENCE_CODES[code],
        details: { code, policy, ...(extra.notStarted === true ? { notStarted: true } : {}) },
        ...(extra.retryAfterMs === undefined ? {} : { retryAfterMs: extra.retryAfterMs }),
        ...(extra.cause === undefined ? {} : { cause: extra.cause }),
        ...(extra.metadata === undefined ? {} : { metadata: extra.metadata }),
      }),
    );
    this.code = code;
    this.policy = policy;
    this.retryAfterMs = extra.retryAfterMs;
  }
}

/**
 * The rejection of work that was not begun. It has no stack: there are thousands of them where there is one, and its frames, all of
 * this package, would cost more than everything else about refusing.
 */
export function refusal(
  code: 'CIRCUIT_OPEN' | 'BULKHEAD_FULL' | 'RATE_LIMITED' | 'LOAD_SHED',
  policy: string,
  message: string,
  extra?: { readonly retryAfterMs?: number },
): ResilienceError {
  const { stackTraceLimit } = Error;
  setStackTraceLimit(0);
  try {
    return new ResilienceError(code, policy, message, extra);
  } finally {
    setStackTraceLimit(stackTraceLimit);
  }
}

function setStackTraceLimit(limit: number): void {
  try {
    Error.stackTraceLimit = limit;
  } catch {
    // The intrinsics are frozen: then it has its stack.
  }
}
