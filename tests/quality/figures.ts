/** A figure with the interval that holds it in 95 of 100 samples drawn like this one. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1_000;

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32, in the public domain). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A figure of a set of items and its 95 % interval by the percentile bootstrap: the figure of a thousand sets drawn
 * from it with replacement. Seeded, so that the same items give the same interval.
 */
export function estimate<T>(items: readonly T[], figure: (sample: readonly T[]) => number): Estimate {
  const random = seeded(20_000_101);
  const values = Array.from({ length: RESAMPLES }, () =>
    figure(items.map(() => items[Math.floor(random() * items.length)] as T)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => values[Math.round(share * (RESAMPLES - 1))] ?? 0;
  return { value: figure(items), low: at(0.025), high: at(0.975) };
}

/** A yes or no that was found beside the one that is right. */
export interface Decision {
  readonly found: boolean;
  readonly right: boolean;
}

/** Share of what was found that is right; 1 where nothing was found. */
export function precision(decisions: readonly Decision[]): number {
  const found = decisions.filter((each) => each.found);
  return found.length === 0 ? 1 : found.filter(({ right }) => right).length / found.length;
}

/** Share of what is right that was found; 1 where there is nothing to find. */
export function recall(decisions: readonly Decision[]): number {
  const right = decisions.filter((each) => each.right);
  return right.length === 0 ? 1 : right.filter(({ found }) => found).length / right.length;
}

/** Harmonic mean of precision and recall. */
export function f1(decisions: readonly Decision[]): number {
  const [p, r] = [precision(decisions), recall(decisions)];
  return p + r === 0 ? 0 : (2 * p * r) / (p + r);
}

/** A label that was found beside the one that is right. */
export interface Labelled {
  readonly found: string;
  readonly right: string;
}

export function accuracy(items: readonly Labelled[]): number {
  return items.filter(({ found, right }) => found === right).length / Math.max(items.length, 1);
}

/** What is counted, and among how many, by each figure that is a share of items. */
const COUNTED = new Map<unknown, (items: readonly never[]) => readonly [hits: number, of: number]>([
  [
    precision,
    (items: readonly Decision[]) =>
      shares(
        items.filter(({ found }) => found),
        ({ right }) => right,
      ),
  ],
  [
    recall,
    (items: readonly Decision[]) =>
      shares(
        items.filter(({ right }) => right),
        ({ found }) => found,
      ),
  ],
  [accuracy, (items: readonly Labelled[]) => shares(items, ({ found, right }) => found === right)],
]);

function shares<T>(items: readonly T[], isHit: (item: T) => boolean): readonly [number, number] {
  return [items.filter(isHit).length, items.length];
}

/**
 * A figure that is a share of items, with its 95 % interval by Wilson's score, which does not shrink to a point where
 * all of a few items are right; `undefined` for any other figure, and where there is nothing to count.
 */
export function proportion<T>(
  items: readonly T[],
  figure: (sample: readonly T[]) => number,
): Estimate | undefined {
  const [hits, of] = COUNTED.get(figure)?.(items as readonly never[]) ?? [0, 0];
  if (of === 0) return undefined;
  const z = 1.96;
  const share = hits / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { value: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Mean of the F1 of each label, so that a rare label counts as much as a frequent one. */
export function macroF1(items: readonly Labelled[]): number {
  const labels = [...new Set(items.map(({ right }) => right))];
  const scores = labels.map((label) =>
    f1(items.map(({ found, right }) => ({ found: found === label, right: right === label }))),
  );
  return scores.reduce((sum, score) => sum + score, 0) / Math.max(labels.length, 1);
}

/** The label that is right most often, for every item. */
export function majority(items: readonly Labelled[]): readonly Labelled[] {
  const counts = new Map<string, number>();
  for (const { right } of items) counts.set(right, (counts.get(right) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
  return items.map(({ right }) => ({ found: most, right }));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}
