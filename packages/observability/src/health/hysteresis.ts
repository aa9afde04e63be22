import type { HealthStatus } from '@kapelle/core';

const RANK: Readonly<Record<HealthStatus, number>> = { healthy: 0, degraded: 1, unhealthy: 2 };

/** A status that takes several samples in a row to change: one bad second is not an outage, one good one no cure. */
export class Hysteresis {
  readonly #bad: number;
  readonly #good: number;
  #status: HealthStatus = 'healthy';
  /** Samples in a row that were worse, or better, than the status; the mildest of them is what it becomes. */
  #run = 0;
  #towards: HealthStatus = 'healthy';

  /**
   * @param bad samples to go down
   * @param good samples to come up
   */
  constructor(bad: number, good: number) {
    this.#bad = bad;
    this.#good = good;
  }

  get status(): HealthStatus {
    return this.#status;
  }

  /** Takes a sample and answers what the status is now. */
  next(sample: HealthStatus): HealthStatus {
    const away = RANK[sample] - RANK[this.#status];
    if (away === 0) {
      this.#run = 0;
      return this.#status;
    }
    const isSameSide = this.#run > 0 && RANK[this.#towards] - RANK[this.#status] > 0 === away > 0;
    if (!isSameSide) {
      this.#run = 0;
      this.#towards = sample;
    }
    this.#run += 1;
    // The one nearest to the present status: two bad samples, one of them only degraded, are not an outage.
    const nearer = Math.abs(away) < Math.abs(RANK[this.#towards] - RANK[this.#status]);
    if (nearer) this.#towards = sample;
    if (this.#run >= (away > 0 ? this.#bad : this.#good)) {
      this.#status = this.#towards;
      this.#run = 0;
    }
    return this.#status;
  }
}
