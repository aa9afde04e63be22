import { isUsable, type Metric } from './metric.js';
import { QuantileSketch } from './quantile-sketch.js';

/** Names of what is observed apart: an orchestrator, a region. */
export type MetricTags = Readonly<Record<string, string>>;

/** Points in the order of time. */
export interface Points {
  /** Epoch milliseconds. */
  readonly at: Float64Array;
  readonly value: Float64Array;
}

export interface SeriesLimits {
  /** Points kept. */
  readonly windowPoints: number;
  /** Observations are remembered for their quantiles for one to two of these. */
  readonly quantilePeriodMs: number;
  readonly relativeError: number;
}

/** What a JavaScript date can say. */
const LATEST = 8.64e15;
const FIRST_CAPACITY = 64;

/**
 * One metric with one set of tags: the last points in a ring, and sketches of the observations. 16 bytes per point
 * (16 KB at 1,000), plus the sketches of two periods.
 */
export class MetricSeries {
  readonly metric: Metric;
  readonly tags: MetricTags;
  readonly #limits: SeriesLimits;
  #at: Float64Array;
  #value: Float64Array;
  /** Points ever written. */
  #written = 0;
  #isOrdered = true;
  #latest = -Infinity;
  #bucket: Bucket | undefined;
  #period = -Infinity;
  #sketch: QuantileSketch;
  #before: QuantileSketch | undefined;
  #observed = 0;
  #refused = 0;

  constructor(metric: Metric, tags: MetricTags, limits: SeriesLimits) {
    this.metric = metric;
    this.tags = tags;
    this.#limits = limits;
    const capacity = Math.min(FIRST_CAPACITY, limits.windowPoints);
    this.#at = new Float64Array(capacity);
    this.#value = new Float64Array(capacity);
    this.#sketch = new QuantileSketch(limits.relativeError);
  }

  /** Observations taken. */
  get observed(): number {
    return this.#observed;
  }

  /** Observations left out: no finite number or one beyond ±1e100, no time, or for a bucket that is closed. */
  get refused(): number {
    return this.#refused;
  }

  /** When the latest observation was made; `undefined` before the first. */
  get latestAt(): number | undefined {
    return this.#latest === -Infinity ? undefined : this.#latest;
  }

  /** Takes one observation; whether it could be used. */
  observe(value: number, at: number): boolean {
    if (!isUsable(value) || !Number.isFinite(at) || at < 0 || at > LATEST) {
      this.#refused += 1;
      return false;
    }
    const { bucketMs } = this.metric;
    if (bucketMs === 0) this.#push(at, value);
    else if (!this.#collect(at, value, bucketMs)) {
      this.#refused += 1;
      return false;
    }
    if (at > this.#latest) this.#latest = at;
    this.#remember(at, value);
    this.#observed += 1;
    return true;
  }

  /** The points so far. A bucket counts once `now` is past its end. */
  points(now: number): Points {
    const bucket = this.#bucket;
    if (bucket !== undefined && now >= (bucket.index + 1) * this.metric.bucketMs) {
      this.#close(bucket);
      this.#bucket = undefined;
    }
    const capacity = this.#at.length;
    const count = Math.min(this.#written, capacity);
    const start = this.#written > capacity ? this.#written % capacity : 0;
    const at = new Float64Array(count);
    const value = new Float64Array(count);
    const head = Math.min(count, capacity - start);
    at.set(this.#at.subarray(start, start + head));
    at.set(this.#at.subarray(0, count - head), head);
    value.set(this.#value.subarray(start, start + head));
    value.set(this.#value.subarray(0, count - head), head);
    return this.#isOrdered ? { at, value } : inOrder(at, value);
  }

  /** The observations of this period and the one before. A copy. */
  sketch(): QuantileSketch {
    const merged = new QuantileSketch(this.#limits.relativeError).merge(this.#sketch);
    return this.#before === undefined ? merged : merged.merge(this.#before);
  }

  #push(at: number, value: number): void {
    const { windowPoints } = this.#limits;
    if (this.#written >= this.#at.length && this.#at.length < windowPoints) {
      const capacity = Math.min(this.#at.length * 2, windowPoints);
      this.#at = grown(this.#at, capacity);
      this.#value = grown(this.#value, capacity);
    }
    const capacity = this.#at.length;
    const index = this.#written % capacity;
    if (this.#written > 0 && at < (this.#at[(this.#written - 1) % capacity] as number))
      this.#isOrdered = false;
    this.#at[index] = at;
    this.#value[index] = value;
    this.#written += 1;
  }

  #collect(at: number, value: number, bucketMs: number): boolean {
    const index = Math.floor(at / bucketMs);
    let bucket = this.#bucket;
    if (bucket !== undefined && index > bucket.index) {
      this.#close(bucket);
      bucket = undefined;
    }
    if (bucket === undefined) {
      // One that was closed by a look at the points may not open again.
      if (
        this.#written > 0 &&
        index <= Math.floor((this.#at[(this.#written - 1) % this.#at.length] as number) / bucketMs)
      )
        return false;
      this.#bucket = { index, count: 1, sum: value, min: value, max: value, last: value, meanAt: at };
      return true;
    }
    if (index < bucket.index) return false;
    bucket.count += 1;
    bucket.sum += value;
    bucket.min = Math.min(bucket.min, value);
    bucket.max = Math.max(bucket.max, value);
    bucket.last = value;
    bucket.meanAt += (at - bucket.meanAt) / bucket.count;
    return true;
  }

  /** The point stands where its observations were made on average, not at a round time. */
  #close(bucket: Bucket): void {
    const { aggregate } = this.metric;
    this.#push(bucket.meanAt, aggregate === 'mean' ? bucket.sum / bucket.count : bucket[aggregate]);
  }

  #remember(at: number, value: number): void {
    const period = Math.floor(at / this.#limits.quantilePeriodMs);
    if (period > this.#period) {
      this.#before = period === this.#period + 1 ? this.#sketch : undefined;
      this.#sketch = new QuantileSketch(this.#limits.relativeError);
      this.#period = period;
    }
    this.#sketch.add(value);
  }
}

interface Bucket {
  readonly index: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  meanAt: number;
}

function grown(array: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  larger.set(array);
  return larger;
}

function inOrder(at: Float64Array, value: Float64Array): Points {
  const order = Array.from(at, (_time, index) => index).sort(
    (a, b) => (at[a] as number) - (at[b] as number) || a - b,
  );
  return {
    at: Float64Array.from(order, (index) => at[index] as number),
    value: Float64Array.from(order, (index) => value[index] as number),
  };
}
