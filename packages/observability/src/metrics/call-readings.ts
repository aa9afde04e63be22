import { type CallCell, OUTCOMES } from './call-cell.js';
import type { Reading } from './reading.js';

const NO_LABELS = Object.freeze({});
/** The same objects for each cell. */
const OUTCOME_LABELS = OUTCOMES.map(({ status, errorCategory }) =>
  Object.freeze({ status, error_category: errorCategory }),
);

/** Calls by outcome; what never came about is left out. */
export function callCounts(cells: Iterable<CallCell>): readonly Reading[] {
  const readings: Reading[] = [];
  for (const { labels: shared, outcomes } of cells) {
    for (let index = 0; index < outcomes.length; index += 1) {
      const value = outcomes[index] as number;
      // Successes are always there, so that a rate can be taken from the first of them on.
      if (value === 0 && index !== 0) continue;
      readings.push({ shared, labels: OUTCOME_LABELS[index] as Reading['labels'], value });
    }
  }
  return readings;
}

export function callsInFlight(cells: Iterable<CallCell>): readonly Reading[] {
  return Array.from(cells, ({ labels: shared, inFlight: value }) => ({ shared, labels: NO_LABELS, value }));
}

/** The parts of the histogram: buckets summed up, sum, count. */
export function callDurations(cells: Iterable<CallCell>, name: string): readonly Reading[] {
  const readings: Reading[] = [];
  const [bucket, sum, total] = [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  for (const { labels: shared, buckets, scale, sumMs } of cells) {
    let count = 0;
    for (let index = 0; index < buckets.length; index += 1) {
      count += buckets[index] as number;
      readings.push({
        metricName: bucket,
        shared,
        labels: scale.labels[index] as Reading['labels'],
        value: count,
      });
    }
    readings.push({ metricName: sum, shared, labels: NO_LABELS, value: sumMs / 1_000 });
    readings.push({ metricName: total, shared, labels: NO_LABELS, value: count });
  }
  return readings;
}
