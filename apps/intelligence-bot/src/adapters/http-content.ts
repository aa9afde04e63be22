import type { RawContent } from '@kapelle/orchestrators';
import { lookup } from 'node:dns/promises';
import { Agent, buildConnector, request, type Dispatcher } from 'undici';
import { AddressGuard, type Resolver } from './address-guard.js';
import { readBody } from './http-body.js';
import { Deadline } from './deadline.js';
import { retryAfterMs } from './retry-after.js';
import { SourceError, displayUrl } from './source-error.js';

export interface HttpContentOptions {
  /** Largest body, in bytes, as sent and as unpacked. A body of exactly this size is taken. */
  readonly maxBytes: number;
  /** For looking the name up, connecting and, with https, the handshake; in milliseconds, per hop. */
  readonly connectTimeoutMs: number;
  /** From the connection to the end of the headers, in milliseconds, per hop. */
  readonly headersTimeoutMs: number;
  /** For the whole body, in milliseconds, however steadily it arrives. */
  readonly bodyTimeoutMs: number;
  /** How many redirects are followed; each is judged like the first address. */
  readonly maxRedirects: number;
  /** Addresses or CIDR ranges that may be asked although they are not on the public internet. */
  readonly allowAddresses: readonly string[];
  readonly userAgent: string;
  /** @default the system's resolver */
  readonly resolve?: Resolver;
}

type Response = Dispatcher.ResponseData;

/** Gets content from public web servers, and only from those. */
export class HttpContent {
  readonly #options: HttpContentOptions;
  readonly #guard: AddressGuard;

  constructor(options: HttpContentOptions) {
    this.#options = options;
    this.#guard = new AddressGuard(
      options.allowAddresses,
      options.resolve ?? ((hostname) => lookup(hostname, { all: true })),
    );
  }

  /** @throws {@link SourceError} */
  async acquire(start: URL, signal: AbortSignal): Promise<RawContent> {
    const deadline = new Deadline(signal);
    // An agent per call and a connection per hop (pipelining 0), so that every request was judged itself.
    // The time-outs are ours: the library's begin again with every byte.
    const agent = new Agent({
      connect: this.#connector(deadline),
      pipelining: 0,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    let url = start;
    try {
      for (let redirects = 0; ; redirects += 1) {
        const response = await this.#ask(url, agent, deadline);
        const target = redirectTarget(response, url);
        if (target === undefined) return await this.#read(response, url, deadline);
        if (redirects === this.#options.maxRedirects) throw tooManyRedirects(start, redirects);
        discard(response);
        url = target;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw toSourceError(error, url);
    } finally {
      deadline.end();
      // Not awaited: everything of use has been read.
      void agent.destroy();
    }
  }

  #connector(deadline: Deadline): buildConnector.connector {
    const { connectTimeoutMs: timeout } = this.#options;
    const connect = buildConnector({ lookup: this.#guard.lookup, timeout, allowH2: false });
    return (options, callback) => {
      connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
        if (error === null) {
          deadline.phase(this.#options.headersTimeoutMs, () =>
            timedOut('headers', this.#options.headersTimeoutMs),
          );
          callback(null, socket);
        } else {
          callback(error, null);
        }
      });
    };
  }

  async #ask(url: URL, dispatcher: Agent, deadline: Deadline): Promise<Response> {
    // Before every request: the look-up in the connector is not asked about literal addresses.
    this.#guard.checkUrl(url);
    const { connectTimeoutMs, userAgent } = this.#options;
    deadline.phase(connectTimeoutMs, () => timedOut('connection', connectTimeoutMs));
    return deadline.race(
      request(url, {
        dispatcher,
        signal: deadline.signal,
        headers: { accept: '*/*', 'accept-encoding': 'gzip, br, deflate', 'user-agent': userAgent },
      }),
    );
  }

  async #read(response: Response, url: URL, deadline: Deadline): Promise<RawContent> {
    const { statusCode } = response;
    if (statusCode < 200 || statusCode > 299) throw badStatus(response, url);
    const { bodyTimeoutMs, maxBytes } = this.#options;
    deadline.phase(bodyTimeoutMs, () => timedOut('body', bodyTimeoutMs));
    const bytes = await deadline.race(
      readBody(response.body, {
        maxBytes,
        declaredBytes: Number(header(response, 'content-length') ?? 0),
        encoding: header(response, 'content-encoding') ?? '',
        source: displayUrl(url),
      }).catch((error: unknown) => {
        throw brokenOff(error);
      }),
    );
    return {
      uri: withoutFragment(url),
      name: nameOf(url),
      bytes,
      ...mediaTypeOf(header(response, 'content-type')),
    };
  }
}

function redirectTarget(response: Response, url: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.statusCode)) return undefined;
  const location = header(response, 'location');
  if (location === undefined) return undefined;
  if (!URL.canParse(location, url.href)) {
    throw new SourceError(
      'SOURCE_NOT_READABLE',
      `${displayUrl(url)} redirects to something that is no URL. Open it in a browser and use the final address.`,
    );
  }
  return new URL(location, url);
}

/** Ends a response nobody will read. */
function discard(response: Response): void {
  response.body.on('error', () => {}).destroy();
}

function header(response: Response, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function nameOf(url: URL): string {
  const segment = url.pathname.split('/').findLast((part) => part !== '') ?? url.hostname;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function withoutFragment(url: URL): string {
  const copy = new URL(url);
  copy.hash = '';
  return copy.href;
}

function mediaTypeOf(contentType: string | undefined): Pick<RawContent, 'mediaType' | 'charset'> {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll(/["']/g, '');
  return { ...(type.includes('/') ? { mediaType: type } : {}), ...(charset ? { charset } : {}) };
}

function badStatus(response: Response, url: URL): SourceError {
  const status = response.statusCode;
  const retryable = status === 408 || status === 425 || status === 429 || status >= 500;
  return new SourceError(
    'SOURCE_HTTP_STATUS',
    `${displayUrl(url)} answered with status ${String(status)}. ` +
      (retryable ? 'Try again later.' : 'Check the address, and whether it needs a login.'),
    { status, retryable, retryAfterMs: retryAfterMs((name) => header(response, name)) },
  );
}

function tooManyRedirects(start: URL, redirects: number): SourceError {
  return new SourceError(
    'SOURCE_TOO_MANY_REDIRECTS',
    `${displayUrl(start)} still redirected after ${String(redirects)} redirects. ` +
      'Open it in a browser and use the final address.',
  );
}

function timedOut(what: string, ms: number): Error {
  return Object.assign(new Error(`the ${what} took longer than ${String(ms)} ms`), { code: 'ETIMEDOUT' });
}

/** After good headers, an error of the parser without a code is a chunked body that ends too early. */
function brokenOff(error: unknown): unknown {
  const { code, message } = describe(error);
  if (code !== '' || error instanceof SourceError) return error;
  return Object.assign(new Error(message, { cause: error }), { code: 'UND_ERR_SOCKET' });
}

const TIMEOUTS = ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];
const BROKEN_CONNECTIONS = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
  ...['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'Z_BUF_ERROR'],
];

function toSourceError(error: unknown, url: URL): SourceError {
  if (error instanceof SourceError) return error;
  const { code, message } = describe(error);
  const source = displayUrl(url);
  if (TIMEOUTS.includes(code)) {
    return new SourceError('SOURCE_TIMEOUT', `${source} was too slow: ${message}. Try again later.`, {
      cause: error,
      retryable: true,
    });
  }
  if (code === 'ENOTFOUND') {
    return new SourceError(
      'SOURCE_NOT_FOUND',
      `There is no host "${url.hostname}". Check the spelling of the address.`,
      { cause: error },
    );
  }
  const retryable = BROKEN_CONNECTIONS.includes(code);
  return new SourceError(
    'SOURCE_NOT_READABLE',
    `${source} could not be read (${code === '' ? message : `${code}: ${message}`}). ` +
      (retryable ? 'Try again later.' : 'Check that the address leads to a working web server.'),
    { cause: error, retryable },
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
