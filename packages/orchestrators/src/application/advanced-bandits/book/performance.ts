import { readArray, readCount, readNumber, readObject } from '../learning/read-model.js';

/** Rewards that averages are taken over. */
const REWARD_WINDOW = 100;
/** Decisions that the share of exploration is taken over. */
const EXPLORATION_WINDOW = 10;

/** How an algorithm does in a domain. */
export interface BanditPerformance {
  readonly decisions: number;
  readonly rewards: number;
  /** Mean of the last 100 rewards of its own decisions; null before the first. */
  readonly averageReward: number | null;
  /** Share of its last 10 decisions that did not take the action it ranked first; null before the first. */
  readonly explorationRate: number | null;
  /** 1 − the mean distance between expected and actual reward, over the last 100; null before the first. */
  readonly predictionAccuracy: number | null;
  /** averageReward over the best one of the domain; null where either is unknown or the best is 0. */
  readonly relativePerformance: number | null;
  /** Figures of the algorithm's own: `avgTreeDepth` and `treeSize` of the offset tree. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Counts what an algorithm does, in windows that do not grow. */
export class PerformanceWindow {
  #decisions = 0;
  #rewards = 0;
  readonly #lastRewards: number[] = [];
  readonly #lastErrors: number[] = [];
  readonly #lastExplored: number[] = [];

  decided(explored: boolean): void {
    this.#decisions += 1;
    push(this.#lastExplored, explored ? 1 : 0, EXPLORATION_WINDOW);
  }

  rewarded(reward: number, expected: number): void {
    this.#rewards += 1;
    push(this.#lastRewards, reward, REWARD_WINDOW);
    push(this.#lastErrors, Math.abs(reward - expected), REWARD_WINDOW);
  }

  report(): Omit<BanditPerformance, 'relativePerformance' | 'figures'> {
    const error = meanOf(this.#lastErrors);
    return {
      decisions: this.#decisions,
      rewards: this.#rewards,
      averageReward: meanOf(this.#lastRewards),
      explorationRate: meanOf(this.#lastExplored),
      predictionAccuracy: error === null ? null : 1 - error,
    };
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      decisions: this.#decisions,
      rewards: this.#rewards,
      lastRewards: [...this.#lastRewards],
      lastErrors: [...this.#lastErrors],
      lastExplored: [...this.#lastExplored],
    };
  }

  /** @throws BanditError `BANDIT_MODEL_INVALID` */
  restore(value: unknown, path: string): void {
    const { decisions, rewards, lastRewards, lastErrors, lastExplored } = readObject(value, path);
    const list = (each: unknown, name: string, most: number): number[] =>
      readArray(each, `${path}.${name}`, most).map((one, at) => readNumber(one, `${path}.${name}[${at}]`));
    this.#decisions = readCount(decisions, `${path}.decisions`);
    this.#rewards = readCount(rewards, `${path}.rewards`);
    this.#lastRewards.push(...list(lastRewards, 'lastRewards', REWARD_WINDOW));
    this.#lastErrors.push(...list(lastErrors, 'lastErrors', REWARD_WINDOW));
    this.#lastExplored.push(...list(lastExplored, 'lastExplored', EXPLORATION_WINDOW));
  }
}

function push(window: number[], value: number, size: number): void {
  window.push(value);
  if (window.length > size) window.shift();
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
