/** Values further from the mean than this many deviations are left out: together below 1e-6 of the probability. */
const REACH = 5;
/** Cells of the common grid for each variable that is in play. */
const CELLS = 24;

/**
 * How likely each of several independent normal variables is the largest. What cannot be the largest costs nothing.
 */
export function bestOfNormals(means: Float64Array, deviations: Float64Array): Float64Array {
  const positive = deviations.map((deviation) => Math.max(1e-12, deviation));
  return best(means, positive, [-Infinity, Infinity], (middles) => (index, cell) => {
    const z = ((middles[cell] as number) - (means[index] as number)) / (positive[index] as number);
    return Math.exp((-z * z) / 2);
  });
}

/** How likely each of several independent Beta variables is the largest, each given by its parameters, 1 or more. */
export function bestOfBetas(successes: Float64Array, failures: Float64Array): Float64Array {
  const means = successes.map((a, at) => a / (a + (failures[at] as number)));
  const deviations = successes.map((a, at) => {
    const b = failures[at] as number;
    return Math.sqrt((a * b) / ((a + b) * (a + b) * (a + b + 1)));
  });
  const peaks = successes.map((a, at) => {
    const b = failures[at] as number;
    const mode = a + b > 2 ? (a - 1) / (a + b - 2) : 0.5;
    return logBeta(a, b, Math.min(1 - 1e-12, Math.max(1e-12, mode)));
  });
  return best(means, deviations, [0, 1], (middles) => {
    const logs = middles.map((value) => Math.log(value));
    const rests = middles.map((value) => Math.log(1 - value));
    return (index, cell) =>
      Math.exp(
        ((successes[index] as number) - 1) * (logs[cell] as number) +
          ((failures[index] as number) - 1) * (rests[cell] as number) -
          (peaks[index] as number),
      );
  });
}

function logBeta(a: number, b: number, value: number): number {
  return (a - 1) * Math.log(value) + (b - 1) * Math.log(1 - value);
}

/**
 * ∫ fₐ(v) ∏ Fᵦ(v) dv for each variable, by the midpoint rule on one grid that is fine wherever one of them has its
 * mass; then scaled to sum 1.
 *
 * @param densitiesAt gives the density of a variable in the middle of a cell, up to a factor of its own
 */
function best(
  means: Float64Array,
  deviations: Float64Array,
  bounds: readonly [number, number],
  densitiesAt: (middles: Float64Array) => (index: number, cell: number) => number,
): Float64Array {
  const probabilities = new Float64Array(means.length);
  const inPlay = contenders(means, deviations);
  if (inPlay.length === 1) {
    probabilities[inPlay[0] as number] = 1;
    return probabilities;
  }
  const edges = gridOf(inPlay, means, deviations, bounds);
  const cells = edges.length - 1;
  const middles = Float64Array.from(
    { length: cells },
    (_, cell) => ((edges[cell] as number) + (edges[cell + 1] as number)) / 2,
  );
  const density = densitiesAt(middles);
  const masses = inPlay.map((index) => {
    const mass = new Float64Array(cells);
    const reach = (REACH + 1) * (deviations[index] as number);
    let total = 0;
    for (let cell = 0; cell < cells; cell += 1) {
      const width = (edges[cell + 1] as number) - (edges[cell] as number);
      // Windows that end at the same bound leave cells without width, where a density may be no number.
      if (width <= 0 || Math.abs((middles[cell] as number) - (means[index] as number)) > reach) continue;
      const part = density(index, cell) * width;
      mass[cell] = part;
      total += part;
    }
    return mass.map((part) => part / total);
  });
  const count = inPlay.length;
  const below = new Float64Array(count);
  const after = new Float64Array(count + 1).fill(1);
  for (let cell = 0; cell < cells; cell += 1) {
    // Within a cell half of the mass counts as below: ties are shared. The products of all others, from both ends.
    for (let at = count - 1; at >= 0; at -= 1) {
      const mass = (masses[at] as Float64Array)[cell] as number;
      after[at] = (after[at + 1] as number) * ((below[at] as number) + mass / 2);
    }
    let before = 1;
    for (let at = 0; at < count; at += 1) {
      const mass = (masses[at] as Float64Array)[cell] as number;
      const index = inPlay[at] as number;
      probabilities[index] = (probabilities[index] as number) + mass * before * (after[at + 1] as number);
      before *= (below[at] as number) + mass / 2;
      below[at] = (below[at] as number) + mass;
    }
  }
  const total = probabilities.reduce((sum, each) => sum + each, 0);
  if (total > 0) return probabilities.map((each) => each / total);
  for (const index of inPlay) probabilities[index] = 1 / count;
  return probabilities;
}

/** The indices of those that reach the lower end of the best one. */
function contenders(means: Float64Array, deviations: Float64Array): readonly number[] {
  let floor = -Infinity;
  for (const [at, mean] of means.entries())
    floor = Math.max(floor, mean - REACH * (deviations[at] as number));
  const inPlay: number[] = [];
  for (const [at, mean] of means.entries())
    if (mean + REACH * (deviations[at] as number) >= floor) inPlay.push(at);
  return inPlay;
}

function gridOf(
  inPlay: readonly number[],
  means: Float64Array,
  deviations: Float64Array,
  [least, most]: readonly [number, number],
): Float64Array {
  const edges = new Float64Array(inPlay.length * (CELLS + 1));
  let next = 0;
  for (const index of inPlay) {
    const reach = REACH * (deviations[index] as number);
    const from = Math.max(least, (means[index] as number) - reach);
    const to = Math.min(most, (means[index] as number) + reach);
    for (let cell = 0; cell <= CELLS; cell += 1) edges[next++] = from + ((to - from) * cell) / CELLS;
  }
  return edges.sort();
}
