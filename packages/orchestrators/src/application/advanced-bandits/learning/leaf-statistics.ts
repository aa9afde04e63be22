import { readArray, readCount, readNumber, readNumbers, readObject } from './read-model.js';

/** Places where a feature may be divided. */
const CUTS = 7;
const BINS = CUTS + 1;
/** The greatest minSamples there can be. */
const MAX_WAITING = 1_000;
/** Least observations that each half must have. */
const MIN_PER_SIDE = 5;
/** Chance of dividing where it is no better, in the bound of Hoeffding. */
const DELTA = 1e-3;
/** Two divisions that are closer than this are as good as each other once the bound is below it. */
const TIE = 0.1;
/** Least fall of the Gini impurity. */
const MIN_GAIN = 0.001;
/** A fall below this over the number of observations happens by chance, whatever the features: χ² of about 12. */
const CHANCE = 6;

/** What a half of a leaf goes on with: the weight of both classes, and the sum of the squared weights. */
export interface LeafStart {
  readonly votes: readonly [number, number];
  readonly squares: number;
}

/** Where a leaf is divided, and what its halves go on with. */
export interface Split {
  readonly feature: number;
  readonly threshold: number;
  readonly low: LeafStart;
  readonly high: LeafStart;
}

/** What a {@link LeafStatistics} is saved as. */
export interface LeafSnapshot {
  readonly votes: readonly number[];
  readonly voteSquares: number;
  readonly weight: number;
  readonly squares: number;
  readonly seen: number;
  readonly waiting: readonly (readonly number[])[];
  readonly cuts: readonly number[];
  readonly bins: readonly number[];
}

/**
 * What a leaf has counted: votes, and for each feature the weight of both classes and the number of observations
 * between fixed cuts. The cuts are quantiles of the first observations, which are kept only until there are enough.
 */
export class LeafStatistics {
  readonly #dimension: number;
  readonly #minSamples: number;
  readonly #votes: [number, number];
  #voteSquares: number;
  #weight = 0;
  #squares = 0;
  #seen = 0;
  /** Input, class and weight of the first observations. */
  #waiting: Float64Array[] = [];
  #cuts: Float64Array = new Float64Array(0);
  /** By feature and bin: weight of class 0, weight of class 1, observations. */
  #bins: Float64Array = new Float64Array(0);

  constructor(dimension: number, minSamples: number, start: LeafStart = { votes: [0, 0], squares: 0 }) {
    this.#dimension = dimension;
    this.#minSamples = minSamples;
    this.#votes = [...start.votes];
    this.#voteSquares = start.squares;
  }

  static sizeOf(dimension: number, minSamples: number): number {
    return 6 + Math.max(minSamples * (dimension + 2), dimension * (CUTS + 3 * BINS));
  }

  get share(): number {
    const [zero, one] = this.#votes;
    return zero + one === 0 ? 0.5 : one / (zero + one);
  }

  /** How many deviations the votes for class 1 are ahead of those for class 0; 0 where nothing is known. */
  get lead(): number {
    const [zero, one] = this.#votes;
    return this.#voteSquares === 0 ? 0 : (one - zero) / Math.sqrt(this.#voteSquares);
  }

  /** @param divisible whether the leaf may be divided: otherwise only votes are counted */
  add(x: Float64Array, label: 0 | 1, weight: number, divisible: boolean): void {
    this.#votes[label] += weight;
    this.#voteSquares += weight * weight;
    if (!divisible) return;
    this.#seen += 1;
    this.#weight += weight;
    this.#squares += weight * weight;
    if (this.#cuts.length > 0) {
      this.#count(x, label, weight);
      return;
    }
    this.#waiting.push(Float64Array.from([...x, label, weight]));
    if (this.#waiting.length < this.#minSamples) return;
    this.#makeCuts();
    for (const row of this.#waiting) {
      this.#count(row, row[this.#dimension] === 1 ? 1 : 0, row[this.#dimension + 1] as number);
    }
    this.#waiting = [];
  }

  /** The best division, if it is time to look for one and chance does not explain it. */
  split(): Split | undefined {
    if (this.#cuts.length === 0 || this.#seen % this.#minSamples !== 0 || this.#squares === 0)
      return undefined;
    const effective = (this.#weight * this.#weight) / this.#squares;
    let best: { gain: number; split: Split } | undefined;
    let second = 0;
    for (let feature = 1; feature < this.#dimension; feature += 1) {
      const found = this.#bestOf(feature);
      if (found === undefined) continue;
      if (best === undefined || found.gain > best.gain) {
        second = best?.gain ?? 0;
        best = found;
      } else {
        second = Math.max(second, found.gain);
      }
    }
    if (best === undefined || best.gain < Math.max(MIN_GAIN, CHANCE / effective)) return undefined;
    // The impurity of two classes is ½ at most.
    const bound = 0.5 * Math.sqrt(Math.log(1 / DELTA) / (2 * effective));
    return best.gain - second > bound || bound < TIE ? best.split : undefined;
  }

  snapshot(): LeafSnapshot {
    return {
      votes: [...this.#votes],
      voteSquares: this.#voteSquares,
      weight: this.#weight,
      squares: this.#squares,
      seen: this.#seen,
      waiting: this.#waiting.map((row) => [...row]),
      cuts: [...this.#cuts],
      bins: [...this.#bins],
    };
  }

  /** @throws BanditError `BANDIT_MODEL_INVALID` */
  restore(value: unknown, path: string): void {
    const { votes, voteSquares, weight, squares, seen, waiting, cuts, bins } = readObject(value, path);
    const [zero, one] = readNumbers(votes, 2, `${path}.votes`);
    this.#votes[0] = Math.max(0, zero as number);
    this.#votes[1] = Math.max(0, one as number);
    this.#voteSquares = readNumber(voteSquares, `${path}.voteSquares`, 0);
    this.#weight = readNumber(weight, `${path}.weight`, 0);
    this.#squares = readNumber(squares, `${path}.squares`, 0);
    this.#seen = readCount(seen, `${path}.seen`);
    this.#waiting = readArray(waiting, `${path}.waiting`, MAX_WAITING).map((row, at) =>
      readNumbers(row, this.#dimension + 2, `${path}.waiting[${at}]`),
    );
    const divided = readArray(cuts, `${path}.cuts`).length > 0;
    this.#cuts = readNumbers(cuts, divided ? this.#dimension * CUTS : 0, `${path}.cuts`);
    this.#bins = readNumbers(bins, divided ? this.#dimension * BINS * 3 : 0, `${path}.bins`);
  }

  #makeCuts(): void {
    this.#cuts = new Float64Array(this.#dimension * CUTS);
    this.#bins = new Float64Array(this.#dimension * BINS * 3);
    const last = this.#waiting.length - 1;
    for (let feature = 0; feature < this.#dimension; feature += 1) {
      const values = this.#waiting.map((row) => row[feature] as number).sort((a, b) => a - b);
      for (let cut = 0; cut < CUTS; cut += 1) {
        const at = Math.floor(((cut + 1) * last) / BINS);
        const next = values[Math.min(last, at + 1)] as number;
        this.#cuts[feature * CUTS + cut] = ((values[at] as number) + next) / 2;
      }
    }
  }

  #count(x: Float64Array, label: 0 | 1, weight: number): void {
    for (let feature = 0; feature < this.#dimension; feature += 1) {
      let bin = 0;
      while (bin < CUTS && (x[feature] as number) > (this.#cuts[feature * CUTS + bin] as number)) bin += 1;
      const place = (feature * BINS + bin) * 3;
      this.#bins[place + label] = (this.#bins[place + label] as number) + weight;
      this.#bins[place + 2] = (this.#bins[place + 2] as number) + 1;
    }
  }

  #bestOf(feature: number): { gain: number; split: Split } | undefined {
    const total = [0, 0, 0] as [number, number, number];
    const from = feature * BINS * 3;
    for (let at = 0; at < BINS * 3; at += 1) {
      total[at % 3] = (total[at % 3] as number) + (this.#bins[from + at] as number);
    }
    const whole = impurity(total[0], total[1]) * (total[0] + total[1]);
    const low = [0, 0, 0] as [number, number, number];
    let best: { gain: number; split: Split } | undefined;
    for (let cut = 0; cut < CUTS; cut += 1) {
      for (let part = 0; part < 3; part += 1) {
        low[part] = (low[part] as number) + (this.#bins[from + cut * 3 + part] as number);
      }
      const high = total.map((all, part) => Math.max(0, all - (low[part] as number))) as typeof low;
      if (low[2] < MIN_PER_SIDE || high[2] < MIN_PER_SIDE) continue;
      const parts =
        impurity(low[0], low[1]) * (low[0] + low[1]) + impurity(high[0], high[1]) * (high[0] + high[1]);
      const gain = (whole - parts) / (total[0] + total[1]);
      if (best !== undefined && gain <= best.gain) continue;
      const threshold = this.#cuts[feature * CUTS + cut] as number;
      best = { gain, split: { feature, threshold, low: this.#startOf(low), high: this.#startOf(high) } };
    }
    return best;
  }

  /** Squares are not kept by bin: each half gets them in the proportion of its weight. */
  #startOf([zero, one]: readonly [number, number, number]): LeafStart {
    return { votes: [zero, one], squares: (this.#squares * (zero + one)) / this.#weight };
  }
}

/** Gini impurity of two classes, from 0 to ½. */
function impurity(zero: number, one: number): number {
  const all = zero + one;
  return all === 0 ? 0 : (2 * zero * one) / (all * all);
}
