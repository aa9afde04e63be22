/** Codes of {@link OperationsError}. */
export type OperationsErrorCode =
  /** An option outside of its range, or two that contradict. */
  | 'OPERATIONS_OPTION_INVALID'
  /** A stored record that this version cannot read. */
  | 'OPERATIONS_RECORD_UNREADABLE';

/** What `production_operations` says no with. */
export class OperationsError extends Error {
  override readonly name = 'OperationsError';
  readonly code: OperationsErrorCode;

  constructor(code: OperationsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
