import type { AutonomyStep } from './autonomy-path.js';
import type { PathAttempt } from './autonomy-report.js';

/** How analyses end: with a whole briefing, one with losses, none, none in time, or with no path that could run. */
export const AUTONOMY_ENDINGS = [
  'complete',
  'degraded',
  'failed',
  'timed_out',
  'unavailable',
  'cancelled',
] as const;
export type AutonomyEnding = (typeof AUTONOMY_ENDINGS)[number];

/** How often probes were asked, since the start. */
export interface AutonomyProbeCounts {
  /** Checks that were begun. */
  readonly asked: number;
  /** Answers that were used again. */
  readonly cached: number;
  /** Calls that waited for a check that was under way. */
  readonly shared: number;
  /** Checks that found something missing. */
  readonly lacking: number;
  /** Of those, how many gave no answer in time. */
  readonly timedOut: number;
}

/** What `get_metrics` gives: counts since the start. */
export interface AutonomyMetrics {
  readonly analyses: Readonly<Record<AutonomyEnding, number>>;
  /** By `path/depth/outcome`, for example `fallback_autonomous/standard/complete`. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Analyses in which a path failed and another one was tried. */
  readonly fallbacks: number;
  readonly probes: AutonomyProbeCounts;
}

/** Counts analyses and attempts. Paths, depths and outcomes are few, so there is no other bound. */
export class AutonomyCounters {
  readonly #analyses = new Map<AutonomyEnding, number>();
  readonly #attempts = new Map<string, number>();
  #fallbacks = 0;

  countAnalysis(ending: AutonomyEnding): void {
    this.#analyses.set(ending, (this.#analyses.get(ending) ?? 0) + 1);
  }

  countAttempt({ path, depth }: AutonomyStep, outcome: PathAttempt['outcome']): void {
    const key = `${path}/${depth}/${outcome}`;
    this.#attempts.set(key, (this.#attempts.get(key) ?? 0) + 1);
  }

  countFallback(): void {
    this.#fallbacks += 1;
  }

  report(probes: AutonomyProbeCounts): AutonomyMetrics {
    const of = (ending: AutonomyEnding): number => this.#analyses.get(ending) ?? 0;
    return {
      analyses: {
        complete: of('complete'),
        degraded: of('degraded'),
        failed: of('failed'),
        timed_out: of('timed_out'),
        unavailable: of('unavailable'),
        cancelled: of('cancelled'),
      },
      attempts: Object.fromEntries(this.#attempts),
      fallbacks: this.#fallbacks,
      probes,
    };
  }
}
