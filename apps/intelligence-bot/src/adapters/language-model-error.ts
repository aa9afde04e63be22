/** Every way a language model can fail to answer. */
export type LanguageModelErrorCode =
  | 'MODEL_INVALID_REQUEST'
  | 'MODEL_UNAUTHORIZED'
  | 'MODEL_RATE_LIMITED'
  | 'MODEL_QUOTA_EXHAUSTED'
  | 'MODEL_REQUEST_REJECTED'
  | 'MODEL_UNAVAILABLE'
  | 'MODEL_TIMEOUT'
  | 'MODEL_BAD_REPLY'
  | 'MODEL_REFUSED';

const RETRYABLE: readonly LanguageModelErrorCode[] = [
  'MODEL_RATE_LIMITED',
  'MODEL_UNAVAILABLE',
  'MODEL_TIMEOUT',
  'MODEL_BAD_REPLY',
];

export interface LanguageModelErrorOptions extends ErrorOptions {
  readonly retryAfterMs?: number | undefined;
  /** The HTTP status, where the server gave one. */
  readonly status?: number;
}

/** A completion that was not made. The message names the model and ends with what to do next. */
export class LanguageModelError extends Error {
  override readonly name = 'LanguageModelError';
  readonly code: LanguageModelErrorCode;
  /** Whether another attempt may work without anybody changing anything. */
  readonly retryable: boolean;
  /** How long the server asks to wait, in milliseconds, where it said so. */
  readonly retryAfterMs?: number;
  readonly status?: number;

  constructor(code: LanguageModelErrorCode, message: string, options: LanguageModelErrorOptions = {}) {
    const { retryAfterMs, status, ...rest } = options;
    super(message, rest);
    this.code = code;
    this.retryable = RETRYABLE.includes(code);
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    if (status !== undefined) this.status = status;
  }
}
