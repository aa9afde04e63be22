import type { BanditRandom } from '../learning/bandit-random.js';
import { bestOfNormals } from '../learning/probability-of-best.js';
import { readNumbers, readObject } from '../learning/read-model.js';
import { RidgeRegression } from '../learning/ridge-regression.js';
import type { BanditChoice, BanditModel, BanditObservation, BanditShape } from './bandit-model.js';
import { restoreAll } from './linucb.js';

/** What can be set of Thompson sampling with linear rewards. */
export interface ThompsonGaussianSettings {
  /** Precision of the prior of each weight, in units of the noise. Above 0. */
  readonly ridge: number;
  /** Shape of the inverse Gamma prior of the noise variance; the larger, the surer. 1 or more. */
  readonly noiseShape: number;
  /** Scale of that prior; scale / (shape − 1) is the variance expected at first. Above 0. */
  readonly noiseScale: number;
}

/**
 * Each action as often as it is likely to be the best, where rewards are linear in the input with normal noise of
 * unknown variance: a Bayesian linear regression for each action, with a normal-inverse-Gamma prior.
 *
 * Thompson, "On the likelihood that one unknown probability exceeds another in view of the evidence of two samples",
 * Biometrika 25 (1933); linear rewards: Agrawal and Goyal, "Thompson sampling for contextual bandits with linear
 * payoffs", ICML 2013; the posterior as in Riquelme, Tucker and Snoek, "Deep Bayesian bandits showdown", ICLR 2018.
 *
 * The noise variances are drawn; given these the probability of each action is integrated and the action drawn from
 * it, so that the propensity that is logged is the one that was used, not an estimate of it.
 */
export class ThompsonGaussian implements BanditModel {
  readonly algorithm = 'thompson_gaussian';
  readonly #regressions: readonly RidgeRegression[];
  readonly #shapes: Float64Array;
  readonly #scales: Float64Array;

  constructor(
    { dimension, actions }: BanditShape,
    { ridge, noiseShape, noiseScale }: ThompsonGaussianSettings,
  ) {
    this.#regressions = Array.from({ length: actions }, () => new RidgeRegression(dimension, 1, ridge));
    this.#shapes = new Float64Array(actions).fill(noiseShape);
    this.#scales = new Float64Array(actions).fill(noiseScale);
  }

  static sizeOf({ dimension, actions }: BanditShape): number {
    return actions * (RidgeRegression.sizeOf(dimension, 1) + 2);
  }

  choose(x: Float64Array, random: BanditRandom): BanditChoice {
    const scores = Float64Array.from(this.#regressions, (each) => each.predict(x));
    const deviations = Float64Array.from(this.#regressions, (each, at) => {
      const variance = (this.#scales[at] as number) / random.gamma(this.#shapes[at] as number);
      return Math.sqrt(variance * each.variance(x));
    });
    return { scores, probabilities: bestOfNormals(scores, deviations) };
  }

  expected(x: Float64Array, action: number): number {
    return this.#regressions[action]?.predict(x) ?? 0;
  }

  learn({ x, action, reward }: BanditObservation): void {
    const [surprise = 0] = this.#regressions[action]?.update(x, [reward]) ?? [];
    this.#shapes[action] = (this.#shapes[action] as number) + 0.5;
    this.#scales[action] = (this.#scales[action] as number) + 0.5 * surprise;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      regressions: this.#regressions.map((each) => each.snapshot()),
      shapes: [...this.#shapes],
      scales: [...this.#scales],
    };
  }

  restore(snapshot: unknown, path: string): void {
    const { regressions, shapes, scales } = readObject(snapshot, path);
    const actions = this.#regressions.length;
    const readShapes = readNumbers(shapes, actions, `${path}.shapes`);
    const readScales = readNumbers(scales, actions, `${path}.scales`);
    restoreAll(this.#regressions, regressions, `${path}.regressions`);
    this.#shapes.set(readShapes.map((shape) => Math.max(1, shape)));
    this.#scales.set(readScales.map((scale) => Math.max(Number.MIN_VALUE, scale)));
  }
}
