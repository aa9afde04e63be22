/** Every way of not getting content. */
export type SourceErrorCode =
  | 'SOURCE_NOT_FOUND'
  | 'SOURCE_NOT_READABLE'
  | 'SOURCE_TOO_LARGE'
  | 'SOURCE_BLOCKED_ADDRESS'
  | 'SOURCE_TIMEOUT'
  | 'SOURCE_HTTP_STATUS'
  | 'SOURCE_UNSUPPORTED_SCHEME'
  | 'SOURCE_TOO_MANY_REDIRECTS'
  | 'SOURCE_IS_FOLDER';

export interface SourceErrorOptions extends ErrorOptions {
  /** @default false */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  /** The HTTP status, for `SOURCE_HTTP_STATUS`. */
  readonly status?: number;
}

/** Content that could not be acquired. The message names it and ends with what to do next. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;
  /** Whether another attempt may work without anybody changing anything. */
  readonly retryable: boolean;
  /** How long the server asks to wait, in milliseconds, where it said so. */
  readonly retryAfterMs?: number;
  readonly status?: number;

  constructor(code: SourceErrorCode, message: string, options: SourceErrorOptions = {}) {
    const { retryable = false, retryAfterMs, status, ...rest } = options;
    super(message, rest);
    this.code = code;
    this.retryable = retryable;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    if (status !== undefined) this.status = status;
  }
}

/** A URL for messages: without password, query and fragment, which may be secret, and not longer than 200 characters. */
export function displayUrl(url: URL): string {
  const text = `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** @param what for example "is larger" */
export function tooLarge(source: string, maxBytes: number, what: string): SourceError {
  return new SourceError(
    'SOURCE_TOO_LARGE',
    `${source} ${what}; the limit is ${String(maxBytes)} bytes. Split it into smaller ones.`,
  );
}
