import type { StageNote } from '../autonomous-intelligence/model.js';
import { isPlannedGap } from '../autonomous-intelligence/planned-gap.js';

/** The five stages of the fallback, in their order. */
export const FALLBACK_STAGES = ['start', 'pipeline', 'analysis', 'fact_check', 'report'] as const;
export type FallbackStage = (typeof FALLBACK_STAGES)[number];

/** The qualities in which content is read, the best first: as its server describes it, by its bytes alone, byte by byte. */
export const FALLBACK_QUALITIES = ['declared', 'detected', 'lenient'] as const;
export type FallbackQuality = (typeof FALLBACK_QUALITIES)[number];

/** What became of one of the five; the notes of the briefing say why. */
export type FallbackStageOutcome = 'done' | 'reduced' | 'skipped';

const OF_STAGE: Readonly<Record<string, FallbackStage>> = {
  acquire: 'pipeline',
  parse: 'pipeline',
  claims: 'fact_check',
  verification: 'fact_check',
  fallacies: 'fact_check',
  narrative: 'report',
  revision: 'report',
  store: 'report',
};

const FACT_CHECKS = Object.values(OF_STAGE).filter((stage) => stage === 'fact_check').length;

/** The five stages by what is noted of their parts. One is skipped where the depth leaves all of it out. */
export function stageOutcomes(
  notes: readonly StageNote[],
): Readonly<Record<FallbackStage, FallbackStageOutcome>> {
  const outcomeOf = (stage: FallbackStage): FallbackStageOutcome => {
    const own = notes.filter((note) => (OF_STAGE[note.stage] ?? 'analysis') === stage);
    if (own.some((note) => !isPlannedGap(note))) return 'reduced';
    return stage === 'fact_check' && own.length === FACT_CHECKS ? 'skipped' : 'done';
  };
  return {
    start: 'done',
    pipeline: outcomeOf('pipeline'),
    analysis: outcomeOf('analysis'),
    fact_check: outcomeOf('fact_check'),
    report: outcomeOf('report'),
  };
}
