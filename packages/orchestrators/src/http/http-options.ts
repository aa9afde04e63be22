import { type Clock, systemClock } from '@kapelle/core';
import { lookup } from 'node:dns/promises';
import type { AddressResolver } from './address-guard.js';

/** How much is stored of answers, and for how long. */
export interface HttpCacheOptions {
  /** Bytes of all stored answers. @default 33_554_432 (32 MiB) @minimum 1 */
  readonly maxBytes?: number;
  /** @default 1_000 @minimum 1 */
  readonly maxEntries?: number;
  /** How long a 404 or 410 holds that does not say it itself, in ms. @default 60_000 @minimum 0 */
  readonly negativeMs?: number;
}

/** When the requests to a host are refused, and for how long. */
export interface HttpBreakerOptions {
  /** Never opens on fewer attempts in the window. @default 5 @minimum 1 */
  readonly minimumCalls?: number;
  /** Opens at this share of failed attempts, above 0 to 1. @default 0.5 */
  readonly failureRatio?: number;
  /** Length of the sliding window, in ms. @default 60_000 @minimum 10 */
  readonly windowMs?: number;
  /** First time open, in ms; doubled each time in a row, up to five times this. @default 60_000 @minimum 1 */
  readonly openMs?: number;
  /** Attempts let through half-open; all have to succeed. @default 3 @minimum 1 */
  readonly probes?: number;
}

/** What a {@link NodeHttpClient} may ask, and within which bounds; all of it may be left out. */
export interface NodeHttpClientOptions {
  /**
   * Addresses or CIDR ranges that may be asked although they are not on the public internet: an intranet, or a test.
   *
   * @default none
   */
  readonly allowAddresses?: readonly string[];
  /** @default the system's resolver */
  readonly resolve?: AddressResolver;
  /** A whole request with all attempts, redirects and the body, in ms. @default 15_000 @minimum 1 */
  readonly timeoutMs?: number;
  /** Of an attempt: look-up, connection and handshake, in ms. @default 5_000 @minimum 1 */
  readonly connectTimeoutMs?: number;
  /** Of an attempt: from the connection to the end of the headers, in ms. @default 10_000 @minimum 1 */
  readonly headersTimeoutMs?: number;
  /** Of an attempt: the whole body, in ms, however steadily it arrives. @default 30_000 @minimum 1 */
  readonly bodyTimeoutMs?: number;
  /** Bytes of a body, as sent and as unpacked; exactly this many are taken. @default 5_242_880 (5 MiB) @minimum 1 */
  readonly maxBytes?: number;
  /** Redirects followed. @default 5 @minimum 0 */
  readonly maxRedirects?: number;
  /** Attempts of one request at one server, the first included. @default 3 @minimum 1 @maximum 20 */
  readonly attempts?: number;
  /** Ceiling of the first back-off, in ms; doubled for each further one, up to 5 s. @default 500 @minimum 0 */
  readonly backoffMs?: number;
  /** Attempts at one server (host and port) at the same time; tenants take turns. @default 6 @minimum 1 */
  readonly maxConcurrentPerHost?: number;
  /** Requests that wait for one server; further ones fail. @default 100 @minimum 0 */
  readonly maxWaitingPerHost?: number;
  /** Servers whose health is remembered. @default 1_000 @minimum 1 */
  readonly maxHosts?: number;
  readonly breaker?: HttpBreakerOptions;
  /** How long an idle connection is kept, in ms; 0 for not at all. @default 4_000 @minimum 0 */
  readonly keepAliveMs?: number;
  /** `false`: no cache. */
  readonly cache?: HttpCacheOptions | false;
  readonly tls?: {
    /** Authorities that are trusted instead of the platform's, in PEM. */
    readonly ca?: string;
  };
  /** @default 'kapelle' */
  readonly userAgent?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** From 0 to 1, 1 excluded; for the jitter. @default that of the policies */
  readonly random?: () => number;
}

/** The options with their defaults, checked. */
export interface HttpSettings {
  readonly allowAddresses: readonly string[];
  readonly resolve: AddressResolver;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly maxBytes: number;
  readonly maxRedirects: number;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxConcurrentPerHost: number;
  readonly maxWaitingPerHost: number;
  readonly maxHosts: number;
  readonly breaker: Required<HttpBreakerOptions>;
  readonly keepAliveMs: number;
  readonly cache: Required<HttpCacheOptions> | false;
  readonly ca: string | undefined;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: (() => number) | undefined;
}

/** The longest time a timer of the platform takes. */
const MAX_MS = 2_147_483_647;

/** @throws RangeError or TypeError naming the option and the value */
export function resolveHttpOptions(options: NodeHttpClientOptions): HttpSettings {
  const { cache = {}, breaker = {}, userAgent = 'kapelle', clock = systemClock } = options;
  if (/[^\x20-\x7e]/.test(userAgent)) {
    throw new TypeError(`userAgent must be printable ASCII, got ${JSON.stringify(userAgent)}`);
  }
  return {
    allowAddresses: options.allowAddresses ?? [],
    resolve: options.resolve ?? ((hostname) => lookup(hostname, { all: true, verbatim: true })),
    timeoutMs: wholeNumber('timeoutMs', options.timeoutMs ?? 15_000, 1),
    connectTimeoutMs: wholeNumber('connectTimeoutMs', options.connectTimeoutMs ?? 5_000, 1),
    headersTimeoutMs: wholeNumber('headersTimeoutMs', options.headersTimeoutMs ?? 10_000, 1),
    bodyTimeoutMs: wholeNumber('bodyTimeoutMs', options.bodyTimeoutMs ?? 30_000, 1),
    maxBytes: wholeNumber('maxBytes', options.maxBytes ?? 5 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
    maxRedirects: wholeNumber('maxRedirects', options.maxRedirects ?? 5, 0),
    attempts: wholeNumber('attempts', options.attempts ?? 3, 1, 20),
    backoffMs: wholeNumber('backoffMs', options.backoffMs ?? 500, 0),
    maxConcurrentPerHost: wholeNumber('maxConcurrentPerHost', options.maxConcurrentPerHost ?? 6, 1),
    maxWaitingPerHost: wholeNumber('maxWaitingPerHost', options.maxWaitingPerHost ?? 100, 0),
    maxHosts: wholeNumber('maxHosts', options.maxHosts ?? 1_000, 1),
    breaker: {
      minimumCalls: wholeNumber('breaker.minimumCalls', breaker.minimumCalls ?? 5, 1),
      failureRatio: share('breaker.failureRatio', breaker.failureRatio ?? 0.5),
      windowMs: wholeNumber('breaker.windowMs', breaker.windowMs ?? 60_000, 10),
      openMs: wholeNumber('breaker.openMs', breaker.openMs ?? 60_000, 1, MAX_MS / 5),
      probes: wholeNumber('breaker.probes', breaker.probes ?? 3, 1),
    },
    keepAliveMs: wholeNumber('keepAliveMs', options.keepAliveMs ?? 4_000, 0),
    cache: cache !== false && {
      maxBytes: wholeNumber('cache.maxBytes', cache.maxBytes ?? 32 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
      maxEntries: wholeNumber('cache.maxEntries', cache.maxEntries ?? 1_000, 1),
      negativeMs: wholeNumber('cache.negativeMs', cache.negativeMs ?? 60_000, 0),
    },
    ca: options.tls?.ca,
    userAgent,
    clock,
    random: options.random,
  };
}

/** @throws RangeError naming the option and the value */
export function wholeNumber(name: string, value: number, min: number, max = MAX_MS): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const bounds =
    max === MAX_MS || max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${Math.floor(max)}`;
  throw new RangeError(`${name} must be a whole number ${bounds}, got ${String(value)}`);
}

function share(name: string, value: number): number {
  if (value > 0 && value <= 1) return value;
  throw new RangeError(`${name} must be a number above 0 and at most 1, got ${String(value)}`);
}
