import type { TermVectors } from './term-vectors.js';

/** An undirected weighted graph; both directions of an edge are listed. */
export interface WeightedGraph {
  readonly neighbours: readonly (readonly number[])[];
  readonly weights: readonly (readonly number[])[];
}

/** Terms in more vectors than this are left out of the comparison: they are common, weigh little and cost the most. */
const MAX_POSTINGS = 300;
const DAMPING = 0.85;
const ITERATIONS = 60;
const TOLERANCE = 1e-7;

/** Joins vectors whose cosine reaches the threshold, over an inverted index instead of all pairs. */
export function similarityGraph({ vectors, termCount }: TermVectors, threshold: number): WeightedGraph {
  const postings: { readonly at: number; readonly weight: number }[][] = Array.from(
    { length: termCount },
    () => [],
  );
  const neighbours: number[][] = vectors.map(() => []);
  const weights: number[][] = vectors.map(() => []);
  const sums = new Float64Array(vectors.length);
  vectors.forEach((vector, i) => {
    const touched: number[] = [];
    vector.terms.forEach((term, k) => {
      const weight = vector.weights[k] ?? 0;
      const posting = postings[term] ?? [];
      for (const other of posting) {
        if (sums[other.at] === 0) touched.push(other.at);
        sums[other.at] = (sums[other.at] ?? 0) + weight * other.weight;
      }
      if (posting.length < MAX_POSTINGS) posting.push({ at: i, weight });
    });
    for (const j of touched) {
      const similarity = sums[j] ?? 0;
      sums[j] = 0;
      if (similarity < threshold) continue;
      neighbours[i]?.push(j);
      weights[i]?.push(similarity);
      neighbours[j]?.push(i);
      weights[j]?.push(similarity);
    }
  });
  return { neighbours, weights };
}

/**
 * Stationary probability of every node under PageRank with damping 0.85, by power iteration. A node without edges
 * gets only the damping share.
 */
export function pageRank({ neighbours, weights }: WeightedGraph): Float64Array {
  const size = neighbours.length;
  const base = size === 0 ? 0 : (1 - DAMPING) / size;
  const strength = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  let rank = new Float64Array(size).fill(1 / size);
  for (let round = 0; round < ITERATIONS; round += 1) {
    const next = new Float64Array(size).fill(base);
    neighbours.forEach((row, i) => {
      const share = (DAMPING * (rank[i] ?? 0)) / (strength[i] || 1);
      row.forEach((j, k) => {
        next[j] = (next[j] ?? 0) + share * (weights[i]?.[k] ?? 0);
      });
    });
    const change = next.reduce((sum, value, i) => sum + Math.abs(value - (rank[i] ?? 0)), 0);
    rank = next;
    if (change < TOLERANCE) break;
  }
  return rank;
}
