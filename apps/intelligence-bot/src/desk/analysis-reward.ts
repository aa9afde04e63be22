import type { Briefing, Depth } from '@kapelle/orchestrators';

/** What a full briefing of a depth is worth to its reader, compared with a comprehensive one. */
const WORTH: Readonly<Record<string, number>> = { quick: 0.6, standard: 0.8, deep: 0.95, comprehensive: 1 };
/** Of a briefing that the fallback had to make, of the share that it has. */
const REDUCED = 0.4;
/** What taking the whole time limit costs of the reward. */
const SLOWNESS = 0.3;

/** What is known of how an analysis went. */
export interface AnalysisOutcome {
  readonly depth: Depth;
  /** Absent where there is none. */
  readonly briefing?: Pick<Briefing, 'producedBy' | 'timings'>;
  /** Stages that failed. */
  readonly failedStages: number;
  readonly tookMs: number;
  readonly limitMs: number;
}

/**
 * How good the choice of a depth turned out to be, 0 to 1, from what was measured: the worth of the depth, times the share of
 * stages that worked (0.4 of it where the fallback had to take over), less up to 30 % for the time it took; 0 without a briefing.
 */
export function analysisReward({ depth, briefing, failedStages, tookMs, limitMs }: AnalysisOutcome): number {
  if (briefing === undefined) return 0;
  const worked = briefing.timings.length;
  const share = worked + failedStages === 0 ? 0 : worked / (worked + failedStages);
  const whole = briefing.producedBy === 'fallback_autonomous' ? REDUCED * share : share;
  const slowness = SLOWNESS * Math.min(1, Math.max(0, tookMs / limitMs));
  return Math.min(1, Math.max(0, (WORTH[depth] ?? 0.5) * whole * (1 - slowness)));
}
