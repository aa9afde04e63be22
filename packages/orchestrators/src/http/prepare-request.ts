import type { HttpRequest } from './http-client.js';
import { HttpError, shownUrl } from './http-error.js';
import type { Hop } from './http-exchange.js';
import { type HttpSettings, wholeNumber } from './http-options.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Sent twice they do what they do once (RFC 9110, 9.2.2). */
const IDEMPOTENT = ['GET', 'HEAD', 'PUT', 'DELETE'];
/** Headers that say how the message is carried, and to which host: not the caller's to choose. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding', 'te', 'trailer'],
  ...['upgrade', 'expect', 'proxy-authorization', 'proxy-connection', 'accept-encoding'],
]);
/** A token of RFC 9110. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A request as it is sent, with what goes for all its attempts. */
export interface PreparedRequest {
  readonly first: Hop;
  readonly timeoutMs: number;
  readonly mayRetry: boolean;
  readonly mayUseCache: boolean;
}

/** @throws {@link HttpError} `HTTP_REQUEST_INVALID` */
export function prepareRequest(request: HttpRequest, settings: HttpSettings): PreparedRequest {
  const url = urlOf(request.url);
  const { method = 'GET', body, tenantId } = request;
  if (!METHODS.includes(method)) throw invalid(`"${String(method)}" is not one of ${METHODS.join(', ')}`);
  if (typeof tenantId !== 'string' || tenantId === '') throw invalid('it has no tenantId');
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) throw invalid(`a ${method} has no body`);
  const mayRetry = request.retry ?? IDEMPOTENT.includes(method);
  return {
    first: {
      url,
      method,
      body,
      headers: {
        accept: '*/*',
        'user-agent': settings.userAgent,
        ...headersOf(request.headers ?? {}, url),
        'accept-encoding': 'gzip, br, deflate',
      },
      maxBytes: bounded('maxBytes', request.maxBytes ?? settings.maxBytes, Number.MAX_SAFE_INTEGER),
      reuse: mayRetry || IDEMPOTENT.includes(method),
    },
    timeoutMs: bounded('timeoutMs', request.timeoutMs ?? settings.timeoutMs),
    mayRetry,
    mayUseCache: request.cache ?? method === 'GET',
  };
}

function urlOf(given: string | URL): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch (cause) {
    throw invalid(
      `"${String(given)
        .slice(0, 200)
        .replace(/\/\/[^/]*@/, '//…@')}" is not a URL`,
      cause,
    );
  }
  url.hash = '';
  return url;
}

function headersOf(given: Readonly<Record<string, string>>, url: URL): Record<string, string> {
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (!HEADER_NAME.test(lower)) throw invalid(`"${name.slice(0, 100)}" is no name of a header`);
    if (OWN_HEADERS.has(lower)) throw invalid(`the header "${lower}" is the client's own (${shownUrl(url)})`);
    if (typeof value !== 'string' || !HEADER_VALUE.test(value)) {
      // Not the value: it may be a secret.
      throw invalid(`the value of the header "${lower}" has characters that no header may have`);
    }
    headers.push([lower, value]);
  }
  return Object.fromEntries(headers);
}

function bounded(name: string, value: number, max?: number): number {
  try {
    return wholeNumber(name, value, 1, max);
  } catch (error) {
    throw invalid((error as Error).message, error);
  }
}

function invalid(what: string, cause?: unknown): HttpError {
  return new HttpError('HTTP_REQUEST_INVALID', `The request cannot be sent: ${what}. Correct it.`, { cause });
}
