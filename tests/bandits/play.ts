import type { BanditModel, BanditRandom } from '@kapelle/orchestrators';

import type { Simulator } from './simulators.js';

/** How a run is played. */
export interface PlaySettings {
  readonly rounds: number;
  /** Rounds after which the regret is noted. */
  readonly at?: readonly number[];
  /** First rounds that go through the actions in turn. */
  readonly forced?: number;
  /** Rewards come in batches of so many. */
  readonly delay?: number;
}

/** Plays a model against a simulator; gives the regret at each noted round, in expected rewards. */
export function play(
  model: BanditModel,
  simulator: Simulator,
  random: BanditRandom,
  { rounds, at = [rounds], forced = 0, delay = 1 }: PlaySettings,
): number[] {
  const noted: number[] = [];
  let waiting: Parameters<BanditModel['learn']>[0][] = [];
  let regret = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const { x, means, rewards } = simulator.next();
    const turn = (round - 1) % simulator.actions;
    const probabilities =
      round <= forced
        ? new Float64Array(simulator.actions).map((_, action) => (action === turn ? 1 : 0))
        : model.choose(x, random).probabilities;
    const action = round <= forced ? turn : random.pick(probabilities);
    regret += Math.max(...means) - (means[action] as number);
    waiting.push({ x, action, reward: rewards[action] as number, probabilities });
    if (round % delay === 0) {
      for (const observation of waiting) model.learn(observation);
      waiting = [];
    }
    if (at.includes(round)) noted.push(regret);
  }
  return noted;
}

/** Regret of taking each action equally often. */
export function uniformRegret(simulator: Simulator, rounds: number): number {
  let regret = 0;
  for (let round = 0; round < rounds; round += 1) {
    const { means } = simulator.next();
    regret += Math.max(...means) - means.reduce((sum, mean) => sum + mean, 0) / means.length;
  }
  return regret;
}

/** Mean of values from different seeds, and half of its 95 % interval by Student's t. */
export function meanOf(values: readonly number[]): {
  readonly mean: number;
  readonly half: number;
  readonly sd: number;
} {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  const degrees = values.length - 1;
  // Student's quantile by the expansion of Cornish and Fisher; within 0.5 % from 5 degrees of freedom on.
  const z = 1.959964;
  const t = z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
  return { mean, half: (t * sd) / Math.sqrt(values.length), sd };
}
