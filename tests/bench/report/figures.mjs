import { median } from '../statistics.mjs';

/**
 * The targets of a part beside what was seen. A ratio is the median of the ratios within a round: both sides of it ran close
 * to each other. Figures that nothing was measured for are left out.
 */
export function evaluate(part, measured, nodeMajor) {
  const all = (id, name) => measured.get(id)?.[name] ?? [];
  const value = (id, name) => (all(id, name).length === 0 ? Number.NaN : median(all(id, name)));
  const ratio = (id, to) => {
    const [above, under] = [all(id, 'cpuNs'), all(to, 'cpuNs')];
    const pairs = above.slice(0, under.length).map((cost, round) => cost / under[round]);
    return pairs.length === 0 ? Number.NaN : median(pairs);
  };
  return part
    .figures({ ratio, value, ns: (id) => value(id, 'cpuNs'), nodeMajor })
    .filter(({ seen }) => Number.isFinite(seen))
    .map((figure) => ({
      ...figure,
      reached: figure.exact === true ? figure.seen === figure.limit : figure.seen <= figure.limit,
    }));
}
