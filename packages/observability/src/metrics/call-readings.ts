import { type CallCell, OUTCOMES } from './call-cell.js';
import type { Reading } from './reading.js';

const labelsOf = (cell: CallCell): Record<string, string> => ({ ...cell.labels });

/** Calls by outcome; what never came about is left out. */
export function callCounts(cells: Iterable<CallCell>): readonly Reading[] {
  const readings: Reading[] = [];
  for (const cell of cells) {
    OUTCOMES.forEach(({ status, errorCategory }, index) => {
      const value = cell.outcomes[index] as number;
      // Successes are always there, so that a rate can be taken from the first of them on.
      if (value === 0 && index !== 0) return;
      readings.push({ labels: { ...labelsOf(cell), status, error_category: errorCategory }, value });
    });
  }
  return readings;
}

export function callsInFlight(cells: Iterable<CallCell>): readonly Reading[] {
  return Array.from(cells, (cell) => ({ labels: labelsOf(cell), value: cell.inFlight }));
}

/** The parts of the histogram: buckets summed up, sum, count. */
export function callDurations(cells: Iterable<CallCell>, name: string): readonly Reading[] {
  const readings: Reading[] = [];
  for (const cell of cells) {
    const labels = labelsOf(cell);
    let count = 0;
    cell.buckets.forEach((calls, index) => {
      count += calls;
      const le = cell.scale.bounds[index] ?? '+Inf';
      readings.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
    });
    readings.push({ metricName: `${name}_sum`, labels, value: cell.sumMs / 1_000 });
    readings.push({ metricName: `${name}_count`, labels, value: count });
  }
  return readings;
}
