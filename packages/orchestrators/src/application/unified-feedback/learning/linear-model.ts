import { normalsOf } from './text-hash.js';

/** As it is stored. */
export interface LinearRecord {
  readonly weights: readonly number[];
  readonly updates: number;
}

/** The first weight is that of the constant 1. */
export interface LinearStart {
  readonly dimensions: number;
  /** Deviation of the weights at the start. */
  readonly deviation: number;
  /** What is predicted of something that is not known yet. */
  readonly expected: number;
}

/**
 * A reward as a weighted sum of features, learnt step by step: the least mean squares of Widrow and Hoff (1960), each
 * step divided by the squared length of the features, without which it diverges for long ones.
 */
export class LinearModel {
  readonly #weights: Float64Array;
  #updates: number;

  constructor(name: string, start: LinearStart, record?: LinearRecord) {
    this.#weights =
      record === undefined
        ? normalsOf(name, start.dimensions, start.deviation)
        : Float64Array.from(record.weights);
    if (record === undefined) this.#weights[0] = (this.#weights[0] as number) + start.expected;
    this.#updates = record?.updates ?? 0;
  }

  get updates(): number {
    return this.#updates;
  }

  predict(features: ArrayLike<number>): number {
    const weights = this.#weights;
    let sum = 0;
    for (let index = 0; index < weights.length; index += 1) {
      sum += (weights[index] as number) * (features[index] as number);
    }
    return sum;
  }

  /** @param rate From 0, no step, to 1, which makes the prediction for these features right. */
  learn(features: ArrayLike<number>, reward: number, rate: number): void {
    const weights = this.#weights;
    let length = 0;
    for (let index = 0; index < weights.length; index += 1) length += (features[index] as number) ** 2;
    this.#updates += 1;
    if (length === 0) return;
    const step = (rate * (reward - this.predict(features))) / length;
    for (let index = 0; index < weights.length; index += 1) {
      weights[index] = (weights[index] as number) + step * (features[index] as number);
    }
  }

  toRecord(): LinearRecord {
    return { weights: Array.from(this.#weights), updates: this.#updates };
  }
}
