import { readArray, readObject } from '../learning/read-model.js';
import { RidgeRegression } from '../learning/ridge-regression.js';
import {
  type BanditChoice,
  type BanditModel,
  type BanditObservation,
  type BanditShape,
  greedyProbabilities,
} from './bandit-model.js';

/** What can be set of LinUCB. */
export interface LinUcbSettings {
  /** Width of the confidence bound, in deviations. Above 0. */
  readonly alpha: number;
  /** Ridge penalty of each action's regression. Above 0. */
  readonly ridge: number;
}

/**
 * The action whose reward could be highest: a linear regression for each action, plus α deviations of its estimate.
 * Chooses without randomness, except among equals.
 *
 * LinUCB with disjoint linear models: Li, Chu, Langford and Schapire, "A contextual-bandit approach to personalized
 * news article recommendation", WWW 2010, algorithm 1; regret of order √(Td) up to logarithms: Chu, Li, Reyzin and
 * Schapire, "Contextual bandits with linear payoff functions", AISTATS 2011.
 */
export class LinUcb implements BanditModel {
  readonly algorithm = 'linucb';
  readonly #alpha: number;
  readonly #regressions: readonly RidgeRegression[];

  constructor({ dimension, actions }: BanditShape, { alpha, ridge }: LinUcbSettings) {
    this.#alpha = alpha;
    this.#regressions = Array.from({ length: actions }, () => new RidgeRegression(dimension, 1, ridge));
  }

  static sizeOf({ dimension, actions }: BanditShape): number {
    return actions * RidgeRegression.sizeOf(dimension, 1);
  }

  choose(x: Float64Array): BanditChoice {
    const scores = Float64Array.from(
      this.#regressions,
      (each) => each.predict(x) + this.#alpha * Math.sqrt(each.variance(x)),
    );
    return { scores, probabilities: greedyProbabilities(scores) };
  }

  expected(x: Float64Array, action: number): number {
    return this.#regressions[action]?.predict(x) ?? 0;
  }

  learn({ x, action, reward }: BanditObservation): void {
    this.#regressions[action]?.update(x, [reward]);
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { regressions: this.#regressions.map((each) => each.snapshot()) };
  }

  restore(snapshot: unknown, path: string): void {
    restoreAll(this.#regressions, readObject(snapshot, path)['regressions'], `${path}.regressions`);
  }
}

/** @throws BanditError `BANDIT_MODEL_INVALID` */
export function restoreAll(regressions: readonly RidgeRegression[], value: unknown, path: string): void {
  const list = readArray(value, path, regressions.length);
  for (const [at, regression] of regressions.entries()) regression.restore(list[at], `${path}[${at}]`);
}
