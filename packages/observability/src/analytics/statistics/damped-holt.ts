/** Values on an even grid of times; `undefined` where nothing was observed. */
export type Grid = readonly (number | undefined)[];

/** Exponential smoothing with a damped trend, fitted. */
export interface DampedHolt {
  readonly alpha: number;
  /** Of the trend, as a part of the error: at most `alpha`. */
  readonly beta: number;
  /** 1 is Holt's linear trend; less flattens it. */
  readonly phi: number;
  readonly level: number;
  readonly trend: number;
  /** Standard deviation of the error of a forecast of one step. */
  readonly sigma: number;
  /** Values it was fitted to. */
  readonly n: number;
  /** Mean absolute error of the forecasts of one step, over that of "as before" (R. Hyndman, A. Koehler, 2006). */
  readonly scaledError: number;
}

const ALPHAS = [0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];
const BETA_SHARES = [0, 0.02, 0.1, 0.3, 0.6];
const PHIS = [0.8, 0.9, 0.95, 0.98, 1];
/** Three weights, and the state it begins with. */
const PARAMETERS = 5;

interface Weights {
  readonly alpha: number;
  readonly share: number;
  readonly phi: number;
}

interface Pass {
  readonly loss: number;
  readonly squares: number;
  readonly absolute: number;
  readonly level: number;
  readonly trend: number;
}

/**
 * The innovations form ETS(A, Ad, N) of R. Hyndman, A. Koehler, K. Ord and R. Snyder, "Forecasting with Exponential
 * Smoothing", 2008, ch. 2 and 6. Where nothing was observed the state moves on without correction, and the next error
 * weighs less for it. The weights are those with the highest likelihood on a grid, then refined.
 *
 * @param grid begins and ends with a value, six values at least
 */
export function fitDampedHolt(grid: Grid): DampedHolt {
  const start = beginning(grid);
  let best: Weights = { alpha: 0.1, share: 0, phi: 0.9 };
  let pass = run(grid, start, best);
  const consider = (weights: Weights): void => {
    const tried = run(grid, start, weights);
    if (tried.loss < pass.loss) [best, pass] = [weights, tried];
  };
  for (const alpha of ALPHAS)
    for (const share of BETA_SHARES) for (const phi of PHIS) consider({ alpha, share, phi });
  for (let reach = 0.5; reach > 0.1; reach /= 2) {
    for (const sign of [-1, 1]) {
      consider({ ...best, alpha: Math.max(0.001, Math.min(0.999, best.alpha * (1 + sign * reach * 0.5))) });
      consider({ ...best, share: Math.max(0, Math.min(1, best.share + sign * reach * 0.1)) });
      consider({ ...best, phi: Math.max(0.8, Math.min(1, best.phi + sign * reach * 0.04)) });
    }
  }
  const values = grid.filter((value) => value !== undefined);
  let naive = 0;
  for (let index = 1; index < values.length; index += 1)
    naive += Math.abs((values[index] as number) - (values[index - 1] as number));
  return {
    alpha: best.alpha,
    beta: best.alpha * best.share,
    phi: best.phi,
    level: pass.level,
    trend: pass.trend,
    sigma: Math.sqrt(pass.squares / Math.max(1, values.length - PARAMETERS)),
    n: values.length,
    scaledError: naive === 0 ? 0 : pass.absolute / values.length / (naive / (values.length - 1)),
  };
}

/** Degrees of freedom that the scatter was estimated with. */
export const degreesOf = (model: DampedHolt): number => Math.max(1, model.n - PARAMETERS);

/** The value expected `step` steps after the last one. */
export function expectedAt(model: DampedHolt, step: number): number {
  return model.level + damping(model.phi, step) * model.trend;
}

/** Standard deviation of the error of the forecast `step` steps after the last value. */
export function errorAt({ alpha, beta, phi, sigma }: DampedHolt, step: number): number {
  return sigma * Math.sqrt(spread(alpha, beta, phi, step));
}

/** φ + φ² + … + φ^step */
const damping = (phi: number, step: number): number =>
  phi === 1 ? step : (phi * (1 - phi ** step)) / (1 - phi);

/** The variance of a forecast over `step` steps, in that of one step. */
function spread(alpha: number, beta: number, phi: number, step: number): number {
  let sum = 1;
  let damped = 0;
  let power = 1;
  for (let j = 1; j < step; j += 1) {
    power *= phi;
    damped += power;
    sum += (alpha + beta * damped) ** 2;
  }
  return sum;
}

/** Level and trend before the first value: the line through the first third, ten values at least. */
function beginning(grid: Grid): { readonly level: number; readonly trend: number } {
  const wanted = Math.max(10, Math.ceil(grid.length / 3));
  let n = 0;
  let [sumX, sumY, sumXX, sumXY] = [0, 0, 0, 0];
  for (let x = 0; x < grid.length && n < wanted; x += 1) {
    const y = grid[x];
    if (y === undefined) continue;
    n += 1;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  const spreadX = sumXX - (sumX * sumX) / n;
  const trend = spreadX > 0 ? (sumXY - (sumX * sumY) / n) / spreadX : 0;
  return { level: sumY / n - trend * (sumX / n + 1), trend };
}

function run(grid: Grid, start: { level: number; trend: number }, { alpha, share, phi }: Weights): Pass {
  const beta = alpha * share;
  let { level, trend } = start;
  let missing = 0;
  let [squares, absolute, logs, n] = [0, 0, 0, 0];
  for (const value of grid) {
    const expected = level + phi * trend;
    trend *= phi;
    if (value === undefined) {
      level = expected;
      missing += 1;
      continue;
    }
    const error = value - expected;
    const weight = missing === 0 ? 1 : spread(alpha, beta, phi, missing + 1);
    if (missing > 0) logs += Math.log(weight);
    missing = 0;
    squares += (error * error) / weight;
    absolute += Math.abs(error);
    n += 1;
    level = expected + alpha * error;
    trend += beta * error;
  }
  return { loss: n * Math.log(Math.max(squares, 1e-300)) + logs, squares, absolute, level, trend };
}
