import { readCount, readObject } from '../learning/read-model.js';
import { RidgeRegression } from '../learning/ridge-regression.js';
import {
  type BanditChoice,
  type BanditModel,
  type BanditObservation,
  type BanditShape,
  greatest,
} from './bandit-model.js';
import { restoreAll } from './linucb.js';

/** What can be set of the doubly robust learner. */
export interface DoublyRobustSettings {
  /** Ridge penalty of its regressions. Above 0. */
  readonly ridge: number;
  /** How fast it turns from trying to using: the gap between scores counts this × √n after n rewards. Above 0. */
  readonly greed: number;
}

/**
 * Learns a value for every action from the reward of one: the reward model's guess for each, corrected for the action
 * that was taken by what the guess missed over the propensity. The estimate is right on average if either the guesses
 * or the propensities are. A second regression of these estimates on the input ranks the actions, and each is taken
 * with a probability that falls with its distance from the best. In it an estimate counts as often as its action was
 * likely, because that is how sure it is: without this a rare action's estimates drown all others.
 *
 * The estimate: Dudík, Langford and Li, "Doubly robust policy evaluation and learning", ICML 2011. The weights: Zhan,
 * Hadad, Hirshberg and Athey, "Off-policy evaluation via adaptive weighting with data from contextual bandits", KDD 2021. The choice: inverse
 * gap weighting, Abe and Long, "Associative reinforcement learning using linear probabilistic concepts", ICML 1999,
 * with γ = greed × √n after Foster and Rakhlin, "Beyond UCB: optimal and efficient contextual bandits with regression
 * oracles", ICML 2020.
 */
export class DoublyRobust implements BanditModel {
  readonly algorithm = 'doubly_robust';
  readonly #greed: number;
  readonly #guesses: readonly RidgeRegression[];
  readonly #values: readonly RidgeRegression[];
  #learnt = 0;

  constructor({ dimension, actions }: BanditShape, { ridge, greed }: DoublyRobustSettings) {
    this.#greed = greed;
    this.#guesses = Array.from({ length: actions }, () => new RidgeRegression(dimension, 1, ridge));
    this.#values = Array.from({ length: actions }, () => new RidgeRegression(dimension, 1, ridge));
  }

  static sizeOf({ dimension, actions }: BanditShape): number {
    return 2 * actions * RidgeRegression.sizeOf(dimension, 1);
  }

  choose(x: Float64Array): BanditChoice {
    const actions = this.#guesses.length;
    const scores = Float64Array.from(this.#values, (value) => value.predict(x));
    const best = greatest(scores);
    const gamma = this.#greed * Math.sqrt(this.#learnt);
    let rest = 1;
    const probabilities = scores.map((score, action) => {
      if (action === best) return 0;
      const probability = 1 / (actions + gamma * ((scores[best] as number) - score));
      rest -= probability;
      return probability;
    });
    probabilities[best] = rest;
    return { scores, probabilities };
  }

  expected(x: Float64Array, action: number): number {
    return this.#values[action]?.predict(x) ?? 0;
  }

  /** The doubly robust estimate of every action's reward in one observation, of what is known before it. */
  estimates({ x, action, reward, probabilities }: BanditObservation): readonly number[] {
    return this.#guesses.map((guess, each) => {
      const expected = guess.predict(x);
      return each === action ? expected + (reward - expected) / (probabilities[action] as number) : expected;
    });
  }

  learn(observation: BanditObservation): void {
    for (const [action, estimate] of this.estimates(observation).entries()) {
      const probability = observation.probabilities[action] as number;
      if (probability > 0) this.#values[action]?.update(observation.x, [estimate], probability);
    }
    this.#guesses[observation.action]?.update(observation.x, [observation.reward]);
    this.#learnt += 1;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      guesses: this.#guesses.map((each) => each.snapshot()),
      values: this.#values.map((each) => each.snapshot()),
      learnt: this.#learnt,
    };
  }

  restore(snapshot: unknown, path: string): void {
    const { guesses, values, learnt } = readObject(snapshot, path);
    const count = readCount(learnt, `${path}.learnt`);
    restoreAll(this.#guesses, guesses, `${path}.guesses`);
    restoreAll(this.#values, values, `${path}.values`);
    this.#learnt = count;
  }
}
