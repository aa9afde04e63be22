import type { TelemetrySeries } from '../telemetry-series.js';
import type { WindowFunction } from './expression.js';

/**
 * What a function gives for the points of some series after `from`, in the unit of the metric; `undefined` where there is
 * no point to tell from. Several series count as one: their points together, the growth of counters added up.
 */
export function windowValue(
  fn: WindowFunction,
  group: readonly TelemetrySeries[],
  from: number,
  windowMs: number,
): number | undefined {
  switch (fn) {
    case 'last':
      return latest(group, from);
    case 'rate': {
      const grown = growth(group, from);
      return grown === undefined ? undefined : grown / (windowMs / 1_000);
    }
    case 'increase':
      return growth(group, from);
    case 'p50':
    case 'p75':
    case 'p90':
    case 'p95':
    case 'p99':
      return quantile(group, from, Number(fn.slice(1)) / 100);
    default:
      return moments(fn, group, from);
  }
}

function latest(group: readonly TelemetrySeries[], from: number): number | undefined {
  let sum = 0;
  let found = false;
  for (const series of group) {
    if (series.lastAt === undefined || series.lastAt <= from) continue;
    sum += series.last as number;
    found = true;
  }
  return found ? sum : undefined;
}

/**
 * How much counters have grown. A total that is lower than the one before began anew. The last point before the window is
 * where the growth begins; where there is none, the counter began at 0 with its first point, or was forgotten before.
 */
function growth(group: readonly TelemetrySeries[], from: number): number | undefined {
  let sum = 0;
  let found = false;
  for (const series of group) {
    const { length } = series;
    const first = series.after(from);
    if (first >= length) {
      // It was there before and has not grown.
      if (length > 0) found = true;
      continue;
    }
    found = true;
    const isWhole = series.count === length;
    let before = first > 0 ? series.value(first - 1) : isWhole ? 0 : series.value(first);
    for (let i = first; i < length; i += 1) {
      const value = series.value(i);
      sum += value >= before ? value - before : value;
      before = value;
    }
  }
  return found ? sum : undefined;
}

function moments(
  fn: 'avg' | 'min' | 'max' | 'sum' | 'count' | 'stddev',
  group: readonly TelemetrySeries[],
  from: number,
): number | undefined {
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  // B. Welford, 1962: the plain sum of squares loses everything where values are large and alike.
  let mean = 0;
  let spread = 0;
  for (const series of group) {
    const { length } = series;
    for (let i = series.after(from); i < length; i += 1) {
      const value = series.value(i);
      count += 1;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
      const distance = value - mean;
      mean += distance / count;
      spread += distance * (value - mean);
    }
  }
  if (count === 0) return undefined;
  switch (fn) {
    case 'avg':
      return sum / count;
    case 'min':
      return min;
    case 'max':
      return max;
    case 'sum':
      return sum;
    case 'count':
      return count;
    case 'stddev':
      return Math.sqrt(spread / count);
  }
}

/** By linear interpolation between the two nearest values (R. Hyndman, Y. Fan, 1996, type 7). */
function quantile(group: readonly TelemetrySeries[], from: number, share: number): number | undefined {
  const values: number[] = [];
  for (const series of group) {
    const { length } = series;
    for (let i = series.after(from); i < length; i += 1) values.push(series.value(i));
  }
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] as number;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return below + (above - below) * (place - low);
}
