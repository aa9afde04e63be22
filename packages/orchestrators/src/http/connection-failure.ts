import { unknownHost } from './address-guard.js';
import { tooSlow } from './http-deadline.js';
import { HttpError, shownUrl } from './http-error.js';

/** Codes of Node's net, dns, http and zlib for a connection that did not come about or broke off. */
const BROKEN: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  // Packed data that ends too early.
  'Z_BUF_ERROR',
]);
const NO_HOST: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME']);
const TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$|EPROTO$)/;

/** What an attempt failed with, as an {@link HttpError}. */
export function connectionFailure(error: unknown, url: URL): HttpError {
  if (error instanceof HttpError) return error;
  const { code, message } = describe(error);
  const source = shownUrl(url);
  if (code === 'ETIMEDOUT') return tooSlow(source, message, error);
  if (NO_HOST.has(code)) return unknownHost(url.hostname, error);
  const why = `(${code === '' ? message : `${code}: ${message}`})`;
  if (BROKEN.has(code)) {
    return new HttpError(
      'HTTP_CONNECTION_FAILED',
      `${source} could not be reached ${why}. Try again later.`,
      {
        cause: error,
      },
    );
  }
  if (TLS.test(code)) {
    return new HttpError(
      'HTTP_TLS_FAILED',
      `${source} could not be asked securely ${why}. Check the certificate of the server, or give its authority in tls.ca.`,
      { cause: error },
    );
  }
  if (code.startsWith('ERR_INVALID_') || code === 'ERR_UNESCAPED_CHARACTERS') {
    return new HttpError(
      'HTTP_REQUEST_INVALID',
      `A request to ${source} cannot be sent ${why}. Correct its URL and headers.`,
      { cause: error },
    );
  }
  return new HttpError(
    'HTTP_RESPONSE_INVALID',
    `${source} did not answer as a web server does ${why}. Check that the address leads to one.`,
    { cause: error },
  );
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: '', message: String(error) };
  const code: unknown = Reflect.get(error, 'code');
  const message: unknown = Reflect.get(error, 'message');
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' && message !== '' ? message : 'no reason given',
  };
}
