/** Rewards that a window holds. */
export const WINDOW_SIZE = 100;
/** A reward below it speaks against a component. */
const LOW_REWARD = 0.3;
/** Spread beyond it makes health no worse. */
const MOST_DEVIATION = 0.5;

/** What the rewards of a window say together. */
export interface RewardSummary {
  readonly samples: number;
  readonly average: number;
  /** Share of rewards below 0.3. */
  readonly lowShare: number;
  /** Standard deviation of the population. */
  readonly deviation: number;
  /** average · (1 − lowShare) · (1 − min(deviation, 0.5)); 0.5 with no rewards, which say nothing. */
  readonly health: number;
}

const NOTHING: RewardSummary = Object.freeze({
  samples: 0,
  average: 0.5,
  lowShare: 0,
  deviation: 0,
  health: 0.5,
});

/** The last rewards of a component, 100 at most. */
export class RewardWindow {
  readonly #rewards: Float64Array;
  #size = 0;
  #next = 0;

  constructor(rewards: readonly number[] = []) {
    this.#rewards = new Float64Array(WINDOW_SIZE);
    for (const reward of rewards) this.add(reward);
  }

  get size(): number {
    return this.#size;
  }

  add(reward: number): void {
    this.#rewards[this.#next] = reward;
    this.#next = this.#next + 1 === WINDOW_SIZE ? 0 : this.#next + 1;
    if (this.#size < WINDOW_SIZE) this.#size += 1;
  }

  /** Gone through twice rather than kept as running sums: it is short, and sums of squares lose digits. */
  summary(): RewardSummary {
    const size = this.#size;
    if (size === 0) return NOTHING;
    const rewards = this.#rewards;
    let sum = 0;
    let low = 0;
    for (let index = 0; index < size; index += 1) {
      const reward = rewards[index] as number;
      sum += reward;
      if (reward < LOW_REWARD) low += 1;
    }
    const average = sum / size;
    let squares = 0;
    for (let index = 0; index < size; index += 1) squares += ((rewards[index] as number) - average) ** 2;
    const deviation = Math.sqrt(squares / size);
    const lowShare = low / size;
    const health = average * (1 - lowShare) * (1 - Math.min(deviation, MOST_DEVIATION));
    return { samples: size, average, lowShare, deviation, health };
  }

  /** The oldest first. */
  toJSON(): number[] {
    const list = Array.from(this.#rewards.subarray(0, this.#size));
    return this.#size < WINDOW_SIZE ? list : [...list.slice(this.#next), ...list.slice(0, this.#next)];
  }
}
