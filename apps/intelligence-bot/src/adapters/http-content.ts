import { currentContext } from '@kapelle/core';
import {
  HttpError,
  type HttpClient,
  type HttpErrorCode,
  type HttpResponse,
  type RawContent,
  retryAfterMs,
  SHARED_TENANT,
} from '@kapelle/orchestrators';
import { SourceError, type SourceErrorCode, displayUrl } from './source-error.js';

export interface HttpContentOptions {
  readonly client: HttpClient;
  /** Largest body, in bytes, as sent and as unpacked. A body of exactly this size is taken. */
  readonly maxBytes: number;
  /** For everything, redirects and the body included, in milliseconds. */
  readonly timeoutMs: number;
}

/** Gets content from web servers, as the HTTP client allows. */
export class HttpContent {
  readonly #options: HttpContentOptions;

  constructor(options: HttpContentOptions) {
    this.#options = options;
  }

  /** Makes one attempt: whoever asks for content tries again. @throws {@link SourceError} */
  async acquire(url: URL, signal: AbortSignal): Promise<RawContent> {
    const { client, maxBytes, timeoutMs } = this.#options;
    const tenantId = currentContext()?.tenantId;
    let response: HttpResponse;
    try {
      response = await client.request({
        url,
        tenantId: tenantId ?? SHARED_TENANT,
        // What was got for nobody in particular is nobody's.
        cache: tenantId !== undefined,
        retry: false,
        ...{ signal, maxBytes, timeoutMs },
      });
    } catch (error) {
      signal.throwIfAborted();
      throw toSourceError(error, url);
    }
    const answered = new URL(response.url);
    if (response.status < 200 || response.status > 299) throw badStatus(response, answered);
    return {
      uri: answered.href,
      name: nameOf(answered),
      bytes: response.body,
      ...mediaTypeOf(response.headers['content-type']),
    };
  }
}

function nameOf(url: URL): string {
  const segment = url.pathname.split('/').findLast((part) => part !== '') ?? url.hostname;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function mediaTypeOf(contentType: string | undefined): Pick<RawContent, 'mediaType' | 'charset'> {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll(/["']/g, '');
  return { ...(type.includes('/') ? { mediaType: type } : {}), ...(charset ? { charset } : {}) };
}

function badStatus({ status, headers }: HttpResponse, url: URL): SourceError {
  const retryable = status === 408 || status === 425 || status === 429 || status >= 500;
  return new SourceError(
    'SOURCE_HTTP_STATUS',
    `${displayUrl(url)} answered with status ${String(status)}. ` +
      (retryable ? 'Try again later.' : 'Check the address, and whether it needs a login.'),
    { status, retryable, retryAfterMs: retryAfterMs(headers) },
  );
}

/** What an error of the client means here, and what its reader can do about it; without advice, that of the client. */
const MEANINGS: Readonly<Record<HttpErrorCode, readonly [SourceErrorCode, advice?: string]>> = {
  HTTP_REQUEST_INVALID: ['SOURCE_NOT_READABLE', 'Check the spelling of the address.'],
  HTTP_SCHEME_UNSUPPORTED: ['SOURCE_UNSUPPORTED_SCHEME', 'Use http, https, or the path of a file.'],
  HTTP_ADDRESS_FORBIDDEN: ['SOURCE_BLOCKED_ADDRESS'],
  HTTP_HOST_UNKNOWN: ['SOURCE_NOT_FOUND'],
  HTTP_CONNECTION_FAILED: ['SOURCE_NOT_READABLE'],
  HTTP_TLS_FAILED: ['SOURCE_NOT_READABLE', 'Check the certificate of the server.'],
  HTTP_TIMEOUT: ['SOURCE_TIMEOUT'],
  HTTP_TOO_LARGE: ['SOURCE_TOO_LARGE', 'Split it into smaller ones.'],
  HTTP_TYPE_REFUSED: ['SOURCE_NOT_READABLE'],
  HTTP_ENCODING_UNSUPPORTED: [
    'SOURCE_NOT_READABLE',
    'Download it with a browser and give the path of the file.',
  ],
  HTTP_RESPONSE_INVALID: ['SOURCE_NOT_READABLE'],
  HTTP_REDIRECT_REFUSED: ['SOURCE_NOT_READABLE', 'Open it in a browser and use the final address.'],
  HTTP_TOO_MANY_REDIRECTS: ['SOURCE_TOO_MANY_REDIRECTS', 'Open it in a browser and use the final address.'],
  HTTP_CIRCUIT_OPEN: ['SOURCE_NOT_READABLE'],
  HTTP_OVERLOADED: ['SOURCE_NOT_READABLE'],
  HTTP_CLOSED: ['SOURCE_NOT_READABLE'],
};

function toSourceError(error: unknown, url: URL): SourceError {
  if (!(error instanceof HttpError)) {
    return new SourceError(
      'SOURCE_NOT_READABLE',
      `${displayUrl(url)} could not be read (${error instanceof Error ? error.message : String(error)}). ` +
        'Check that the address leads to a working web server.',
      { cause: error },
    );
  }
  const [code, advice = adviceOn(error)] = MEANINGS[error.code];
  const { message, retryable, retryAfterMs: after } = error;
  // The advice is the last sentence of a message.
  const what = message.slice(0, message.lastIndexOf('. ') + 1);
  return new SourceError(code, advice === undefined ? message : `${what} ${advice}`, {
    cause: error,
    retryable,
    retryAfterMs: after,
  });
}

/** The user of the bot allows an address by its setting; a password is no question of the address. */
function adviceOn({ code, address, message }: HttpError): string | undefined {
  if (code !== 'HTTP_ADDRESS_FORBIDDEN' || message.includes('"@"')) return undefined;
  const value = address === undefined ? '' : `=${address}`;
  return `Use a public address, or allow this one with KAPELLE_ALLOW_ADDRESSES${value}.`;
}
