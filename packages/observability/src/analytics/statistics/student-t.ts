import { gammaln } from 'simple-statistics';
import { normalCdf, normalQuantile } from './normal.js';

const MAX_TERMS = 300;
const TINY = 1e-300;
const PRECISION = 1e-15;

/** The continued fraction of the incomplete beta function, by the modified method of Lentz (DLMF 8.17.22). */
function betaFraction(x: number, a: number, b: number): number {
  const safe = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MAX_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return fraction;
}

/** The regularised incomplete beta function I_x(a, b), for x from 0 to 1. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Above this many degrees of freedom t and normal differ by less than 1e-7. */
const NORMAL_FROM = 1e6;

/** The probability that |T| is at least `|t|`, for Student's t with `df` degrees of freedom, not necessarily whole. */
export function tTwoSidedP(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0)) return NaN;
  if (!Number.isFinite(t)) return 0;
  if (df > NORMAL_FROM) return 2 * normalCdf(-Math.abs(t));
  return incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/** The share of Student's t distribution with `df` degrees of freedom below `t`. */
export function tCdf(t: number, df: number): number {
  const tail = tTwoSidedP(t, df) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The value that Student's t with `df` degrees of freedom stays below with probability `p`. */
export function tQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1) || !(df > 0)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  if (p < 0.5) return -tQuantile(1 - p, df);
  if (df > NORMAL_FROM) return normalQuantile(p);
  // The tail falls monotonically: double until it is bracketed, then halve.
  const tail = 2 * (1 - p);
  let high = 1;
  while (tTwoSidedP(high, df) > tail && high < 1e300) high *= 2;
  let low = 0;
  for (let step = 0; step < 200 && high - low > 1e-13 * high; step += 1) {
    const middle = (low + high) / 2;
    if (tTwoSidedP(middle, df) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
