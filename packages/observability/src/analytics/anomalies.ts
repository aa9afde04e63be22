import { checkNumber, checkWhole } from './analytics-error.js';
import { type Metric, worseBy } from './metric.js';
import type { Points } from './metric-series.js';
import { robustScale, type RobustScale } from './statistics/robust-scale.js';
import { type AnalysisWindow, insufficient, type InsufficientData, medianOf, windowOf } from './window.js';

/** How far an anomaly lies from what is usual, from the least to the most. */
export type AnomalySeverity = 'low' | 'medium' | 'high' | 'critical';

/** When a point is called an anomaly. */
export interface AnomalyOptions {
  /**
   * How many robust standard deviations from the median a point must lie. 3.5 is what Iglewicz and Hoaglin recommend.
   *
   * @default 3.5
   */
  readonly sensitivity?: number;
  /** Points before the one in question that it is compared with. @default 60 */
  readonly baselinePoints?: number;
  /** With fewer before it a point is not judged. @default 20 */
  readonly minBaseline?: number;
  /** Scores from which an anomaly is called more than low. @default { medium: 4.5, high: 6, critical: 8 } */
  readonly bands?: { readonly medium: number; readonly high: number; readonly critical: number };
  /** Parts of a season that are compared with each other. @default 24 */
  readonly seasonSlots?: number;
}

/** A point that does not belong. */
export interface Anomaly {
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
  /** What was usual before: with a season, at this part of it. */
  readonly expected: number;
  /** Robust standard deviations from it, signed. Left out where nothing before had scattered at all. */
  readonly score?: number;
  readonly kind: 'spike' | 'drop';
  /** `low` where nothing is known of the scatter. */
  readonly severity: AnomalySeverity;
  /** Whether it is on the bad side of the metric. */
  readonly isHarmful: boolean;
  /** What the scatter was taken from. */
  readonly basis: RobustScale['basis'];
}

/** The anomalies of a series, the oldest first. */
export interface AnomaliesFound {
  readonly status: 'ok';
  readonly anomalies: readonly Anomaly[];
  /** Points that were judged: those with enough before them. */
  readonly judged: number;
  readonly window: AnalysisWindow;
}

/** What the search for anomalies came to. */
export type Anomalies = AnomaliesFound | InsufficientData;

const DEFAULT_BANDS = { medium: 4.5, high: 6, critical: 8 };
/** Seasons with fewer points in a slot say nothing about it. */
const MIN_PER_SLOT = 3;

/**
 * Points far from the median of those before them, measured by their median absolute deviation. With `seasonMs` the
 * usual value of the part of the season is taken off first.
 */
export function anomaliesOf(metric: Metric, points: Points, options: AnomalyOptions = {}): Anomalies {
  const sensitivity = checkNumber('sensitivity', options.sensitivity ?? 3.5, 0.1);
  const minBaseline = checkWhole('minBaseline', options.minBaseline ?? 20, 5);
  const baseline = checkWhole('baselinePoints', options.baselinePoints ?? 60, minBaseline);
  const slots = checkWhole('seasonSlots', options.seasonSlots ?? 24, 2);
  const { at, value } = points;
  if (at.length <= minBaseline) return insufficient(at.length, minBaseline + 1);
  const usual = metric.seasonMs === undefined ? undefined : seasonalMedians(points, metric.seasonMs, slots);

  const recent = new SortedWindow(baseline);
  const anomalies: Anomaly[] = [];
  let judged = 0;
  for (let index = 0; index < at.length; index += 1) {
    const actual = value[index] as number;
    const offset = usual === undefined ? 0 : usual(at[index] as number);
    // A part of the season that was seen too rarely is neither judged nor compared with.
    if (offset === undefined) continue;
    const beside = actual - offset;
    if (recent.size >= minBaseline) {
      judged += 1;
      const scale = robustScale(recent.sorted);
      const away = beside - scale.median;
      const score = scale.sigma > 0 ? away / scale.sigma : undefined;
      const isAnomaly =
        score === undefined
          ? isApart(away, actual)
          : Math.abs(score) >= sensitivity &&
            (scale.basis !== 'mean-deviation' || isNew(recent.sorted, beside));
      if (isAnomaly) {
        anomalies.push({
          at: at[index] as number,
          value: actual,
          expected: scale.median + offset,
          ...(score === undefined ? {} : { score }),
          kind: away > 0 ? 'spike' : 'drop',
          severity: severityOf(score, options.bands ?? DEFAULT_BANDS),
          isHarmful: worseBy(metric, actual, scale.median + offset) > 0,
          basis: scale.basis,
        });
      }
    }
    recent.push(beside);
  }
  return { status: 'ok', anomalies, judged, window: windowOf(points) };
}

/** Against a constant anything else is apart, rounding aside. */
const isApart = (away: number, actual: number): boolean =>
  Math.abs(away) > 1e-9 * Math.max(1, Math.abs(actual));

/** Where most values are equal the others are rare, not odd: only what goes beyond all of them is. */
const isNew = (sorted: Float64Array, value: number): boolean =>
  value < (sorted[0] as number) || value > (sorted[sorted.length - 1] as number);

function severityOf(score: number | undefined, bands: typeof DEFAULT_BANDS): AnomalySeverity {
  const size = Math.abs(score ?? 0);
  if (size >= bands.critical) return 'critical';
  if (size >= bands.high) return 'high';
  return size >= bands.medium ? 'medium' : 'low';
}

/** The usual value by part of the season; `undefined` for parts seen fewer than three times. */
function seasonalMedians(
  { at, value }: Points,
  seasonMs: number,
  slots: number,
): (time: number) => number | undefined {
  const slotOf = (time: number): number =>
    Math.min(slots - 1, Math.floor(((time % seasonMs) / seasonMs) * slots));
  const bySlot = Array.from({ length: slots }, (): number[] => []);
  at.forEach((time, index) => bySlot[slotOf(time)]?.push(value[index] as number));
  const medians = bySlot.map((values) =>
    values.length < MIN_PER_SLOT ? undefined : medianOf(Float64Array.from(values)),
  );
  return (time) => medians[slotOf(time)];
}

/** The last `capacity` values, kept in order by size: one step moves at most `capacity` numbers. */
class SortedWindow {
  readonly #ring: Float64Array;
  readonly #sorted: Float64Array;
  #written = 0;

  constructor(capacity: number) {
    this.#ring = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
  }

  get size(): number {
    return Math.min(this.#written, this.#ring.length);
  }

  get sorted(): Float64Array {
    return this.#sorted.subarray(0, this.size);
  }

  push(value: number): void {
    const slot = this.#written % this.#ring.length;
    let { size } = this;
    if (size === this.#ring.length) {
      const gone = placeOf(this.#sorted, size, this.#ring[slot] as number);
      this.#sorted.copyWithin(gone, gone + 1, size);
      size -= 1;
    }
    const place = placeOf(this.#sorted, size, value);
    this.#sorted.copyWithin(place + 1, place, size);
    this.#sorted[place] = value;
    this.#ring[slot] = value;
    this.#written += 1;
  }
}

/** The first place whose value is not below `value`. */
function placeOf(sorted: Float64Array, size: number, value: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
