/** A weighted undirected graph as an edge list; node numbers run from 0. */
export interface Edge {
  readonly a: number;
  readonly b: number;
  readonly weight: number;
}

const MAX_ROUNDS = 30;
const MAX_LEVELS = 8;

/**
 * Community of every node by the Louvain method (Blondel, Guillaume, Lambiotte and Lefebvre, "Fast unfolding of
 * communities in large networks", 2008): nodes move to the neighbouring community that raises modularity most, then
 * communities become nodes and the same begins anew. Nodes are visited in order and ties go to the lower number, so
 * the result is always the same. Numbers are dense, in the order of each community's first node.
 *
 * @param resolution - above 1 makes more and smaller communities
 */
export function communities(size: number, edges: readonly Edge[], resolution = 1): readonly number[] {
  let membership = Array.from({ length: size }, (_, i) => i);
  let level = size;
  let current = edges;
  for (let round = 0; round < MAX_LEVELS; round += 1) {
    const moved = dense(localMoves(level, current, resolution));
    const groups = Math.max(-1, ...moved) + 1;
    membership = membership.map((node) => moved[node] ?? node);
    if (groups === level) break;
    current = aggregate(current, moved);
    level = groups;
  }
  return dense(membership);
}

function localMoves(size: number, edges: readonly Edge[], resolution: number): number[] {
  const links = Array.from({ length: size }, () => new Map<number, number>());
  const degree = new Float64Array(size);
  let total = 0;
  for (const { a, b, weight } of edges) {
    total += weight;
    degree[a] = (degree[a] ?? 0) + weight;
    degree[b] = (degree[b] ?? 0) + weight;
    if (a === b) continue;
    links[a]?.set(b, (links[a]?.get(b) ?? 0) + weight);
    links[b]?.set(a, (links[b]?.get(a) ?? 0) + weight);
  }
  const group = Array.from({ length: size }, (_, i) => i);
  const groupDegree = Float64Array.from(degree);
  if (total === 0) return group;
  for (let round = 0, changed = true; changed && round < MAX_ROUNDS; round += 1) {
    changed = false;
    for (let node = 0; node < size; node += 1) {
      const own = group[node] ?? node;
      const weight = degree[node] ?? 0;
      groupDegree[own] = (groupDegree[own] ?? 0) - weight;
      const towards = new Map<number, number>([[own, 0]]);
      for (const [other, link] of links[node] ?? []) {
        const at = group[other] ?? other;
        towards.set(at, (towards.get(at) ?? 0) + link);
      }
      let best = own;
      let bestGain = (towards.get(own) ?? 0) - (resolution * (groupDegree[own] ?? 0) * weight) / (2 * total);
      for (const [at, link] of [...towards].sort((x, y) => x[0] - y[0])) {
        const gain = link - (resolution * (groupDegree[at] ?? 0) * weight) / (2 * total);
        if (gain > bestGain + 1e-12) {
          best = at;
          bestGain = gain;
        }
      }
      groupDegree[best] = (groupDegree[best] ?? 0) + weight;
      if (best !== own) {
        group[node] = best;
        changed = true;
      }
    }
  }
  return group;
}

/** Renumbers groups in order of appearance. */
function dense(groups: readonly number[]): number[] {
  const numbers = new Map<number, number>();
  return groups.map((group) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
}

function aggregate(edges: readonly Edge[], group: readonly number[]): Edge[] {
  const sums = new Map<string, { a: number; b: number; weight: number }>();
  for (const { a, b, weight } of edges) {
    const x = Math.min(group[a] ?? a, group[b] ?? b);
    const y = Math.max(group[a] ?? a, group[b] ?? b);
    const key = `${x}:${y}`;
    const edge = sums.get(key) ?? { a: x, b: y, weight: 0 };
    edge.weight += weight;
    sums.set(key, edge);
  }
  return [...sums.values()];
}
