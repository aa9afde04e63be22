/** What came of a run: a whole briefing, one with losses, none. */
export const RUN_OUTCOMES = ['complete', 'degraded', 'failed'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** One run of a path. */
export interface PathRun {
  /** Epoch milliseconds of its end. */
  readonly at: number;
  readonly ms: number;
  readonly outcome: RunOutcome;
}

/** What is known of a path at a depth. */
export interface PathStatistics {
  readonly runs: number;
  readonly complete: number;
  readonly degraded: number;
  readonly failed: number;
  /** Share of the runs that made a briefing, 0 to 1; left out without runs, like the rest. */
  readonly successRate?: number;
  readonly meanMs?: number;
  readonly medianMs?: number;
  /** 95 of 100 runs took no longer. */
  readonly p95Ms?: number;
  /** Epoch milliseconds of the last one. */
  readonly lastAt?: number;
}

/** The figures of some runs. */
export function statisticsOf(runs: readonly PathRun[]): PathStatistics {
  const count = (outcome: RunOutcome): number => runs.filter((run) => run.outcome === outcome).length;
  const counts = {
    runs: runs.length,
    complete: count('complete'),
    degraded: count('degraded'),
    failed: count('failed'),
  };
  if (runs.length === 0) return counts;
  const times = runs.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    ...counts,
    successRate: (counts.complete + counts.degraded) / counts.runs,
    meanMs: times.reduce((sum, ms) => sum + ms, 0) / times.length,
    medianMs: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    lastAt: Math.max(...runs.map(({ at }) => at)),
  };
}

/** Nearest rank: a value that was measured. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** For 95 of 100. */
const Z = 1.96;

/**
 * Between what the true share lies, given so many of so many (Wilson's score interval, E. B. Wilson 1927): few runs leave
 * it wide, so that one bad run does not condemn a path.
 */
export function shareInterval(hits: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const share = hits / of;
  const square = (Z * Z) / of;
  const centre = (share + square / 2) / (1 + square);
  const half = (Z / (1 + square)) * Math.sqrt((share * (1 - share)) / of + square / (4 * of));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Milliseconds to a briefing through the full path: its own, and those of the fallback as often as it is needed. */
export function expectedFullMs(full: PathStatistics, fallback: PathStatistics): number {
  const failing = 1 - (full.successRate ?? 0);
  return (full.meanMs ?? Infinity) + (failing === 0 ? 0 : failing * expectedFallbackMs(fallback));
}

/** Milliseconds to a briefing through the fallback alone: it is called again until it gives one. */
export function expectedFallbackMs({ meanMs = Infinity, successRate = 0 }: PathStatistics): number {
  return successRate === 0 ? Infinity : meanMs / successRate;
}
