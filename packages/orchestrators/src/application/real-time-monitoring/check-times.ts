import { createHash } from 'node:crypto';

/** Share of a wait that it may be shorter or longer by. */
export const JITTER_RATIO = 0.1;
const MAX_DOUBLINGS = 30;

/**
 * A number from −1 to 1 that depends on the text alone: spreads the checks of many sources, and of the same one from time to
 * time, without a generator of random numbers to be stored.
 */
export function spread(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE(0) / 0x7fff_ffff - 1;
}

/** A wait varied by up to {@link JITTER_RATIO} to both sides. */
export function withJitter(ms: number, seed: string): number {
  return Math.round(ms * (1 + JITTER_RATIO * spread(seed)));
}

/**
 * How long to wait after so many failures in a row: `baseMs` doubled with each further one, at most `capMs`, but never
 * sooner than `baseMs` and than the other side asked for.
 *
 * @param failures 1 after the first one
 */
export function backOffMs(failures: number, baseMs: number, capMs: number, retryAfterMs = 0): number {
  const doubled = baseMs * 2 ** Math.min(Math.max(0, failures - 1), MAX_DOUBLINGS);
  return Math.max(baseMs, Math.min(doubled, capMs), retryAfterMs);
}
