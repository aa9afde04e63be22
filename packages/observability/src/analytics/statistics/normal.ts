import { probit } from 'simple-statistics';

/** Highest first: numerator and denominator of the rational approximation. */
const UPPER = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
];
const LOWER = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
];

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/**
 * The share of a standard normal distribution below `z`, to about 1e-15, the tails included. Hart's approximation as
 * given by G. West, "Better approximations to cumulative normal functions", Wilmott, 2005.
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z);
  let tail = 0;
  if (x <= 37) {
    const density = Math.exp((-x * x) / 2);
    tail =
      x < 7.07106781186547
        ? (density * polynomial(UPPER, x)) / polynomial(LOWER, x)
        : density / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) / 2.506628274631;
  }
  return z > 0 ? 1 - tail : tail;
}

/**
 * The value below which a share `p` of a standard normal distribution lies; ±Infinity at 0 and 1.
 * The approximation of simple-statistics (three digits), made exact with Halley's method on {@link normalCdf}.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  let z = p < 1e-15 ? -Math.sqrt(-2 * Math.log(p)) : probit(p);
  for (let step = 0; step < 6; step += 1) {
    const error = ((normalCdf(z) - p) * Math.sqrt(2 * Math.PI)) / Math.exp((-z * z) / 2);
    z -= error / (1 + (z * error) / 2);
  }
  return z;
}
