import {
  type AddressResolver,
  type ContentSource,
  type HttpClient,
  NodeHttpClient,
  type RawContent,
} from '@kapelle/orchestrators';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readContentFile } from './file-content.js';
import { HttpContent } from './http-content.js';
import { SourceError } from './source-error.js';
import { readStream, STDIN_URI } from './stream-content.js';

export interface FileOrHttpContentSourceOptions {
  /**
   * Asks web servers. What it allows, and how long it waits in each phase, is its own: the options of a client of our own
   * must then be left out.
   *
   * @default one made from the options below, without a cache
   */
  readonly http?: HttpClient;
  /**
   * Largest content in bytes, as sent and as unpacked.
   *
   * @default 20971520 (20 MiB)
   */
  readonly maxBytes?: number;
  /** Look-up, connection and handshake, in milliseconds. @default 5000 */
  readonly connectTimeoutMs?: number;
  /** From the connection to the end of the headers, in milliseconds. @default 10000 */
  readonly headersTimeoutMs?: number;
  /** The whole body, in milliseconds. @default 30000 */
  readonly bodyTimeoutMs?: number;
  /** How many redirects are followed. @default 4 */
  readonly maxRedirects?: number;
  /**
   * Addresses or CIDR ranges of web servers that may be asked although they are not on the public internet:
   * an intranet, or a test.
   *
   * @default none
   */
  readonly allowAddresses?: readonly string[];
  /** What `stdin:` stands for; without it that is refused. @default none */
  readonly stdin?: Readable;
  /** @default 'kapelle-intelligence-bot' */
  readonly userAgent?: string;
  /** @default the system's resolver */
  readonly resolve?: AddressResolver;
}

/** What a client is made from, and a given one has already. */
const OF_OWN_CLIENT = [
  ...(['connectTimeoutMs', 'headersTimeoutMs', 'bodyTimeoutMs', 'maxRedirects'] as const),
  ...(['allowAddresses', 'userAgent', 'resolve'] as const),
];
/** For a whole document where the client is somebody else's. */
const TIMEOUT_MS = 45_000;

// At least two letters: a single one is a drive of Windows.
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/** Reads content from files (a path or a `file:` URL) and from public web servers (`http:` and `https:`). */
export class FileOrHttpContentSource implements ContentSource {
  readonly #maxBytes: number;
  readonly #http: HttpContent;
  readonly #stdin: Readable | undefined;

  /** @throws TypeError or RangeError for an option that cannot be meant */
  constructor(options: FileOrHttpContentSourceOptions = {}) {
    const { maxBytes = 20 * 1024 * 1024 } = options;
    this.#stdin = options.stdin;
    this.#maxBytes = whole('maxBytes', maxBytes, 1);
    const { client, timeoutMs } =
      options.http === undefined ? ownClient(options) : givenClient(options.http, options);
    this.#http = new HttpContent({ client, maxBytes, timeoutMs });
  }

  /**
   * @param uri a path, or a `file:`, `http:` or `https:` URL; a relative path that looks like a URL can be
   *   written with `./` in front
   * @throws {@link SourceError}, or the signal's reason when it fires
   */
  async acquire(uri: string, { signal }: { readonly signal: AbortSignal }): Promise<RawContent> {
    signal.throwIfAborted();
    const text = uri.trim();
    if (text === '') {
      throw new SourceError('SOURCE_NOT_FOUND', 'The name of the content is empty. Give a path or a URL.');
    }
    if (text === STDIN_URI && this.#stdin !== undefined)
      return readStream(this.#stdin, this.#maxBytes, signal);
    switch (SCHEME.exec(text)?.[1]?.toLowerCase()) {
      case undefined:
        // Not trimmed: the name of a file may begin or end with a space.
        return readContentFile(uri, this.#maxBytes, signal);
      case 'file':
        return readContentFile(pathOf(text), this.#maxBytes, signal);
      case 'http':
      case 'https':
        return this.#http.acquire(parseUrl(text), signal);
      default:
        throw new SourceError(
          'SOURCE_UNSUPPORTED_SCHEME',
          `"${text.slice(0, 80)}" has a scheme that cannot be read. Use http, https or file; write "./" in front ` +
            'if it is the name of a file.',
        );
    }
  }
}

function givenClient(client: HttpClient, options: FileOrHttpContentSourceOptions) {
  const contradicting = OF_OWN_CLIENT.filter((name) => options[name] !== undefined);
  if (contradicting.length > 0) {
    throw new TypeError(
      `http and ${contradicting.join(', ')} exclude each other. Give these options to the HTTP client.`,
    );
  }
  return { client, timeoutMs: TIMEOUT_MS };
}

function ownClient(options: FileOrHttpContentSourceOptions) {
  const connectTimeoutMs = whole('connectTimeoutMs', options.connectTimeoutMs ?? 5_000, 1);
  const headersTimeoutMs = whole('headersTimeoutMs', options.headersTimeoutMs ?? 10_000, 1);
  const bodyTimeoutMs = whole('bodyTimeoutMs', options.bodyTimeoutMs ?? 30_000, 1);
  const { resolve } = options;
  const maxRedirects = whole('maxRedirects', options.maxRedirects ?? 4, 0);
  const client = new NodeHttpClient({
    ...{ connectTimeoutMs, headersTimeoutMs, bodyTimeoutMs, maxRedirects },
    allowAddresses: options.allowAddresses ?? [],
    userAgent: options.userAgent ?? 'kapelle-intelligence-bot',
    cache: false,
    // A source that is read once has no use for an idle connection.
    keepAliveMs: 0,
    ...(resolve === undefined ? {} : { resolve }),
  });
  // Each redirect may take its time up to the headers.
  const timeoutMs = (connectTimeoutMs + headersTimeoutMs) * (maxRedirects + 1) + bodyTimeoutMs;
  return { client, timeoutMs: Math.min(timeoutMs, 2_147_483_647) };
}

function pathOf(fileUrl: string): string {
  try {
    return fileURLToPath(fileUrl);
  } catch (error) {
    throw notAUrl(fileUrl, error);
  }
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw notAUrl(text, error);
  }
}

function notAUrl(text: string, cause: unknown): SourceError {
  // What stands before an "@" may be a password.
  const shown = text.slice(0, 200).replace(/\/\/[^/]*@/, '//…@');
  return new SourceError('SOURCE_NOT_READABLE', `"${shown}" is not a valid URL. Check its spelling.`, {
    cause,
  });
}

function whole(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new RangeError(`${name} must be a whole number >= ${String(min)}, got ${String(value)}`);
}
