/** Codes of {@link SecurityError}. */
export type SecurityErrorCode =
  /** An option outside of its range. */
  | 'SECURITY_OPTION_INVALID'
  /** A folder that cannot be scanned. */
  | 'SECURITY_SCAN_FAILED'
  /** A stored record that this version cannot read. */
  | 'SECURITY_RECORD_UNREADABLE';

/** What `security` says no with. */
export class SecurityError extends Error {
  override readonly name = 'SecurityError';
  readonly code: SecurityErrorCode;

  constructor(code: SecurityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
