/** The last rewards, a fixed number of them at most. */
export class RecentRewards {
  readonly #ring: Float64Array;
  #size = 0;
  #next = 0;

  constructor(capacity: number, rewards: readonly number[] = []) {
    this.#ring = new Float64Array(capacity);
    for (const reward of rewards.slice(-capacity)) this.add(reward);
  }

  get size(): number {
    return this.#size;
  }

  add(reward: number): void {
    this.#ring[this.#next] = reward;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#size = Math.min(this.#size + 1, this.#ring.length);
  }

  /** Mean of `count` rewards, leaving out the `skip` newest; `undefined` where there are not that many. */
  mean(count: number, skip = 0): number | undefined {
    if (count < 1 || this.#size < count + skip) return undefined;
    const { length } = this.#ring;
    let sum = 0;
    for (let back = skip + 1; back <= skip + count; back += 1) {
      sum += this.#ring[(this.#next - back + length) % length] as number;
    }
    return sum / count;
  }

  /** The oldest first. */
  toJSON(): number[] {
    const { length } = this.#ring;
    return Array.from(
      { length: this.#size },
      (_, index) => this.#ring[(this.#next - this.#size + index + length) % length] as number,
    );
  }
}
