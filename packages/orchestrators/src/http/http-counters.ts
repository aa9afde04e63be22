import type { CircuitState } from '@kapelle/resilience';
import type { HttpErrorCode } from './http-error.js';
import type { ResponseCacheStats } from './response-cache.js';

/** What a client has done since it was made. */
export interface HttpClientStats {
  /** Requests of callers. */
  readonly requests: number;
  /** Of these, under way. */
  readonly inFlight: number;
  /** Attempts that went out, redirects and retries included. */
  readonly sent: number;
  readonly retries: number;
  readonly redirects: number;
  /** Bytes of bodies, unpacked. */
  readonly receivedBytes: number;
  /** Final answers by the first digit of their status, for example `2xx`. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests without an answer, by code. */
  readonly failures: Readonly<Partial<Record<HttpErrorCode, number>>>;
  /** Requests that their caller ended. */
  readonly aborted: number;
  readonly cache: ResponseCacheStats & {
    /** Answers given without asking. */
    readonly hits: number;
    /** Answers given after the server said that they still hold. */
    readonly revalidated: number;
    /** Requests that could have been answered from the cache, had it been there. */
    readonly misses: number;
  };
  /** Servers whose health is remembered. */
  readonly hosts: number;
  /** Servers whose circuit is not closed. */
  readonly circuits: Readonly<Record<string, CircuitState>>;
}

/** Counts. */
export class HttpCounters {
  requests = 0;
  inFlight = 0;
  sent = 0;
  retries = 0;
  redirects = 0;
  receivedBytes = 0;
  aborted = 0;
  hits = 0;
  revalidated = 0;
  misses = 0;
  readonly #answers = new Map<string, number>();
  readonly #failures = new Map<HttpErrorCode, number>();

  answered(status: number): void {
    const kind = `${String(Math.floor(status / 100))}xx`;
    this.#answers.set(kind, (this.#answers.get(kind) ?? 0) + 1);
  }

  failed(code: HttpErrorCode): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  snapshot(
    cache: ResponseCacheStats,
    hosts: number,
    circuits: Readonly<Record<string, CircuitState>>,
  ): HttpClientStats {
    const { requests, inFlight, sent, retries, redirects, receivedBytes, aborted } = this;
    const { hits, revalidated, misses } = this;
    return {
      ...{ requests, inFlight, sent, retries, redirects, receivedBytes, aborted },
      answers: Object.fromEntries(this.#answers),
      failures: Object.fromEntries(this.#failures),
      cache: { ...cache, hits, revalidated, misses },
      hosts,
      circuits,
    };
  }
}
