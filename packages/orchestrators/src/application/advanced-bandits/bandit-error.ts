import type { ErrorCategory } from '@kapelle/core';

/** Codes of {@link BanditError}. */
export type BanditErrorCode =
  /** An option, or the declaration of a domain, is out of its bounds or contradicts another. */
  | 'BANDIT_OPTIONS_INVALID'
  /** No domain of that name is declared. */
  | 'BANDIT_DOMAIN_UNKNOWN'
  /** No algorithm of that name. */
  | 'BANDIT_ALGORITHM_UNKNOWN'
  /** A feature that is not declared, of the wrong kind, or not finite. */
  | 'BANDIT_FEATURE_INVALID'
  /** No decision waits under that id: never made, expired, or pushed out by newer ones. */
  | 'BANDIT_DECISION_UNKNOWN'
  /** The decision has had its feedback. */
  | 'BANDIT_FEEDBACK_REPEATED'
  /** A log, or what is to be evaluated on it, cannot be evaluated. */
  | 'BANDIT_LOG_INVALID'
  /** A model that is imported is not one, or is one of another domain. */
  | 'BANDIT_MODEL_INVALID'
  /** What was stored cannot be read, or was learnt under another declaration of the domain. */
  | 'BANDIT_STATE_INVALID'
  /** The store of state did not answer. */
  | 'BANDIT_STATE_UNAVAILABLE';

const CATEGORIES: Readonly<Record<BanditErrorCode, ErrorCategory>> = {
  BANDIT_OPTIONS_INVALID: 'configuration',
  BANDIT_DOMAIN_UNKNOWN: 'not_found',
  BANDIT_ALGORITHM_UNKNOWN: 'validation',
  BANDIT_FEATURE_INVALID: 'validation',
  BANDIT_DECISION_UNKNOWN: 'not_found',
  BANDIT_FEEDBACK_REPEATED: 'business_rule_violation',
  BANDIT_LOG_INVALID: 'validation',
  BANDIT_MODEL_INVALID: 'validation',
  BANDIT_STATE_INVALID: 'corruption_error',
  BANDIT_STATE_UNAVAILABLE: 'service_unavailable',
};

/** What the bandits say no with; an operation turns it into a failed result of {@link BanditError.category}. */
export class BanditError extends Error {
  override readonly name = 'BanditError';
  readonly code: BanditErrorCode;
  readonly category: ErrorCategory;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: BanditErrorCode,
    message: string,
    extra: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.category = CATEGORIES[code];
    this.details = { ...extra.details, code };
  }
}
