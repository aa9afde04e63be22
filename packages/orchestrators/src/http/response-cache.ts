import type { Clock } from '@kapelle/core';
import { freshForMs, varyNames } from './cache-rules.js';
import type { HopAnswer } from './http-exchange.js';

type Headers = Readonly<Record<string, string>>;

export interface ResponseCacheLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** How long a 404 or 410 holds that does not say it itself, in ms. */
  readonly negativeMs: number;
}

/** A stored answer. */
export interface StoredAnswer extends HopAnswer {
  /** The request headers it depends on, with what they were. */
  readonly vary: readonly (readonly [string, string])[];
  /** On the monotonic clock, in ms. */
  readonly freshUntil: number;
  readonly bytes: number;
}

/** A response cache at the moment it was asked. */
export interface ResponseCacheStats {
  readonly entries: number;
  readonly bytes: number;
  /** Answers that made room for others since the cache was made. */
  readonly evicted: number;
}

/** Answers to one URL that differ by the headers they vary with. */
const MAX_VARIANTS = 8;
/** Of one answer, besides body and headers. */
const OVERHEAD_BYTES = 200;

/** Answers of servers, the ones not used for longest forgotten first; bounded in number and bytes. */
export class ResponseCache {
  readonly #limits: ResponseCacheLimits;
  readonly #clock: Clock;
  /** By key, the least recently used first; of one key, the newest answer first. */
  readonly #answers = new Map<string, readonly StoredAnswer[]>();
  #entries = 0;
  #bytes = 0;
  #evicted = 0;

  constructor(limits: ResponseCacheLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get stats(): ResponseCacheStats {
    return { entries: this.#entries, bytes: this.#bytes, evicted: this.#evicted };
  }

  /** The answer stored for a request with these headers. */
  find(key: string, headers: Headers): StoredAnswer | undefined {
    const answers = this.#answers.get(key);
    const found = answers?.find(({ vary }) => vary.every(([name, value]) => (headers[name] ?? '') === value));
    if (answers === undefined || found === undefined) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, answers);
    return found;
  }

  /** Whether it may be given without asking the server. */
  isFresh({ freshUntil }: StoredAnswer): boolean {
    return freshUntil > this.#clock.monotonic();
  }

  /** Stores an answer in the place of the one to the same request, or only removes that one where it must not be stored. */
  put(key: string, headers: Headers, answer: HopAnswer): void {
    const freshMs = freshForMs(answer.status, answer.headers, this.#clock.now(), this.#limits.negativeMs);
    const replaced = this.find(key, headers);
    const others = (this.#answers.get(key) ?? []).filter((each) => each !== replaced);
    const bytes =
      answer.body.byteLength +
      OVERHEAD_BYTES +
      key.length +
      Object.entries(answer.headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (freshMs === undefined || bytes > this.#limits.maxBytes) {
      this.#replace(key, others);
      return;
    }
    const vary = varyNames(answer.headers).map((name) => [name, headers[name] ?? ''] as const);
    const stored: StoredAnswer = { ...answer, vary, bytes, freshUntil: this.#clock.monotonic() + freshMs };
    this.#replace(key, [stored, ...others].slice(0, MAX_VARIANTS));
    this.#makeRoom();
  }

  /** Renews a stored answer with the headers of a 304, and returns it. */
  renew(key: string, headers: Headers, stored: StoredAnswer, renewing: Headers): HopAnswer {
    const { 'content-length': length, 'content-encoding': encoding, ...newer } = renewing;
    void [length, encoding];
    const answer = { status: stored.status, headers: { ...stored.headers, ...newer }, body: stored.body };
    this.put(key, headers, answer);
    return answer;
  }

  /** Forgets the answers of one key: a change was sent to what it stands for. */
  drop(key: string): void {
    this.#replace(key, []);
  }

  clear(): void {
    this.#answers.clear();
    this.#entries = 0;
    this.#bytes = 0;
  }

  #replace(key: string, answers: readonly StoredAnswer[]): void {
    const before = this.#answers.get(key) ?? [];
    this.#entries += answers.length - before.length;
    this.#bytes += sizeOf(answers) - sizeOf(before);
    this.#answers.delete(key);
    if (answers.length > 0) this.#answers.set(key, answers);
  }

  #makeRoom(): void {
    for (const [key, answers] of this.#answers) {
      if (this.#entries <= this.#limits.maxEntries && this.#bytes <= this.#limits.maxBytes) return;
      this.#evicted += answers.length;
      this.#replace(key, []);
    }
  }
}

function sizeOf(answers: readonly StoredAnswer[]): number {
  return answers.reduce((sum, { bytes }) => sum + bytes, 0);
}
