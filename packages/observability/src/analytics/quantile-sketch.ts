import { DDSketch } from '@datadog/sketches-js';
import { shown } from '../option-checks.js';
import { AnalyticsOptionError } from './analytics-error.js';

/** Magnitudes below count as 0; those above as this. Between them lie 21 powers of ten, which bounds the memory. */
export const SMALLEST_MAGNITUDE = 1e-9;
export const LARGEST_MAGNITUDE = 1e12;

const DEFAULT_RELATIVE_ERROR = 0.01;

/**
 * Quantiles of any number of values in bounded memory; sketches of several processes or periods can be merged with
 * nothing lost. Each quantile is within `relativeError` of a value that was added (C. Masson et al., "DDSketch",
 * PVLDB 12, 2019), for magnitudes from 1e-9 to 1e12. At 1 % at most 2 × 20 KB, typically 1 to 4 KB.
 *
 * Version 2.1.1 of the library loses values when it merges and when its stores collapse. So positive and negative
 * values have a sketch each, neither collapses, and merging goes bin by bin.
 */
export class QuantileSketch {
  /** 0 to 1. */
  readonly relativeError: number;
  readonly #positive: DDSketch;
  #negative: DDSketch | undefined;
  #zeros = 0;
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;

  /**
   * @param relativeError more than 0, less than 1
   * @throws {@link AnalyticsOptionError}
   */
  constructor(relativeError: number = DEFAULT_RELATIVE_ERROR) {
    if (typeof relativeError !== 'number' || !(relativeError >= 1e-4 && relativeError < 1)) {
      throw new AnalyticsOptionError(
        `relativeError is ${shown(relativeError)}.`,
        'Give a number from 0.0001 to below 1, such as 0.01.',
      );
    }
    this.relativeError = relativeError;
    this.#positive = new DDSketch({ relativeAccuracy: relativeError });
  }

  get count(): number {
    return this.#zeros + this.#positive.count + (this.#negative?.count ?? 0);
  }

  /** The exact lowest value; `undefined` while empty. */
  get min(): number | undefined {
    return this.count === 0 ? undefined : this.#min;
  }

  /** The exact highest value; `undefined` while empty. */
  get max(): number | undefined {
    return this.count === 0 ? undefined : this.#max;
  }

  get sum(): number {
    return this.#sum;
  }

  /** `undefined` while empty, and where the sum is beyond what a number can hold. */
  get mean(): number | undefined {
    return this.count === 0 || !Number.isFinite(this.#sum) ? undefined : this.#sum / this.count;
  }

  /** Adds a value. What is no finite number is left out; the answer says so. */
  add(value: number): boolean {
    if (!Number.isFinite(value)) return false;
    const magnitude = Math.abs(value);
    if (magnitude < SMALLEST_MAGNITUDE) this.#zeros += 1;
    else if (value > 0) this.#positive.accept(Math.min(magnitude, LARGEST_MAGNITUDE));
    else this.#negatives().accept(Math.min(magnitude, LARGEST_MAGNITUDE));
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#sum += value;
    return true;
  }

  /** The value at the rank nearest to `q` (0 to 1) of all; `undefined` while empty or for another `q`. */
  quantile(q: number): number | undefined {
    const { count } = this;
    if (count === 0 || !(q >= 0 && q <= 1)) return undefined;
    const rank = Math.round(q * (count - 1));
    const negatives = this.#negative?.count ?? 0;
    const value =
      rank < negatives
        ? -valueAtRank(this.#negatives(), negatives - 1 - rank)
        : rank < negatives + this.#zeros
          ? 0
          : valueAtRank(this.#positive, rank - negatives - this.#zeros);
    // Never beyond what has been seen.
    return Math.min(this.#max, Math.max(this.#min, value));
  }

  /**
   * Adds all values of another sketch; that one stays as it is.
   *
   * @throws {@link AnalyticsOptionError} for what is no sketch, and where the two have different relative errors.
   */
  merge(other: QuantileSketch): this {
    if (!(other instanceof QuantileSketch)) {
      throw new AnalyticsOptionError(`The sketch to be merged is ${shown(other)}.`, 'Give a QuantileSketch.');
    }
    if (other.relativeError !== this.relativeError) {
      throw new AnalyticsOptionError(
        `A sketch with a relative error of ${String(other.relativeError)} was to be merged into one of ${String(this.relativeError)}.`,
        'Make both with the same relative error.',
      );
    }
    addBins(this.#positive, other.#positive);
    if (other.#negative !== undefined) addBins(this.#negatives(), other.#negative);
    this.#zeros += other.#zeros;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#sum += other.#sum;
    return this;
  }

  #negatives(): DDSketch {
    return (this.#negative ??= new DDSketch({ relativeAccuracy: this.relativeError }));
  }
}

const valueAtRank = (sketch: DDSketch, rank: number): number =>
  sketch.mapping.value(sketch.store.keyAtRank(rank));

/** The value of a bin lies in that bin, so nothing moves. */
function addBins(into: DDSketch, from: DDSketch): void {
  const { bins, offset } = from.store;
  // A copy: a sketch may be merged with itself.
  [...bins].forEach((count, index) => {
    if (count > 0) into.accept(into.mapping.value(index + offset), count);
  });
}
