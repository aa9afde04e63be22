/** What a soak comes to: each verdict says what was seen, the bound, and whether that holds. */
import { percentile, slopeOf } from './regression.mjs';

/** Growth of the heap over the second half of a run that the slope is 95 % sure of, in bytes. */
export const HEAP_GROWTH_BYTES = 512 * 1_024;

/** Heap samples as points of a line: bytes over seconds, of the second half. */
export function secondHalf(samples) {
  const end = samples.at(-1)?.atMs ?? 0;
  const half = samples.filter(({ atMs }) => atMs >= end / 2);
  return half.map(({ atMs, heapBytes }) => ({ x: atMs / 1_000, y: heapBytes }));
}

export function heapVerdict(samples) {
  const points = secondHalf(samples);
  const { slope, atLeast, atMost } = slopeOf(points);
  const seconds = points.at(-1).x - points[0].x;
  const sure = atLeast * seconds;
  return {
    id: 'heap',
    what: 'growth of the heap over the second half, 95 % sure of',
    unit: 'bytes',
    seen: Math.max(0, sure),
    limit: HEAP_GROWTH_BYTES,
    holds: sure <= HEAP_GROWTH_BYTES,
    details: {
      bytesPerMinute: slope * 60,
      bytesPerMinuteAtLeast: atLeast * 60,
      bytesPerMinuteAtMost: atMost * 60,
      samples: points.length,
    },
  };
}

/** 99 of 100 looks have a p99 of at most that. */
export function loopVerdict(samples, limitMs) {
  const seen = percentile(
    samples.map(({ loop }) => loop.p99Ms),
    0.99,
  );
  return {
    id: 'loop',
    what: 'p99 of the event loop’s delay',
    unit: 'ms',
    seen,
    limit: limitMs,
    holds: seen <= limitMs,
  };
}

/** @param left what there is more of than before, by kind */
export function nothingLeft(id, what, left) {
  const count = Object.values(left).reduce((sum, more) => sum + more, 0);
  return { id, what, unit: '', seen: count, limit: 0, holds: count === 0, details: left };
}

/** @param problems sentences, one each */
export function noProblem(id, what, problems) {
  return {
    id,
    what,
    unit: '',
    seen: problems.length,
    limit: 0,
    holds: problems.length === 0,
    details: problems,
  };
}
