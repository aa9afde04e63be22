/** How a metric comes to its values. */
export const TELEMETRY_KINDS = ['counter', 'gauge', 'histogram', 'timer', 'distribution'] as const;
export type TelemetryKind = (typeof TELEMETRY_KINDS)[number];

/** What a metric is about. */
export const TELEMETRY_SCOPES = ['system', 'application', 'business', 'user', 'infrastructure'] as const;
export type TelemetryScope = (typeof TELEMETRY_SCOPES)[number];

/** What is told apart within a metric. */
export type TelemetryLabels = Readonly<Record<string, string>>;

const FIRST_CAPACITY = 8;

/** One metric with one set of labels: its last points, in the order they came, and sums over all of them. */
export class TelemetrySeries {
  readonly name: string;
  readonly labels: TelemetryLabels;
  readonly scope: TelemetryScope;
  readonly kind: TelemetryKind;
  readonly #limit: number;
  #at: Float64Array;
  #value: Float64Array;
  #written = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  /** @param limit points kept */
  constructor(identity: Pick<TelemetrySeries, 'name' | 'labels' | 'scope' | 'kind'>, limit: number) {
    this.name = identity.name;
    this.labels = identity.labels;
    this.scope = identity.scope;
    this.kind = identity.kind;
    this.#limit = limit;
    this.#at = new Float64Array(Math.min(FIRST_CAPACITY, limit));
    this.#value = new Float64Array(this.#at.length);
  }

  /** Points that are kept. */
  get length(): number {
    return Math.min(this.#written, this.#at.length);
  }

  /** Of all points, the forgotten ones included. */
  get count(): number {
    return this.#written;
  }
  get sum(): number {
    return this.#sum;
  }
  get min(): number | undefined {
    return this.#written === 0 ? undefined : this.#min;
  }
  get max(): number | undefined {
    return this.#written === 0 ? undefined : this.#max;
  }
  get last(): number | undefined {
    return this.#written === 0 ? undefined : this.value(this.length - 1);
  }
  get lastAt(): number | undefined {
    return this.#written === 0 ? undefined : this.at(this.length - 1);
  }

  /** Adds a point. One that is older than the last counts as of the last one's time: points stay in order. */
  push(value: number, at: number): void {
    const time = Math.max(at, this.lastAt ?? at);
    if (this.#written >= this.#at.length && this.#at.length < this.#limit) this.#grow();
    const index = this.#written % this.#at.length;
    this.#at[index] = time;
    this.#value[index] = value;
    this.#written += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Time of a kept point, the oldest being 0; epoch ms. */
  at(index: number): number {
    return this.#at[this.#indexOf(index)] as number;
  }

  /** Value of a kept point, in the unit of the metric; of a counter the total so far. */
  value(index: number): number {
    return this.#value[this.#indexOf(index)] as number;
  }

  /** Index of the first kept point after `time`; {@link length} where there is none. */
  after(time: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #indexOf(index: number): number {
    const capacity = this.#at.length;
    return this.#written <= capacity ? index : (this.#written + index) % capacity;
  }

  #grow(): void {
    const capacity = Math.min(this.#at.length * 2, this.#limit);
    const at = new Float64Array(capacity);
    const value = new Float64Array(capacity);
    at.set(this.#at);
    value.set(this.#value);
    this.#at = at;
    this.#value = value;
  }
}
