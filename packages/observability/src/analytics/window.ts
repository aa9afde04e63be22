import type { Points } from './metric-series.js';

/** What an answer was made from. */
export interface AnalysisWindow {
  /** Time of the first point, epoch ms. */
  readonly from: number;
  /** Time of the last point, epoch ms. */
  readonly to: number;
  readonly points: number;
}

/** There is too little to say anything; nothing is guessed. */
export interface InsufficientData {
  readonly status: 'insufficient-data';
  /** Points there are. */
  readonly points: number;
  /** Points that are needed. */
  readonly needed: number;
  readonly reason: string;
}

export function insufficient(points: number, needed: number, reason?: string): InsufficientData {
  return {
    status: 'insufficient-data',
    points,
    needed,
    reason: reason ?? `${String(points)} points, ${String(needed)} are needed`,
  };
}

/** @param points at least one */
export const windowOf = ({ at }: Points): AnalysisWindow => ({
  from: at[0] ?? 0,
  to: at[at.length - 1] ?? 0,
  points: at.length,
});

/** The median of numbers, which are left as they are; NaN for none. */
export function medianOf(values: Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
