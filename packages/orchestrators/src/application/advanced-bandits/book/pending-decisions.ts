import { BANDIT_ALGORITHMS, type BanditAlgorithm } from '../algorithms/bandit-model.js';
import { BanditError } from '../bandit-error.js';
import { readArray, readCount, readNumber, readNumbers, readObject } from '../learning/read-model.js';

/** A decision whose reward is not known yet. */
export interface PendingDecision {
  readonly id: string;
  readonly algorithm: BanditAlgorithm;
  readonly x: Float64Array;
  readonly action: number;
  readonly probabilities: Float64Array;
  /** Epoch ms. */
  readonly decidedAt: number;
}

/** Ids of answered decisions that are remembered, to tell a second feedback from an unknown one. */
const ANSWERED = 1_000;

/** Decisions that wait for feedback, the oldest first: no more than a number, and no longer than a time. */
export class PendingDecisions {
  readonly #most: number;
  readonly #ttlMs: number;
  readonly #waiting = new Map<string, PendingDecision>();
  readonly #answered = new Set<string>();
  #expired = 0;
  #pushedOut = 0;

  constructor(most: number, ttlMs: number) {
    this.#most = most;
    this.#ttlMs = ttlMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** How many were given up because of their age, and because of newer ones. */
  get lost(): { readonly expired: number; readonly pushedOut: number } {
    return { expired: this.#expired, pushedOut: this.#pushedOut };
  }

  add(decision: PendingDecision): void {
    this.expire(decision.decidedAt);
    this.#waiting.set(decision.id, decision);
    if (this.#waiting.size <= this.#most) return;
    const [oldest] = this.#waiting.keys();
    this.#waiting.delete(oldest as string);
    this.#pushedOut += 1;
  }

  /**
   * The decision, which waits no longer.
   *
   * @throws BanditError `BANDIT_FEEDBACK_REPEATED`; `BANDIT_DECISION_UNKNOWN` also for one that is too old
   */
  take(id: string, now: number): PendingDecision {
    this.expire(now);
    const decision = this.#waiting.get(id);
    if (decision !== undefined) {
      this.#waiting.delete(id);
      this.#answered.add(id);
      if (this.#answered.size > ANSWERED) {
        const [oldest] = this.#answered;
        this.#answered.delete(oldest as string);
      }
      return decision;
    }
    if (this.#answered.has(id)) {
      throw new BanditError(
        'BANDIT_FEEDBACK_REPEATED',
        `The decision "${id}" has had its feedback, which is learnt. Give each decision one.`,
        { details: { decisionId: id } },
      );
    }
    throw new BanditError(
      'BANDIT_DECISION_UNKNOWN',
      `No decision "${id.slice(0, 100)}" waits for feedback. Give it within ${this.#ttlMs} ms, before ${this.#most} newer decisions.`,
      { details: { decisionId: id.slice(0, 100), decisionTtlMs: this.#ttlMs, maxPending: this.#most } },
    );
  }

  /** Gives up what is too old; whether there was any. */
  expire(now: number): boolean {
    const before = this.#expired;
    for (const [id, { decidedAt }] of this.#waiting) {
      if (now - decidedAt < this.#ttlMs) break;
      this.#waiting.delete(id);
      this.#expired += 1;
    }
    return this.#expired > before;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      waiting: [...this.#waiting.values()].map(({ id, algorithm, x, action, probabilities, decidedAt }) => [
        id,
        algorithm,
        [...x],
        action,
        [...probabilities],
        decidedAt,
      ]),
      answered: [...this.#answered],
      expired: this.#expired,
      pushedOut: this.#pushedOut,
    };
  }

  /** @throws BanditError `BANDIT_MODEL_INVALID` */
  restore(value: unknown, path: string, dimension: number, actions: number): void {
    const { waiting, answered, expired, pushedOut } = readObject(value, path);
    this.#expired = readCount(expired, `${path}.expired`);
    this.#pushedOut = readCount(pushedOut, `${path}.pushedOut`);
    for (const id of readArray(answered, `${path}.answered`, ANSWERED)) this.#answered.add(String(id));
    const rows = readArray(waiting, `${path}.waiting`);
    // The bound may have been lowered since: the newest stay.
    for (const [at, row] of rows.slice(-this.#most).entries()) {
      const here = `${path}.waiting[${at}]`;
      const [id, algorithm, x, action, probabilities, decidedAt] = readArray(row, here, 6);
      const known = BANDIT_ALGORITHMS.find((each) => each === algorithm);
      if (typeof id !== 'string' || known === undefined) readObject(undefined, here);
      this.#waiting.set(id as string, {
        id: id as string,
        algorithm: known as BanditAlgorithm,
        x: readNumbers(x, dimension, `${here}.x`),
        action: readCount(action, `${here}.action`, actions - 1),
        probabilities: readNumbers(probabilities, actions, `${here}.probabilities`),
        decidedAt: readNumber(decidedAt, `${here}.decidedAt`),
      });
    }
  }
}
