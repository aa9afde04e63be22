/** How two samples differ. */
export interface TwoSamples {
  /** The largest distance between their distribution functions, 0 to 1 (Kolmogorov–Smirnov). */
  readonly distance: number;
  /** The probability of such a distance where both come from one distribution. */
  readonly pValue: number;
  /** How far values must move to turn one sample into the other, on average, in the unit of the values (Wasserstein). */
  readonly shift: number;
}

/**
 * Kolmogorov–Smirnov for two samples, with the p-value of the limit distribution after Stephens' correction for small
 * samples (M. A. Stephens, J. R. Stat. Soc. B 32, 1970): within 0.01 of the exact one from 10 values each.
 * With ties it errs to the side of no difference.
 */
export function compareSamples(first: ArrayLike<number>, second: ArrayLike<number>): TwoSamples {
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  if (a.length === 0 || b.length === 0) return { distance: 0, pValue: 1, shift: 0 };
  let i = 0;
  let j = 0;
  let distance = 0;
  let shift = 0;
  let before = Math.min(a[0] as number, b[0] as number);
  while (i < a.length || j < b.length) {
    const value = Math.min(
      i < a.length ? (a[i] as number) : Infinity,
      j < b.length ? (b[j] as number) : Infinity,
    );
    const gap = Math.abs(i / a.length - j / b.length);
    distance = Math.max(distance, gap);
    shift += gap * (value - before);
    before = value;
    while (i < a.length && a[i] === value) i += 1;
    while (j < b.length && b[j] === value) j += 1;
  }
  const effective = Math.sqrt((a.length * b.length) / (a.length + b.length));
  return { distance, pValue: kolmogorovTail((effective + 0.12 + 0.11 / effective) * distance), shift };
}

/** The probability that Kolmogorov's statistic exceeds `x`. */
export function kolmogorovTail(x: number): number {
  if (x <= 0.2) return 1;
  if (x < 1.18) {
    // The form that converges fast where x is small (Marsaglia, Tsang, Wang, J. Stat. Softw. 8, 2003).
    const step = Math.exp((-Math.PI * Math.PI) / (8 * x * x));
    const sum = step + step ** 9 + step ** 25 + step ** 49;
    return Math.max(0, Math.min(1, 1 - (Math.sqrt(2 * Math.PI) / x) * sum));
  }
  const step = Math.exp(-2 * x * x);
  return Math.max(0, Math.min(1, 2 * (step - step ** 4 + step ** 9 - step ** 16)));
}
