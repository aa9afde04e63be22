import { type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';

/** Why a deployment was refused or failed, with the category it has as a failed result. */
export const DEPLOYMENT_CODES = {
  DEPLOYMENT_OPTION_INVALID: 'configuration',
  DEPLOYMENT_REQUEST_INVALID: 'validation',
  DEPLOYMENT_DRIVER_UNKNOWN: 'configuration',
  DEPLOYMENT_SERVICE_UNKNOWN: 'not_found',
  DEPLOYMENT_IN_PROGRESS: 'business_rule_violation',
  DEPLOYMENT_NOT_RUNNING: 'business_rule_violation',
  DEPLOYMENT_NOTHING_TO_ROLL_BACK: 'business_rule_violation',
  DEPLOYMENT_GATE_FAILED: 'business_rule_violation',
  DEPLOYMENT_GATE_UNMEASURED: 'business_rule_violation',
  DEPLOYMENT_TIMEOUT: 'timeout',
  DEPLOYMENT_CANCELLED: 'cancelled',
  DEPLOYMENT_INTERRUPTED: 'cancelled',
  DEPLOYMENT_REPLICA_FAILED: 'external_service_error',
  DEPLOYMENT_DRIVER_FAILED: 'external_service_error',
  DEPLOYMENT_ROLLBACK_FAILED: 'external_service_error',
  DEPLOYMENT_CONFLICT: 'external_service_error',
  DEPLOYMENT_REJECTED: 'validation',
  DEPLOYMENT_FORBIDDEN: 'permission_denied',
  DEPLOYMENT_RECORD_UNREADABLE: 'corruption_error',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** A stable code of {@link DeploymentError}. */
export type DeploymentErrorCode = keyof typeof DEPLOYMENT_CODES;

/** What else is known of a {@link DeploymentError}. */
export interface DeploymentErrorOptions extends ErrorOptions {
  /** Beside the code. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Whether the same request may succeed later without anybody changing anything. @default false */
  readonly retryable?: boolean;
}

/** What `deployment` and its drivers say no with; `result` is the same as a failed StepResult. */
export class DeploymentError extends StepFailure {
  override readonly name = 'DeploymentError';
  readonly code: DeploymentErrorCode;
  readonly retryable: boolean;

  constructor(code: DeploymentErrorCode, message: string, options: DeploymentErrorOptions = {}) {
    const { details, retryable = false, cause } = options;
    super(
      StepResult.fail(message, {
        errorCategory: DEPLOYMENT_CODES[code],
        retryable,
        details: { code, ...details },
        ...(cause === undefined ? {} : { cause }),
      }),
    );
    this.code = code;
    this.retryable = retryable;
  }
}

/** What was thrown, as a {@link DeploymentError}: one that is none becomes `DEPLOYMENT_DRIVER_FAILED`. */
export function deploymentError(thrown: unknown, doing: string): DeploymentError {
  if (thrown instanceof DeploymentError) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new DeploymentError(
    'DEPLOYMENT_DRIVER_FAILED',
    `${doing} failed: ${why}. Look at what the driver reports, then deploy again.`,
    { cause: thrown },
  );
}
