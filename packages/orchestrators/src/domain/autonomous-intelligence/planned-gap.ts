import type { Depth, StageNote } from './model.js';

/** Why there is no narrative where nobody set up a model. */
export const NO_LANGUAGE_MODEL = 'No language model is configured.';
const NOT_IN_DEPTH = 'Not part of the depth ';

/** Why a stage does not run at a depth. */
export function notInDepth(depth: Depth): string {
  return `${NOT_IN_DEPTH}"${depth}".`;
}

/** Whether a stage was left out because nobody asked for it, so that nothing is missing. */
export function isPlannedGap({ outcome, reason }: StageNote): boolean {
  return outcome === 'skipped' && (reason.startsWith(NOT_IN_DEPTH) || reason === NO_LANGUAGE_MODEL);
}
