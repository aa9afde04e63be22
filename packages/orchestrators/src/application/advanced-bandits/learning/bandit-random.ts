import { stableHash } from './stable-hash.js';

/** The state of a {@link BanditRandom}: four unsigned 32-bit numbers, not all of them 0. */
export type BanditRandomState = readonly [number, number, number, number];

/**
 * Random numbers that can be saved and continued: the same state gives the same numbers, here and after a restart.
 *
 * xoshiro128** of Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM Transactions on
 * Mathematical Software 47 (2021), seeded by splitmix32. Period 2^128 − 1. Not for secrets.
 */
export class BanditRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  private constructor([a, b, c, d]: BanditRandomState) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** Of any text or number; equal seeds give equal numbers. */
  static seeded(seed: number | string): BanditRandom {
    let z = stableHash(String(seed));
    const next = (): number => {
      z = (z + 0x9e3779b9) | 0;
      let mixed = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return (mixed ^ (mixed >>> 16)) >>> 0;
    };
    return new BanditRandom([next(), next(), next(), next() | 1]);
  }

  /** Whether a value is the state of one. */
  static isState(value: unknown): value is BanditRandomState {
    return (
      Array.isArray(value) &&
      value.length === 4 &&
      value.every((each) => Number.isInteger(each) && each >= 0 && each <= 0xffffffff) &&
      value.some((each) => each !== 0)
    );
  }

  static restored(state: BanditRandomState): BanditRandom {
    return new BanditRandom(state);
  }

  get state(): BanditRandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  /** From 0 to 1, 1 excluded, of 53 random bits. */
  next(): number {
    return ((this.#bits() >>> 5) * 67_108_864 + (this.#bits() >>> 6)) / 9_007_199_254_740_992;
  }

  /** From the standard normal distribution, after Box and Muller (1958). Takes two numbers each time. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /**
   * From the Gamma distribution of scale 1, for `shape` >= 1. Marsaglia and Tsang, "A simple method for generating
   * gamma variables", ACM Transactions on Mathematical Software 26 (2000).
   */
  gamma(shape: number): number {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** An index with the probability that stands there; the probabilities sum to 1. */
  pick(probabilities: Float64Array): number {
    let left = this.next();
    let last = 0;
    for (const [index, probability] of probabilities.entries()) {
      if (probability <= 0) continue;
      last = index;
      left -= probability;
      if (left < 0) return index;
    }
    return last;
  }

  #bits(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }
}
