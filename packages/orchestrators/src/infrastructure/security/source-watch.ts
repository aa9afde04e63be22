/** What a source did wrong, or did too much of. */
export interface SourceVerdict {
  readonly isBlocked: boolean;
  /** Epoch ms until which it is blocked. */
  readonly until?: number;
  readonly reason?: string;
}

export interface SourceLimits {
  /** Requests per minute. */
  readonly requestsPerMinute: number;
  /** Failed authentications per minute. */
  readonly authFailuresPerMinute: number;
  /** Bytes of one request. */
  readonly maxRequestBytes: number;
  /** How long a source stays blocked. */
  readonly blockMs: number;
  /** Sources remembered; the one not seen for longest is forgotten first. */
  readonly maxSources: number;
}

interface Source {
  readonly requests: number[];
  readonly authFailures: number[];
  blockedUntil: number;
  reason: string;
}

const MINUTE_MS = 60_000;

/** Counts what sources do within the last minute, and blocks those that do too much. Bounded in sources and in memory. */
export class SourceWatch {
  readonly #limits: SourceLimits;
  readonly #sources = new Map<string, Source>();

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sources.size;
  }

  /** Whether it may not do anything at the time. */
  isBlocked(source: string, now: number): SourceVerdict {
    const known = this.#sources.get(source);
    return known !== undefined && known.blockedUntil > now
      ? { isBlocked: true, until: known.blockedUntil, reason: known.reason }
      : { isBlocked: false };
  }

  /** Counts a request; whether it is one too many. A source that asks too often is not blocked: it is slowed down. */
  request(source: string, now: number): { readonly isTooMany: boolean; readonly retryAfterMs: number } {
    const { requests } = this.#of(source);
    forget(requests, now);
    if (requests.length >= this.#limits.requestsPerMinute) {
      return { isTooMany: true, retryAfterMs: (requests[0] as number) + MINUTE_MS - now };
    }
    requests.push(now);
    return { isTooMany: false, retryAfterMs: 0 };
  }

  /** Counts a failed authentication; whether the source is blocked for it. */
  authFailure(source: string, now: number): boolean {
    const entry = this.#of(source);
    forget(entry.authFailures, now);
    entry.authFailures.push(now);
    if (entry.authFailures.length < this.#limits.authFailuresPerMinute) return false;
    this.block(source, now, 'too many failed authentications');
    return true;
  }

  block(source: string, now: number, reason: string): number {
    const entry = this.#of(source);
    entry.blockedUntil = Math.max(entry.blockedUntil, now + this.#limits.blockMs);
    entry.reason = reason;
    return entry.blockedUntil;
  }

  /** Whether it was blocked. */
  unblock(source: string, now: number): boolean {
    const entry = this.#sources.get(source);
    if (entry === undefined || entry.blockedUntil <= now) return false;
    entry.blockedUntil = 0;
    entry.authFailures.length = 0;
    return true;
  }

  /** The sources that are blocked at the time. */
  blocked(
    now: number,
  ): readonly { readonly source: string; readonly until: number; readonly reason: string }[] {
    return [...this.#sources].flatMap(([source, { blockedUntil, reason }]) =>
      blockedUntil > now ? [{ source, until: blockedUntil, reason }] : [],
    );
  }

  /** Puts back what was blocked before a restart. */
  restore(source: string, until: number, reason: string): void {
    const entry = this.#of(source);
    entry.blockedUntil = until;
    entry.reason = reason;
  }

  #of(source: string): Source {
    let entry = this.#sources.get(source);
    if (entry === undefined) entry = { requests: [], authFailures: [], blockedUntil: 0, reason: '' };
    else this.#sources.delete(source);
    // The last in the map is the one that was seen last.
    this.#sources.set(source, entry);
    if (this.#sources.size > this.#limits.maxSources) {
      const [oldest] = this.#sources.keys();
      this.#sources.delete(oldest as string);
    }
    return entry;
  }
}

function forget(times: number[], now: number): void {
  let old = 0;
  while (old < times.length && (times[old] as number) <= now - MINUTE_MS) old += 1;
  if (old > 0) times.splice(0, old);
}
