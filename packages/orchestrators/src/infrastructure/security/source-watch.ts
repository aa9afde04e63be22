/** What a source did wrong, or did too much of. */
export interface SourceVerdict {
  readonly isBlocked: boolean;
  /** Epoch ms until which it is blocked. */
  readonly until?: number;
  readonly reason?: string;
}

/** How much one source may do before it is blocked. */
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
}

interface Block {
  readonly until: number;
  readonly reason: string;
}

const MINUTE_MS = 60_000;

/**
 * Counts what sources of a tenant do within the last minute, and blocks those that do too much. Bounded in sources and in
 * memory; however many sources come, none that is blocked is forgotten for one that is not.
 */
export class SourceWatch {
  readonly #limits: SourceLimits;
  readonly #sources = new Map<string, Source>();
  readonly #blocks = new Map<string, Block>();

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sources.size;
  }

  /** Whether it may not do anything at the time. */
  isBlocked(source: string, now: number): SourceVerdict {
    const known = this.#blocks.get(source);
    return known !== undefined && known.until > now ? { isBlocked: true, ...known } : { isBlocked: false };
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
    const { authFailuresPerMinute: limit } = this.#limits;
    forget(entry.authFailures, now);
    entry.authFailures.push(now);
    if (entry.authFailures.length > limit) entry.authFailures.shift();
    if (entry.authFailures.length < limit) return false;
    this.block(source, now, 'too many failed authentications');
    return true;
  }

  block(source: string, now: number, reason: string): number {
    const until = Math.max(this.#blocks.get(source)?.until ?? 0, now + this.#limits.blockMs);
    this.restore(source, until, reason);
    return until;
  }

  /** Whether it was blocked. */
  unblock(source: string, now: number): boolean {
    if (!this.isBlocked(source, now).isBlocked) return false;
    this.#blocks.delete(source);
    const entry = this.#sources.get(source);
    if (entry !== undefined) entry.authFailures.length = 0;
    return true;
  }

  /** The sources that are blocked at the time. */
  blocked(
    now: number,
  ): readonly { readonly source: string; readonly until: number; readonly reason: string }[] {
    return [...this.#blocks].flatMap(([source, block]) => (block.until > now ? [{ source, ...block }] : []));
  }

  /** Puts back what was blocked before a restart. */
  restore(source: string, until: number, reason: string): void {
    // The last in the map is the one that was blocked last.
    this.#blocks.delete(source);
    this.#blocks.set(source, { until, reason });
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > this.#limits.maxSources && oldest !== undefined) this.#blocks.delete(oldest);
  }

  /** Forgets blocks that are over. */
  tidy(now: number): void {
    for (const [source, { until }] of this.#blocks) if (until <= now) this.#blocks.delete(source);
  }

  #of(source: string): Source {
    let entry = this.#sources.get(source);
    if (entry === undefined) entry = { requests: [], authFailures: [] };
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
  // Of a time that has not come yet, before the clock was set back: they say nothing of the last minute.
  if ((times.at(-1) ?? now) > now + MINUTE_MS) times.length = 0;
  let old = 0;
  while (old < times.length && (times[old] as number) <= now - MINUTE_MS) old += 1;
  if (old > 0) times.splice(0, old);
}
