import { type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';

/** Why there is no answer, with the category it has as a failed result. */
export const HTTP_CODES = {
  HTTP_REQUEST_INVALID: 'validation',
  HTTP_SCHEME_UNSUPPORTED: 'validation',
  HTTP_ADDRESS_FORBIDDEN: 'policy_violation',
  HTTP_HOST_UNKNOWN: 'not_found',
  HTTP_CONNECTION_FAILED: 'network',
  HTTP_TLS_FAILED: 'network',
  HTTP_TIMEOUT: 'timeout',
  HTTP_TOO_LARGE: 'validation',
  HTTP_TYPE_REFUSED: 'invalid_format',
  HTTP_ENCODING_UNSUPPORTED: 'invalid_format',
  HTTP_RESPONSE_INVALID: 'external_service_error',
  HTTP_REDIRECT_REFUSED: 'policy_violation',
  HTTP_TOO_MANY_REDIRECTS: 'external_service_error',
  HTTP_CIRCUIT_OPEN: 'circuit_breaker_open',
  HTTP_OVERLOADED: 'service_overloaded',
  HTTP_CLOSED: 'service_unavailable',
} as const satisfies Readonly<Record<string, ErrorCategory>>;

/** The code of an {@link HttpError}. */
export type HttpErrorCode = keyof typeof HTTP_CODES;

const RETRYABLE: ReadonlySet<HttpErrorCode> = new Set([
  'HTTP_CONNECTION_FAILED',
  'HTTP_TIMEOUT',
  'HTTP_CIRCUIT_OPEN',
  'HTTP_OVERLOADED',
]);

/** What an {@link HttpError} knows beside its code and message. */
export interface HttpErrorOptions extends ErrorOptions {
  /** When another request makes sense, in milliseconds, where that is known. */
  readonly retryAfterMs?: number | undefined;
  /** The address that was refused, for `HTTP_ADDRESS_FORBIDDEN`. */
  readonly address?: string | undefined;
}

/**
 * A request that has no answer, or none that may be given. The message names the URL without its query and ends with
 * what to do next; `result` is the same as a failed StepResult.
 */
export class HttpError extends StepFailure {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** In milliseconds. */
  readonly retryAfterMs?: number;
  /** The address that was refused, for `HTTP_ADDRESS_FORBIDDEN`. */
  readonly address?: string;

  constructor(code: HttpErrorCode, message: string, options: HttpErrorOptions = {}) {
    const { retryAfterMs, address, cause } = options;
    const retryable = RETRYABLE.has(code);
    super(
      StepResult.fail(message, {
        errorCategory: HTTP_CODES[code],
        retryable,
        details: { code, ...(address === undefined ? {} : { address }) },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(cause === undefined ? {} : { cause }),
      }),
    );
    this.code = code;
    this.retryable = retryable;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    if (address !== undefined) this.address = address;
  }
}

/** A URL for messages: without password, query and fragment, which may be secret, and not longer than 200 characters. */
export function shownUrl(url: URL): string {
  const text = `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
