/**
 * An estimate of the median in two numbers: it moves towards each sample by a step that is halved while the samples
 * fall near it ("FAME", Feldman and Shavitt, Traffic Measurement of Massive Networks, 2007). 0 before the first sample.
 */
export class RunningMedian {
  #median = 0;
  #step = 0;
  #empty = true;

  get value(): number {
    return this.#median;
  }

  add(sample: number): void {
    if (this.#empty) {
      this.#empty = false;
      this.#median = sample;
      this.#step = Math.max(Math.abs(sample / 2), 0.01);
      return;
    }
    if (sample > this.#median) this.#median += this.#step;
    else if (sample < this.#median) this.#median -= this.#step;
    if (Math.abs(sample - this.#median) < this.#step) this.#step = Math.max(this.#step / 2, 0.01);
  }
}
