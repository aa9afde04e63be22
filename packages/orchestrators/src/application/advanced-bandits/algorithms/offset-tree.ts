import { GrowingTree, type GrowingTreeSettings, restoreTrees } from '../learning/growing-tree.js';
import { normalBelow } from '../learning/normal-distribution.js';
import { readCount, readNumbers, readObject } from '../learning/read-model.js';
import {
  type BanditChoice,
  type BanditModel,
  type BanditObservation,
  type BanditShape,
} from './bandit-model.js';

/** What can be set of the offset tree. */
export interface OffsetTreeSettings extends GrowingTreeSettings {
  /** Share of random actions is this × ∛(actions / rewards learnt), 1 at most. Above 0. */
  readonly exploration: number;
}

/** A knock-out match between two ranges of actions; its number is that of its classifier. */
interface Match {
  readonly number: number;
  readonly low: Side;
  readonly high: Side;
}
type Side = Match | number;

/**
 * Finds the best action by a knock-out among them. In each match a classifier says, of the input, which side wins; it
 * learns from a reward r of the action that was taken: above ½ speaks for its side, below ½ for the other, with the
 * weight |r − ½| over the propensity. The offset of ½ is what makes low rewards evidence too. Classifiers are decision
 * trees that grow, so that rewards need not be linear in the input.
 *
 * Beygelzimer and Langford, "The offset tree for learning with partial labels", KDD 2009: a match is trained with the
 * winners of its two sides only, with the weight (pₐ + pᵦ) / pₐ × |r − ½|.
 *
 * The paper learns from a log and does not explore. Here an action is taken as often as it is likely to win all of its
 * matches, by the normal approximation of the votes at each leaf; and, so that leaves which seem sure still find out
 * where they ought to be divided, any action in a share that falls with the cube root of the rewards learnt, as in
 * Langford and Zhang, "The epoch-greedy algorithm for multi-armed bandits with side information", NIPS 2007.
 */
export class OffsetTree implements BanditModel {
  readonly algorithm = 'offset_tree';
  readonly #actions: number;
  readonly #exploration: number;
  readonly #root: Side;
  readonly #classifiers: readonly GrowingTree[];
  /** From the first round to the final, by action. */
  readonly #paths: readonly (readonly { readonly match: Match; readonly high: boolean }[])[];
  readonly #taken: Float64Array;
  readonly #rewards: Float64Array;
  #learnt = 0;

  constructor({ dimension, actions }: BanditShape, { exploration, ...tree }: OffsetTreeSettings) {
    this.#actions = actions;
    this.#exploration = exploration;
    let matches = 0;
    const draw = (from: number, to: number): Side => {
      if (to - from === 1) return from;
      const middle = (from + to) >> 1;
      const number = matches++;
      return { number, low: draw(from, middle), high: draw(middle, to) };
    };
    this.#root = draw(0, actions);
    this.#classifiers = Array.from({ length: matches }, () => new GrowingTree(dimension, tree));
    this.#paths = Array.from({ length: actions }, (_, action) => pathTo(this.#root, action));
    this.#taken = new Float64Array(actions);
    this.#rewards = new Float64Array(actions);
  }

  static sizeOf({ dimension, actions }: BanditShape, settings: GrowingTreeSettings): number {
    return (actions - 1) * GrowingTree.sizeOf(dimension, settings) + 2 * actions;
  }

  choose(x: Float64Array): BanditChoice {
    const beliefs = this.#classifiers.map((each) => each.predict(x));
    const wins = beliefs.map(({ lead }) => normalBelow(lead));
    const share = Math.min(1, this.#exploration * Math.cbrt(this.#actions / Math.max(1, this.#learnt)));
    const scores = new Float64Array(this.#actions);
    const probabilities = new Float64Array(this.#actions);
    for (const [action, path] of this.#paths.entries()) {
      let least = 1;
      let likely = 1;
      for (const { match, high } of path) {
        const votes = (beliefs[match.number] as { share: number }).share;
        const won = wins[match.number] as number;
        // The weakest of its matches: the winner alone has half or more in each.
        least = Math.min(least, high ? votes : 1 - votes);
        likely *= high ? won : 1 - won;
      }
      scores[action] = least;
      probabilities[action] = share / this.#actions + (1 - share) * likely;
    }
    return { scores, probabilities };
  }

  /** The action's mean reward so far, whatever the input; ½ before the first. */
  expected(_x: Float64Array, action: number): number {
    const taken = this.#taken[action] as number;
    return taken === 0 ? 0.5 : (this.#rewards[action] as number) / taken;
  }

  learn({ x, action, reward, probabilities }: BanditObservation): void {
    this.#learnt += 1;
    this.#taken[action] = (this.#taken[action] as number) + 1;
    this.#rewards[action] = (this.#rewards[action] as number) + reward;
    const own = probabilities[action] as number;
    for (const { match, high } of this.#paths[action] ?? []) {
      const classifier = this.#classifiers[match.number] as GrowingTree;
      const shares = this.#classifiers.map((each) => each.predict(x).share);
      const rival = winnerOf(high ? match.low : match.high, shares);
      const weight = ((own + (probabilities[rival] as number)) / own) * Math.abs(reward - 0.5);
      if (weight > 0) classifier.learn(x, reward > 0.5 === high ? 1 : 0, weight);
      if (classifier.predict(x).share > 0.5 !== high) return;
    }
  }

  figures(): Readonly<Record<string, number>> {
    const sizes = this.#classifiers.map((each) => each.size());
    return {
      avgTreeDepth: sizes.reduce((sum, { depth }) => sum + depth, 0) / sizes.length,
      treeSize: sizes.reduce((sum, { nodes }) => sum + nodes, 0),
    };
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      classifiers: this.#classifiers.map((each) => each.snapshot()),
      taken: [...this.#taken],
      rewards: [...this.#rewards],
      learnt: this.#learnt,
    };
  }

  restore(snapshot: unknown, path: string): void {
    const { classifiers, taken, rewards, learnt } = readObject(snapshot, path);
    const readTaken = readNumbers(taken, this.#actions, `${path}.taken`);
    const readRewards = readNumbers(rewards, this.#actions, `${path}.rewards`);
    const count = readCount(learnt, `${path}.learnt`);
    restoreTrees(this.#classifiers, classifiers, `${path}.classifiers`);
    this.#taken.set(readTaken);
    this.#rewards.set(readRewards);
    this.#learnt = count;
  }
}

/** A match that is not decided goes to the low side. */
function winnerOf(side: Side, shares: readonly number[]): number {
  let at = side;
  while (typeof at !== 'number') at = (shares[at.number] as number) > 0.5 ? at.high : at.low;
  return at;
}

function pathTo(root: Side, action: number): readonly { readonly match: Match; readonly high: boolean }[] {
  const contains = (side: Side): boolean =>
    typeof side === 'number' ? side === action : contains(side.low) || contains(side.high);
  const path: { match: Match; high: boolean }[] = [];
  let at = root;
  while (typeof at !== 'number') {
    const high = contains(at.high);
    path.unshift({ match: at, high });
    at = high ? at.high : at.low;
  }
  return path;
}
