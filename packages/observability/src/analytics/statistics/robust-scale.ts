import { medianSorted } from 'simple-statistics';

/** 1 / Φ⁻¹(3/4): makes the median absolute deviation of normal values their standard deviation. */
const MAD_TO_SIGMA = 1.4826022185056018;
/** √(π/2): the same for the mean absolute deviation. */
const MEAN_TO_SIGMA = 1.2533141373155001;

/** Where values lie and how far they scatter, whatever a minority of them does. */
export interface RobustScale {
  readonly median: number;
  /** Comparable to a standard deviation; 0 where all values are equal. */
  readonly sigma: number;
  /** What `sigma` was made of. More than half of the values being equal makes the median deviation 0. */
  readonly basis: 'median-deviation' | 'mean-deviation' | 'constant';
}

/**
 * Median, and the scale after Iglewicz and Hoaglin ("How to Detect and Handle Outliers", 1993): the median absolute
 * deviation, or where that is 0 the mean one, or where that is 0 too, nothing.
 *
 * @param sorted ascending, at least one value
 */
export function robustScale(sorted: ArrayLike<number>): RobustScale {
  const n = sorted.length;
  const median = medianSorted(sorted as number[]);
  const mad = medianDeviation(sorted, median);
  if (mad > 0) {
    // Croux and Rousseeuw, 1992: the median deviation of few values is too small.
    return { median, sigma: MAD_TO_SIGMA * mad * (n > 9 ? n / (n - 0.8) : 1), basis: 'median-deviation' };
  }
  let sum = 0;
  for (let index = 0; index < n; index += 1) sum += Math.abs((sorted[index] as number) - median);
  return sum > 0
    ? { median, sigma: (MEAN_TO_SIGMA * sum) / n, basis: 'mean-deviation' }
    : { median, sigma: 0, basis: 'constant' };
}

/** The median of |x − median|, by walking outwards from the middle of sorted values. */
function medianDeviation(sorted: ArrayLike<number>, median: number): number {
  const n = sorted.length;
  let right = n >> 1;
  let left = right - 1;
  let before = 0;
  let current = 0;
  for (let taken = 0; taken <= n >> 1; taken += 1) {
    before = current;
    const low = left >= 0 ? median - (sorted[left] as number) : Infinity;
    const high = right < n ? (sorted[right] as number) - median : Infinity;
    if (low < high) {
      current = low;
      left -= 1;
    } else {
      current = high;
      right += 1;
    }
  }
  return n % 2 === 1 ? current : (before + current) / 2;
}
