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
  | 'STATE_CLOSED'
  /** Another process has the folder. */
  | 'STATE_LOCKED'
  /** The folder cannot be made, read or written. */
  | 'STATE_FOLDER_UNUSABLE'
  /** A newer version of the program wrote what is there. */
  | 'STATE_FORMAT_TOO_NEW'
  /** A record was damaged from outside; its file was put aside. */
  | 'STATE_CORRUPT'
  /** No space is left on the disk. */
  | 'STATE_FULL'
  /** It did not answer in time; a change may have been made all the same. */
  | 'STATE_TIMEOUT'
  /** Anything else the system said no with; the cause has it. */
  | 'STATE_FAILED';

const RETRYABLE: ReadonlySet<StateErrorCode> = new Set(['STATE_CONFLICT', 'STATE_LOCKED', 'STATE_TIMEOUT']);

/** What a store of state says no with. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;
  /** True for `STATE_CONFLICT`, after the record was read again, for `STATE_LOCKED` and for `STATE_TIMEOUT`. */
  readonly retryable: boolean;

  constructor(code: StateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = RETRYABLE.has(code);
  }
}
