import { readArray, readCount, readNumber, readNumbers } from '../learning/read-model.js';

/** A decision with its reward. */
export interface FinishedDecision {
  readonly x: Float64Array;
  readonly action: number;
  readonly probability: number;
  readonly reward: number;
}

/** The last decisions with their rewards, for evaluation. */
export class DecisionHistory {
  readonly #size: number;
  readonly #rows: FinishedDecision[] = [];
  /** Where the oldest row is, once it is full. */
  #oldest = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get rows(): readonly FinishedDecision[] {
    return [...this.#rows.slice(this.#oldest), ...this.#rows.slice(0, this.#oldest)];
  }

  add(row: FinishedDecision): void {
    if (this.#rows.length < this.#size) {
      this.#rows.push(row);
      return;
    }
    this.#rows[this.#oldest] = row;
    this.#oldest = (this.#oldest + 1) % this.#size;
  }

  snapshot(): readonly unknown[] {
    return this.rows.map(({ x, action, probability, reward }) => [[...x], action, probability, reward]);
  }

  /** @throws BanditError `BANDIT_MODEL_INVALID` */
  restore(value: unknown, path: string, dimension: number, actions: number): void {
    for (const [at, row] of readArray(value, path).entries()) {
      const here = `${path}[${at}]`;
      const [x, action, probability, reward] = readArray(row, here, 4);
      this.add({
        x: readNumbers(x, dimension, `${here}.x`),
        action: readCount(action, `${here}.action`, actions - 1),
        probability: readNumber(probability, `${here}.probability`, Number.MIN_VALUE, 1),
        reward: readNumber(reward, `${here}.reward`, 0, 1),
      });
    }
  }
}
