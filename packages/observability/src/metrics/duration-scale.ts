import { shown } from '../option-checks.js';
import { MetricsOptionsError } from './metrics-error.js';

/** Upper bounds in seconds: in-process calls take microseconds, those that ask a model up to minutes. */
export const DEFAULT_BUCKETS: readonly number[] = Object.freeze([
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
]);
const MAX_BUCKETS = 64;
/** Powers of two of a microsecond that are looked up, up to 2^31 µs: about 36 minutes. */
const POWERS = 32;
const MAX_MICROS = 2 ** 31 - 1;

/**
 * The buckets of a histogram of durations. A bucket is found through the power of two that the duration lies in, which
 * leaves a comparison or two; the count is exact for any bounds.
 */
export class DurationScale {
  /** Upper bounds in seconds, inclusive, ascending; what is above the last counts as `+Inf`. */
  readonly bounds: readonly number[];
  /** The labels of the buckets, the one without an upper bound last. */
  readonly labels: readonly { readonly le: number | string }[];
  readonly #boundsMs: Float64Array;
  /** For each power of two, the first bucket that a duration of it can be in. */
  readonly #first = new Uint8Array(POWERS + 1);

  /** @throws MetricsOptionsError for bounds that are not 1 to 64 ascending positive numbers */
  constructor(bounds: readonly number[] = DEFAULT_BUCKETS) {
    const isAscending = (bound: unknown, at: number): boolean =>
      typeof bound === 'number' &&
      Number.isFinite(bound) &&
      bound > (at === 0 ? 0 : (bounds[at - 1] as number));
    if (
      !Array.isArray(bounds) ||
      bounds.length === 0 ||
      bounds.length > MAX_BUCKETS ||
      !bounds.every(isAscending)
    ) {
      throw new MetricsOptionsError(
        `buckets must be 1 to ${MAX_BUCKETS} numbers of seconds above 0, each larger than the one before, got ${Array.isArray(bounds) ? bounds.map(shown).join(',') : shown(bounds)}.`,
      );
    }
    this.bounds = Object.freeze([...(bounds as readonly number[])]);
    this.labels = Object.freeze([...this.bounds, '+Inf'].map((le) => Object.freeze({ le })));
    this.#boundsMs = Float64Array.from(this.bounds, (seconds) => seconds * 1_000);
    for (let power = 0; power <= POWERS; power += 1) {
      const fromMs = power === 0 ? 0 : 2 ** (power - 1) / 1_000;
      const first = this.#boundsMs.findIndex((bound) => bound >= fromMs);
      this.#first[power] = first === -1 ? this.#boundsMs.length : first;
    }
  }

  /** Buckets, the one without an upper bound included. */
  get size(): number {
    return this.#boundsMs.length + 1;
  }

  /** The index of the bucket of a duration in milliseconds. */
  bucketOf(durationMs: number): number {
    const micros = durationMs * 1_000;
    const power = micros < 1 ? 0 : 32 - Math.clz32(micros > MAX_MICROS ? MAX_MICROS : micros);
    const bounds = this.#boundsMs;
    let at = this.#first[power] as number;
    while (at < bounds.length && durationMs > (bounds[at] as number)) at += 1;
    return at;
  }
}
