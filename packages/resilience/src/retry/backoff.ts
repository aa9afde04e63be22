import { shareOf } from '../share-of.js';

const MAX_EXPONENT = 30;
/** A server's hint moves an attempt by at most this, in ms. */
const HINT_REACH_MS = 5_000;

/**
 * Full jitter: `floor(random() · min(capMs, baseMs · 2^retry))` ms, `retry` from 0; the exponent is held at 30, so that it cannot
 * overflow. As AWS's SDKs compute it ("Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
 */
export function backoffMs(retry: number, baseMs: number, capMs: number, random: () => number): number {
  return Math.floor(shareOf(random) * Math.min(capMs, baseMs * 2 ** Math.min(retry, MAX_EXPONENT)));
}

/** A server's hint wins within bounds: never sooner than the back-off, at most 5 s later than it (AWS's rule). */
export function withHint(delayMs: number, retryAfterMs: number | undefined): number {
  if (retryAfterMs === undefined) return delayMs;
  return Math.max(delayMs, Math.min(retryAfterMs, delayMs + HINT_REACH_MS));
}
