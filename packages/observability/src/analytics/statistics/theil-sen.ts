import { medianSorted } from 'simple-statistics';
import { normalCdf, normalQuantile } from './normal.js';

/** A slope that up to 29 % of wild points cannot move. */
export interface TheilSenFit {
  readonly n: number;
  /** Median of the slopes between all pairs. */
  readonly slope: number;
  readonly interval: readonly [number, number];
  /** Of no trend: the Mann–Kendall test. */
  readonly pValue: number;
  /** Kendall's S: rising pairs minus falling ones. */
  readonly s: number;
  /** A point the line passes through: the medians. */
  readonly at: number;
  readonly value: number;
}

/**
 * The Theil–Sen slope with Sen's confidence interval (P. K. Sen, J. Am. Stat. Assoc. 63, 1968) and the p-value of
 * Mann and Kendall, normal approximation with corrections for ties and for continuity (M. G. Kendall, "Rank
 * Correlation Methods", 1975; good from about 10 points). Time and memory grow with n².
 *
 * @returns `undefined` for fewer than three points, or where all x are equal.
 */
export function theilSen(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  confidence = 0.95,
): TheilSenFit | undefined {
  const n = x.length;
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let count = 0;
  let s = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) {
      const dx = (x[j] as number) - (x[i] as number);
      const dy = (y[j] as number) - (y[i] as number);
      if (dx === 0) continue;
      s += Math.sign(dy) * Math.sign(dx);
      slopes[count] = dy / dx;
      count += 1;
    }
  }
  if (n < 3 || count === 0) return undefined;
  const sorted = slopes.subarray(0, count).sort();
  const sigma = Math.sqrt(kendallVariance(n, y));
  const reach = normalQuantile((1 + confidence) / 2) * sigma;
  const clamp = (index: number): number => Math.max(0, Math.min(count - 1, Math.round(index)));
  const z = sigma === 0 || s === 0 ? 0 : (s - Math.sign(s)) / sigma;
  return {
    n,
    slope: medianSorted(sorted as unknown as number[]),
    interval: [
      sorted[clamp((count - reach) / 2 - 1)] as number,
      sorted[clamp((count + reach) / 2)] as number,
    ],
    pValue: Math.min(1, 2 * normalCdf(-Math.abs(z))),
    s,
    at: medianSorted(Float64Array.from(x).sort() as unknown as number[]),
    value: medianSorted(Float64Array.from(y).sort() as unknown as number[]),
  };
}

/** The variance of S: n (n − 1) (2n + 5) less the same of each group of ties, through 18. */
function kendallVariance(n: number, y: ArrayLike<number>): number {
  const term = (t: number): number => t * (t - 1) * (2 * t + 5);
  const sorted = Float64Array.from(y).sort();
  let ties = 0;
  for (let start = 0; start < n;) {
    let end = start + 1;
    while (end < n && sorted[end] === sorted[start]) end += 1;
    ties += term(end - start);
    start = end;
  }
  return Math.max(0, term(n) - ties) / 18;
}
