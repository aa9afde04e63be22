import { tQuantile, tTwoSidedP } from './student-t.js';

/** A straight line through points, y = mean y + slope · (x − mean x), with what its uncertainty is made of. */
export interface LinearFit {
  /** Points. */
  readonly n: number;
  /** Points that the residuals are worth: fewer than `n` where each resembles the one before. */
  readonly effectiveN: number;
  readonly meanX: number;
  readonly meanY: number;
  /** Of y for 1 of x. */
  readonly slope: number;
  readonly slopeError: number;
  /** Two-sided, of a slope of 0. */
  readonly pValue: number;
  /** Share of the variance that the line explains, 0 to 1. */
  readonly rSquared: number;
  /** Standard deviation of the residuals. */
  readonly residualError: number;
  /** Sum of squares of x about its mean. */
  readonly sumXX: number;
  readonly degreesOfFreedom: number;
}

/**
 * Ordinary least squares on centred values, which epoch milliseconds need: their squares do not fit a double.
 *
 * With `adjust`, residuals that resemble the ones before are worth fewer points: n (1 − r) / (1 + r), where r is their
 * correlation at lag 1 (Santer et al., "Statistical significance of trends", J. Geophys. Res. 105, 2000). Without it
 * slow noise passes for a trend.
 *
 * @returns `undefined` for fewer than three points, or where all x are equal.
 */
export function linearFit(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: { readonly adjust?: boolean } = {},
): LinearFit | undefined {
  const n = x.length;
  if (n < 3) return undefined;
  let meanX = 0;
  let meanY = 0;
  for (let index = 0; index < n; index += 1) {
    meanX += ((x[index] as number) - meanX) / (index + 1);
    meanY += ((y[index] as number) - meanY) / (index + 1);
  }
  let sumXX = 0;
  let sumXY = 0;
  let sumYY = 0;
  for (let index = 0; index < n; index += 1) {
    const dx = (x[index] as number) - meanX;
    const dy = (y[index] as number) - meanY;
    sumXX += dx * dx;
    sumXY += dx * dy;
    sumYY += dy * dy;
  }
  if (!(sumXX > 0)) return undefined;
  const slope = sumXY / sumXX;
  let squares = 0;
  let lagged = 0;
  let before = 0;
  for (let index = 0; index < n; index += 1) {
    const residual = (y[index] as number) - meanY - slope * ((x[index] as number) - meanX);
    squares += residual * residual;
    if (index > 0) lagged += residual * before;
    before = residual;
  }
  // What is left of values that lie on a line is rounding.
  if (squares <= sumYY * 1e-24) squares = 0;
  const correlation = options.adjust === true && squares > 0 ? lagged / squares : 0;
  const effectiveN = correlation > 0 ? Math.max(3, (n * (1 - correlation)) / (1 + correlation)) : n;
  const degreesOfFreedom = effectiveN - 2;
  const residualError = Math.sqrt(squares / degreesOfFreedom);
  const slopeError = residualError / Math.sqrt(sumXX);
  return {
    n,
    effectiveN,
    meanX,
    meanY,
    slope,
    slopeError,
    pValue: slope === 0 ? 1 : tTwoSidedP(slope / slopeError, degreesOfFreedom),
    rSquared: sumYY === 0 ? 0 : Math.max(0, Math.min(1, 1 - squares / sumYY)),
    residualError,
    sumXX,
    degreesOfFreedom,
  };
}

/** The value of the line at `x`. */
export const valueAt = (fit: LinearFit, x: number): number => fit.meanY + fit.slope * (x - fit.meanX);

/** An interval that holds the true slope with the given confidence (0 to 1). */
export function slopeInterval(fit: LinearFit, confidence: number): readonly [number, number] {
  const reach =
    fit.slopeError === 0 ? 0 : tQuantile((1 + confidence) / 2, fit.degreesOfFreedom) * fit.slopeError;
  return [fit.slope - reach, fit.slope + reach];
}

/** How far a new observation at `x` may lie from the line, with the given confidence. */
export function predictionReach(fit: LinearFit, x: number, confidence: number): number {
  const away = x - fit.meanX;
  const spread = Math.sqrt(1 + 1 / fit.effectiveN + (away * away) / fit.sumXX);
  return fit.residualError === 0
    ? 0
    : tQuantile((1 + confidence) / 2, fit.degreesOfFreedom) * fit.residualError * spread;
}
