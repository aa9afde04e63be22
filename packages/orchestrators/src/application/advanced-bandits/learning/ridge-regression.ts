import { readNumbers, readObject } from './read-model.js';

/**
 * Linear regression with a ridge penalty, one observation at a time, for one or several values that depend on the same
 * inputs. Keeps the inverse of λI + Σxxᵀ by rank-one updates (Sherman and Morrison, "Adjustment of an inverse matrix",
 * Annals of Mathematical Statistics 21 (1950)): an update costs O(d²) and nothing is kept of the observations.
 */
export class RidgeRegression {
  readonly dimension: number;
  readonly targets: number;
  readonly #inverse: Float64Array;
  readonly #weights: Float64Array;
  /** Inverse times input of the last call of {@link RidgeRegression.variance}; reused, never handed out. */
  readonly #scaled: Float64Array;

  /** @param priorPrecision λ, the ridge penalty; above 0 */
  constructor(dimension: number, targets: number, priorPrecision: number) {
    this.dimension = dimension;
    this.targets = targets;
    this.#inverse = new Float64Array(dimension * dimension);
    for (let at = 0; at < dimension; at += 1) this.#inverse[at * dimension + at] = 1 / priorPrecision;
    this.#weights = new Float64Array(dimension * targets);
    this.#scaled = new Float64Array(dimension);
  }

  /** How many numbers one keeps. */
  static sizeOf(dimension: number, targets: number): number {
    return dimension * dimension + dimension * targets;
  }

  predict(x: Float64Array, target = 0): number {
    const from = target * this.dimension;
    let sum = 0;
    for (let at = 0; at < this.dimension; at += 1) {
      sum += (x[at] as number) * (this.#weights[from + at] as number);
    }
    return sum;
  }

  /** xᵀ(λI + Σxxᵀ)⁻¹x: how little is known in this direction. Never below 0. */
  variance(x: Float64Array): number {
    const { dimension } = this;
    let sum = 0;
    for (let row = 0; row < dimension; row += 1) {
      let scaled = 0;
      const from = row * dimension;
      for (let at = 0; at < dimension; at += 1) {
        scaled += (this.#inverse[from + at] as number) * (x[at] as number);
      }
      this.#scaled[row] = scaled;
      sum += scaled * (x[row] as number);
    }
    return Math.max(0, sum);
  }

  /**
   * Learns one observation, which counts `weight` times; above 0.
   *
   * @returns by target, the squared error before it over 1 / weight + the variance: what the noise estimate of a Bayesian
   * linear model needs
   */
  update(x: Float64Array, values: readonly number[], weight = 1): readonly number[] {
    const { dimension } = this;
    const spread = 1 / weight + this.variance(x);
    const scaled = this.#scaled;
    const surprises: number[] = [];
    for (let target = 0; target < this.targets; target += 1) {
      const error = (values[target] as number) - this.predict(x, target);
      const from = target * dimension;
      for (let at = 0; at < dimension; at += 1) {
        this.#weights[from + at] =
          (this.#weights[from + at] as number) + ((scaled[at] as number) * error) / spread;
      }
      surprises.push((error * error) / spread);
    }
    // Both halves get the same number, so that rounding never makes the matrix lopsided.
    for (let row = 0; row < dimension; row += 1) {
      for (let at = 0; at <= row; at += 1) {
        const place = row * dimension + at;
        const value =
          (this.#inverse[place] as number) - ((scaled[row] as number) * (scaled[at] as number)) / spread;
        this.#inverse[place] = value;
        this.#inverse[at * dimension + row] = value;
      }
    }
    return surprises;
  }

  snapshot(): RidgeSnapshot {
    return { inverse: [...this.#inverse], weights: [...this.#weights] };
  }

  /** @throws BanditError `BANDIT_MODEL_INVALID` */
  restore(value: unknown, path: string): void {
    const { inverse, weights } = readObject(value, path);
    const read = readNumbers(inverse, this.#inverse.length, `${path}.inverse`);
    this.#weights.set(readNumbers(weights, this.#weights.length, `${path}.weights`));
    this.#inverse.set(read);
  }
}

/** What {@link RidgeRegression} is saved as. */
export interface RidgeSnapshot {
  readonly inverse: readonly number[];
  readonly weights: readonly number[];
}
