import { AddressGuard } from './address-guard.js';
import { isCacheable, wantsRevalidation } from './cache-rules.js';
import { connectionFailure } from './connection-failure.js';
import { FailedAttempt, type HostPolicies, hostPolicies, mayPass, refusal } from './host-policies.js';
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.js';
import { type HttpClientStats, HttpCounters } from './http-counters.js';
import { HttpDeadline } from './http-deadline.js';
import { HttpError, shownUrl } from './http-error.js';
import { type Hop, type HopAnswer, HttpExchange, isRedirect } from './http-exchange.js';
import { type HttpSettings, type NodeHttpClientOptions, resolveHttpOptions } from './http-options.js';
import { checkMediaType } from './media-type.js';
import { type PreparedRequest, prepareRequest } from './prepare-request.js';
import { followRedirect } from './redirect.js';
import { ResponseCache } from './response-cache.js';
import { tooLarge } from './response-body.js';

/** One request of a caller, on its way. */
interface Errand extends PreparedRequest {
  readonly request: HttpRequest;
  readonly total: { readonly expiresAt: number; readonly ms: number };
  attempts: number;
}

/**
 * The client for everything that goes out, on Node's own http and https.
 *
 * - Asks only public addresses, and those allowed: a name is looked up once, judged by all its addresses, and connected to
 *   exactly those. Redirects are followed by hand and judged like the first URL; never from https to http.
 * - Every wait has an end: the whole request, and of each attempt connection, headers and body.
 * - Failures that may pass are tried again with full jitter and as `Retry-After` says (up to 5 s; a server that asks for more gets
 *   its answer handed to the caller), within a retry budget per server. A server that mostly fails is left alone for a while.
 * - Answers are stored per tenant, and asked about again when they are no longer fresh.
 */
export class NodeHttpClient implements HttpClient {
  readonly #settings: HttpSettings;
  readonly #guard: AddressGuard;
  readonly #exchange: HttpExchange;
  readonly #policies: HostPolicies;
  readonly #cache: ResponseCache | undefined;
  readonly #counters = new HttpCounters();
  #closed = false;

  /** @throws RangeError or TypeError for an option that cannot be meant */
  constructor(options: NodeHttpClientOptions = {}) {
    this.#settings = resolveHttpOptions(options);
    const { allowAddresses, resolve, cache, clock } = this.#settings;
    this.#guard = new AddressGuard(allowAddresses, resolve);
    this.#exchange = new HttpExchange(this.#guard, this.#settings);
    this.#policies = hostPolicies(this.#settings, () => (this.#counters.retries += 1));
    this.#cache = cache === false ? undefined : new ResponseCache(cache, clock);
  }

  /** Rejects with a {@link HttpError}, or with the reason of the signal. */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const { signal } = request;
    this.#counters.requests += 1;
    this.#counters.inFlight += 1;
    try {
      signal?.throwIfAborted();
      const response = await this.#run(request);
      this.#counters.answered(response.status);
      return response;
    } catch (error) {
      if (error instanceof HttpError && signal?.aborted !== true) this.#counters.failed(error.code);
      else this.#counters.aborted += 1;
      signal?.throwIfAborted();
      throw error;
    } finally {
      this.#counters.inFlight -= 1;
    }
  }

  /** What was done since the client was made; the servers that are left alone now. */
  stats(): HttpClientStats {
    const circuits = this.#policies.snapshot().flatMap(({ key, stats }) => {
      const breaker = stats.breaker;
      return breaker === undefined || !('state' in breaker) || breaker.state === 'closed'
        ? []
        : [[key, breaker.state] as const];
    });
    return this.#counters.snapshot(
      this.#cache?.stats ?? { entries: 0, bytes: 0, evicted: 0 },
      this.#policies.stats.instances,
      Object.fromEntries(circuits),
    );
  }

  /** Ends all connections and forgets what is stored; later requests reject with `HTTP_CLOSED`. */
  close(): void {
    this.#closed = true;
    this.#exchange.close();
    this.#cache?.clear();
  }

  async #run(request: HttpRequest): Promise<HttpResponse> {
    const prepared = prepareRequest(request, this.#settings);
    const { clock, maxRedirects } = this.#settings;
    const { first, timeoutMs } = prepared;
    const total = { ms: timeoutMs, expiresAt: clock.monotonic() + timeoutMs };
    const errand: Errand = { ...prepared, request, total, attempts: 0 };
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      this.#guard.checkUrl(hop.url);
      const { answer, cached } = await this.#answer(hop, errand);
      if (isRedirect(answer.status, answer.headers)) {
        if (redirects === maxRedirects) throw tooManyRedirects(first.url, redirects);
        this.#counters.redirects += 1;
        hop = followRedirect(hop, answer);
        continue;
      }
      this.#checkAnswer(hop, errand, answer);
      const { status, headers } = answer;
      const body = cached ? copyOf(answer.body) : answer.body;
      return { status, headers, body, url: hop.url.href, cached, attempts: errand.attempts };
    }
  }

  #checkAnswer(hop: Hop, { request }: Errand, { status, headers, body }: HopAnswer): void {
    if (body.byteLength > hop.maxBytes) throw tooLarge(shownUrl(hop.url), hop.maxBytes, 'is larger');
    if (request.contentTypes !== undefined && status >= 200 && status < 300 && status !== 204) {
      checkMediaType(headers['content-type'], request.contentTypes, shownUrl(hop.url));
    }
  }

  /** From the cache, or from the server. */
  async #answer(hop: Hop, errand: Errand): Promise<{ answer: HopAnswer; cached: boolean }> {
    const cache = this.#cache;
    if (cache === undefined) return { answer: await this.#send(hop, errand), cached: false };
    const { request } = errand;
    const key = JSON.stringify([request.tenantId, request.cacheKey ?? null, hop.url.href]);
    if (!errand.mayUseCache || !isCacheable(hop.method, hop.headers, request.cacheKey !== undefined)) {
      const answer = await this.#send(hop, errand);
      if (hop.method !== 'GET' && hop.method !== 'HEAD' && answer.status < 400) cache.drop(key);
      return { answer, cached: false };
    }
    const stored = cache.find(key, hop.headers);
    if (stored !== undefined && cache.isFresh(stored) && !wantsRevalidation(hop.headers)) {
      this.#counters.hits += 1;
      return { answer: stored, cached: true };
    }
    const { etag, 'last-modified': modified } = stored?.headers ?? {};
    const conditions = {
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(modified === undefined ? {} : { 'if-modified-since': modified }),
    };
    const answer = await this.#send({ ...hop, headers: { ...hop.headers, ...conditions } }, errand);
    if (answer.status === 304 && stored !== undefined) {
      this.#counters.revalidated += 1;
      return { answer: cache.renew(key, hop.headers, stored, answer.headers), cached: true };
    }
    this.#counters.misses += 1;
    // A failure of the moment is no reason to forget what was good.
    if (!mayPass(answer.status)) cache.put(key, hop.headers, { ...answer, body: copyOf(answer.body) });
    return { answer, cached: false };
  }

  /** From the server, under its policies. */
  async #send(hop: Hop, errand: Errand): Promise<HopAnswer> {
    const { signal, tenantId } = errand.request;
    try {
      return await this.#policies
        .for('host', hop.url.host)
        .execute((attempt) => this.#attempt(hop, errand, attempt.signal), {
          expiresAt: errand.total.expiresAt,
          key: tenantId,
          ...(signal === undefined ? {} : { signal }),
        });
    } catch (error) {
      if (error instanceof FailedAttempt) {
        if (error.answer !== undefined) return error.answer;
        throw error.error ?? error;
      }
      signal?.throwIfAborted();
      throw refusal(error, hop.url);
    }
  }

  async #attempt(hop: Hop, errand: Errand, signal: AbortSignal): Promise<HopAnswer> {
    if (this.#closed) throw new FailedAttempt(closed(), false);
    errand.attempts += 1;
    this.#counters.sent += 1;
    const deadline = new HttpDeadline(this.#settings.clock, signal, shownUrl(hop.url), errand.total);
    let answer: HopAnswer;
    try {
      answer = await this.#exchange.send(hop, deadline);
    } catch (error) {
      signal.throwIfAborted();
      throw new FailedAttempt(this.#closed ? closed() : connectionFailure(error, hop.url), errand.mayRetry);
    } finally {
      deadline.end();
    }
    this.#counters.receivedBytes += answer.body.byteLength;
    if (mayPass(answer.status)) throw new FailedAttempt(answer, errand.mayRetry);
    return answer;
  }
}

/** What is stored must not change with what a caller was given. A buffer's own `slice` is a view. */
function copyOf(body: Uint8Array): Uint8Array {
  return Uint8Array.from(body);
}

function tooManyRedirects(start: URL, redirects: number): HttpError {
  return new HttpError(
    'HTTP_TOO_MANY_REDIRECTS',
    `${shownUrl(start)} still redirected after ${String(redirects)} redirects. Ask for the final address.`,
  );
}

function closed(): HttpError {
  return new HttpError('HTTP_CLOSED', 'The HTTP client is closed. Make another one.');
}
