/** Ordinary least squares of `y` over `x`, with the bounds that the slope is above and below with 95 % confidence each. */
export function slopeOf(points) {
  const n = points.length;
  if (n < 3) throw new RangeError(`A slope with confidence needs at least 3 points, got ${n}.`);
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / n;
  const meanX = mean(({ x }) => x);
  const meanY = mean(({ y }) => y);
  let xx = 0;
  let xy = 0;
  for (const { x, y } of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  if (xx === 0) throw new RangeError('A slope needs points at more than one place.');
  const slope = xy / xx;
  const squares = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(squares / (n - 2) / xx);
  const reach = tOf95(n - 2) * error;
  return { slope, atLeast: slope - reach, atMost: slope + reach };
}

/**
 * The 95th percentile of Student's t, by the first three terms of its expansion around the normal distribution
 * (Abramowitz and Stegun, 26.7.5); exact to 2 % from three degrees of freedom on.
 */
export function tOf95(degrees) {
  const z = 1.6448536269514722;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
}

/** The share `ratio` of the numbers is not above it. */
export function percentile(numbers, ratio) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * ratio) - 1))] ?? 0;
}
