/**
 * How likely it is that of `trials` independent tries `hits` or more succeed, where each does with
 * probability `p` (0 to 1). Exact up to rounding for hits above the expectation; 1 for all others, which are
 * no surprise.
 */
export function binomialTail(trials: number, hits: number, p: number): number {
  if (hits <= trials * p || hits <= 0) return 1;
  if (hits > trials || p <= 0) return 0;
  const logTerm =
    logFactorial(trials) -
    logFactorial(hits) -
    logFactorial(trials - hits) +
    hits * Math.log(p) +
    (trials - hits) * Math.log1p(-p);
  let term = Math.exp(logTerm);
  let sum = 0;
  // Above the expectation each term is smaller than the one before.
  for (let k = hits; k <= trials && term > sum * 1e-12; k += 1) {
    sum += term;
    term *= ((trials - k) / (k + 1)) * (p / (1 - p));
  }
  return Math.min(1, sum);
}

/** Stirling's series (Abramowitz and Stegun, 6.1.41): right to 1e-9 from 10 on; below that added up. */
function logFactorial(n: number): number {
  if (n < 10) {
    let sum = 0;
    for (let k = 2; k <= n; k += 1) sum += Math.log(k);
    return sum;
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}
