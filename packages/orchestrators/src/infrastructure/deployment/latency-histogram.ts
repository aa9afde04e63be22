/** Each upper bound is this much above the one before: what a quantile can be wrong by. */
const RATIO = 1.1;
const FIRST_MS = 0.5;
const COUNT = 128;

/**
 * Upper bounds of the buckets in milliseconds, ascending: 0.5 ms, each 10 % above the one before, the last
 * about 90 s; what is above that is in one more bucket without a bound. A quantile is therefore at most 10 %
 * too high, and never too low.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from(
  { length: COUNT },
  (_, i) => FIRST_MS * RATIO ** i,
);

/**
 * How many took up to each of {@link LATENCY_BOUNDS_MS}, not added up; the last number is of those above all
 * bounds.
 */
export type LatencyBuckets = readonly number[];

/** Index of the bucket of a duration; `ms` that is no number counts as the slowest. */
export function latencyBucket(ms: number): number {
  if (!(ms <= (LATENCY_BOUNDS_MS[COUNT - 1] as number))) return COUNT;
  let low = 0;
  let high = COUNT - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((LATENCY_BOUNDS_MS[middle] as number) >= ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** No durations yet. */
export function emptyBuckets(): number[] {
  return new Array<number>(COUNT + 1).fill(0);
}

/**
 * The smallest bound that the share `quantile` (above 0 to 1) of the durations does not exceed; `undefined`
 * without any, `Infinity` where it is above all bounds.
 */
export function latencyQuantile(buckets: LatencyBuckets, quantile: number): number | undefined {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = Math.ceil(total * quantile);
  let seen = 0;
  for (const [at, count] of buckets.entries()) {
    seen += count;
    if (seen >= rank) return LATENCY_BOUNDS_MS[at] ?? Infinity;
  }
  return Infinity;
}

/** How many certainly took longer than `ms`: those of buckets that begin there or later. */
export function countAbove(buckets: LatencyBuckets, ms: number): number {
  return buckets.reduce(
    (sum, count, at) => (at > 0 && (LATENCY_BOUNDS_MS[at - 1] as number) >= ms ? sum + count : sum),
    0,
  );
}
