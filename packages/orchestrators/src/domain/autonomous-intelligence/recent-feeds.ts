import type { ParsedContent } from './model.js';
import type { Staged } from './stage-runner.js';

/** A feed as it was when a request first asked for it. */
export interface KnownFeed {
  readonly content: ParsedContent;
  readonly before: readonly Staged<unknown>[];
}

/** Requests whose feeds are kept. */
const MAX_FEEDS = 8;

/**
 * Feeds by request: whoever asks for one item after the other within a request sees one state of the feed, in which
 * the numbers of the items stay the same, and the server is asked once.
 */
export class RecentFeeds {
  readonly #feeds = new Map<string, KnownFeed>();

  get(tenantId: string, requestId: string, uri: string): KnownFeed | undefined {
    return this.#feeds.get(keyOf(tenantId, requestId, uri));
  }

  /** Keeps it, and gives the oldest up. */
  put(tenantId: string, requestId: string, uri: string, feed: KnownFeed): void {
    this.#feeds.set(keyOf(tenantId, requestId, uri), feed);
    const [oldest] = this.#feeds.keys();
    if (this.#feeds.size > MAX_FEEDS && oldest !== undefined) this.#feeds.delete(oldest);
  }
}

const keyOf = (...ids: readonly string[]): string => JSON.stringify(ids);
