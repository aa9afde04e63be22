/** Codes of {@link StateError}. */
export type StateErrorCode =
  /** The record has another version than the caller expected: read it again, and decide again. */
  | 'STATE_CONFLICT'
  /** A tenant, collection or key that no record can have. */
  | 'STATE_KEY_INVALID'
  /** Not JSON-like, or too long. */
  | 'STATE_VALUE_INVALID'
  /** An option out of its range. */
  | 'STATE_OPTION_INVALID'
  /** The store was closed. */
  | 'STATE_CLOSED';

/** What a store of state says no with. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;
  readonly retryable: boolean;

  constructor(code: StateErrorCode, message: string) {
    super(message);
    this.code = code;
    this.retryable = code === 'STATE_CONFLICT';
  }
}
