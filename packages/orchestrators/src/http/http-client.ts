/** The one way out: every HTTP request of the catalogue and of an application on top of it goes through this port. */
export const HTTP_CLIENT = Symbol.for('kapelle.HttpClient');

/** What is asked for, and within which bounds. */
export interface HttpRequest {
  /** `http:` or `https:`; without user name and password. */
  readonly url: string | URL;
  /** GET by default. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * Names that look like credentials (`authorization`, `cookie`, `x-api-key`, and whatever has `auth`, `token`, `key`,
   * `secret`, `session`, `signature` or `password` in its name) are not sent on to another origin by a redirect.
   */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whose request it is: it is part of every cache key, and no answer of another tenant is ever given. */
  readonly tenantId: string;
  /** Ends the request at once; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole request with all attempts and the body; that of the client by default. */
  readonly timeoutMs?: number;
  /** Bytes of the decoded body at most; that of the client by default. Beyond it the request fails. */
  readonly maxBytes?: number;
  /** Whether the request may be sent again after a failure; true by default for GET, HEAD, PUT and DELETE. */
  readonly retry?: boolean;
  /** Whether a stored answer will do, where the client has a cache; true by default for GET. */
  readonly cache?: boolean;
  /**
   * Whose credentials the request carries, as a name that is no secret: only then is an answer to a request with
   * credentials stored, and given to requests with the same key alone.
   */
  readonly cacheKey?: string;
  /**
   * Media types that a 2xx answer may have, such as `text/html`, `text/*` or `application/*`; an answer without a type is
   * `application/octet-stream`. Any by default.
   */
  readonly contentTypes?: readonly string[];
}

/** An answer that was read whole. */
export interface HttpResponse {
  /** Any status that was answered; a client rejects only where there is no answer (or none it may give). */
  readonly status: number;
  /** Names in lower case; values of the same name joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** After decoding of `Content-Encoding`. */
  readonly body: Uint8Array;
  /** The address that answered, after redirects. */
  readonly url: string;
  /** Whether it came from the cache. */
  readonly cached: boolean;
  /** How often the request was sent, redirects included: 0 for an answer from the cache. */
  readonly attempts: number;
}

/**
 * Sends requests. Rejects with a {@link PortError} (`HTTP_TIMEOUT`, `HTTP_ADDRESS_FORBIDDEN`, `HTTP_TOO_LARGE`,
 * `HTTP_CIRCUIT_OPEN`, …), or with the reason of the signal.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
}
