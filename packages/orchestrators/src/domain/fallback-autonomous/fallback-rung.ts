import type { StageNote } from '../autonomous-intelligence/model.js';
import { isPlannedGap } from '../autonomous-intelligence/planned-gap.js';

/**
 * The rungs on which a briefing of the fallback may stand, the highest first.
 *
 * - `whole`: nothing that the depth asks for is missing
 * - `reduced`: the text was read, and something is missing or poorer
 * - `first_sentences`: the text could not be read, so its first sentences are all there is
 */
export const FALLBACK_RUNGS = ['whole', 'reduced', 'first_sentences'] as const;
export type FallbackRung = (typeof FALLBACK_RUNGS)[number];

/** What is missing or poorer for another reason than that nobody asked for it. */
export function lossesOf(notes: readonly StageNote[]): readonly StageNote[] {
  return notes.filter((note) => !isPlannedGap(note));
}

/** The rung that the notes of a briefing tell of. */
export function rungOf(notes: readonly StageNote[]): FallbackRung {
  const losses = lossesOf(notes);
  if (losses.length === 0) return 'whole';
  const isUnread = losses.some(
    ({ stage, outcome }) => stage === 'read' && (outcome === 'failed' || outcome === 'skipped'),
  );
  return isUnread ? 'first_sentences' : 'reduced';
}

/** Why a briefing is not all that it could be, as a sentence. */
export function lossReason(losses: readonly StageNote[]): string {
  const stages = [...new Set(losses.map(({ stage }) => stage))];
  return `Missing or poorer in this briefing: ${stages.join(', ')}. Its notes say why.`;
}
