import { bestOfBetas } from '../learning/probability-of-best.js';
import { readNumbers, readObject } from '../learning/read-model.js';
import type { BanditChoice, BanditModel, BanditObservation, BanditShape } from './bandit-model.js';

/**
 * Each action as often as it is likely to be the best, whatever the input: a Beta(1 + s, 1 + f) belief about the mean
 * reward of each, for rewards that sum to s of n = s + f.
 *
 * Thompson, Biometrika 25 (1933); Chapelle and Li, "An empirical evaluation of Thompson sampling", NIPS 2011. For
 * rewards of 0 or 1 it reaches the lower bound of Lai and Robbins (1985) in the limit: Kaufmann, Korda and Munos,
 * "Thompson sampling: an asymptotically optimal finite-time analysis", ALT 2012. A reward between 0 and 1 counts as
 * that share of a success, which keeps the mean right and the belief wider than need be.
 */
export class ThompsonBeta implements BanditModel {
  readonly algorithm = 'thompson_beta';
  readonly #successes: Float64Array;
  readonly #failures: Float64Array;

  constructor({ actions }: Pick<BanditShape, 'actions'>) {
    this.#successes = new Float64Array(actions).fill(1);
    this.#failures = new Float64Array(actions).fill(1);
  }

  static sizeOf({ actions }: BanditShape): number {
    return 2 * actions;
  }

  choose(): BanditChoice {
    return {
      scores: this.#successes.map((_, action) => this.expected(undefined, action)),
      probabilities: bestOfBetas(this.#successes, this.#failures),
    };
  }

  expected(_x: unknown, action: number): number {
    const successes = this.#successes[action] as number;
    return successes / (successes + (this.#failures[action] as number));
  }

  learn({ action, reward }: BanditObservation): void {
    const within = Math.min(1, Math.max(0, reward));
    this.#successes[action] = (this.#successes[action] as number) + within;
    this.#failures[action] = (this.#failures[action] as number) + 1 - within;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { successes: [...this.#successes], failures: [...this.#failures] };
  }

  restore(snapshot: unknown, path: string): void {
    const { successes, failures } = readObject(snapshot, path);
    const readSuccesses = readNumbers(successes, this.#successes.length, `${path}.successes`);
    this.#failures.set(
      readNumbers(failures, this.#failures.length, `${path}.failures`).map((each) => Math.max(1, each)),
    );
    this.#successes.set(readSuccesses.map((each) => Math.max(1, each)));
  }
}
