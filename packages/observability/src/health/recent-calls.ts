import { QuantileSketch } from '../analytics/quantile-sketch.js';

/** With fewer calls nothing is said of the share that succeeded. */
const MIN_CALLS = 10;
const RELATIVE_ERROR = 0.02;

/** Calls of about the last minute; older ones fade. Times are monotonic milliseconds. */
export class RecentCalls {
  readonly #windowMs: number;
  #ok = 0;
  #all = 0;
  #fadedAt = 0;
  #period = -Infinity;
  #sketch = new QuantileSketch(RELATIVE_ERROR);
  #before: QuantileSketch | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  note(isOk: boolean, durationMs: number | undefined, now: number): void {
    this.#fade(now);
    this.#all += 1;
    if (isOk) this.#ok += 1;
    if (durationMs === undefined) return;
    this.#turn(now);
    this.#sketch.add(durationMs);
  }

  /** Share that succeeded; 1 while fewer than 10 calls are remembered. */
  successRatio(now: number): number {
    this.#fade(now);
    return this.#all < MIN_CALLS ? 1 : this.#ok / this.#all;
  }

  /** The 95th percentile of the durations of one to two windows; `undefined` without any. */
  p95Ms(now: number): number | undefined {
    this.#turn(now);
    const both = new QuantileSketch(RELATIVE_ERROR).merge(this.#sketch);
    return (this.#before === undefined ? both : both.merge(this.#before)).quantile(0.95);
  }

  /** What is one window old weighs e⁻¹ of what is new. */
  #fade(now: number): void {
    const factor = Math.exp(-Math.max(0, now - this.#fadedAt) / this.#windowMs);
    this.#ok *= factor;
    this.#all *= factor;
    this.#fadedAt = now;
  }

  #turn(now: number): void {
    const period = Math.floor(now / this.#windowMs);
    if (period <= this.#period) return;
    this.#before = period === this.#period + 1 ? this.#sketch : undefined;
    this.#sketch = new QuantileSketch(RELATIVE_ERROR);
    this.#period = period;
  }
}
