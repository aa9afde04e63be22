import type { BanditRandom } from '../learning/bandit-random.js';

/** The algorithms, the default one first. */
export const BANDIT_ALGORITHMS = [
  'doubly_robust',
  'offset_tree',
  'linucb',
  'thompson_gaussian',
  'thompson_beta',
] as const;

/** Name of an algorithm. */
export type BanditAlgorithm = (typeof BANDIT_ALGORITHMS)[number];

/** What a model would do. The arrays belong to the caller. */
export interface BanditChoice {
  /** What the model ranks the actions by; the greatest is its greedy choice. The scale is the algorithm's own. */
  readonly scores: Float64Array;
  /** How likely it takes each action; they sum to 1. */
  readonly probabilities: Float64Array;
}

/** One decision whose reward is known. */
export interface BanditObservation {
  readonly x: Float64Array;
  /** Index of the action that was taken. */
  readonly action: number;
  readonly reward: number;
  /** How likely each action was to be taken, when it was decided; that of `action` is above 0. */
  readonly probabilities: Float64Array;
}

/** What learns from rewards and chooses among a fixed number of actions. Not safe to share between domains. */
export interface BanditModel {
  readonly algorithm: BanditAlgorithm;
  choose(x: Float64Array, random: BanditRandom): BanditChoice;
  /** The reward it expects of an action. */
  expected(x: Float64Array, action: number): number;
  learn(observation: BanditObservation): void;
  /** JSON-like data that {@link BanditModel.restore} takes. */
  snapshot(): Readonly<Record<string, unknown>>;
  /**
   * Becomes what a snapshot of the same shape was made of. Where that fails it is to be thrown away.
   *
   * @throws BanditError `BANDIT_MODEL_INVALID`
   */
  restore(snapshot: unknown, path: string): void;
  /** Figures of the model's own, such as the depth of a tree. */
  figures?(): Readonly<Record<string, number>>;
}

/** How many inputs and actions a model has. */
export interface BanditShape {
  /** Numbers in the input, the constant 1 included. */
  readonly dimension: number;
  readonly actions: number;
}

/** All probability on the greatest score, shared equally where several are. */
export function greedyProbabilities(scores: Float64Array): Float64Array {
  let best = -Infinity;
  for (const score of scores) if (score > best) best = score;
  let ties = 0;
  for (const score of scores) if (score === best) ties += 1;
  return scores.map((score) => (score === best ? 1 / ties : 0));
}

/** The first index with the greatest score. */
export function greatest(scores: Float64Array): number {
  let best = 0;
  for (let at = 1; at < scores.length; at += 1) {
    if ((scores[at] as number) > (scores[best] as number)) best = at;
  }
  return best;
}
