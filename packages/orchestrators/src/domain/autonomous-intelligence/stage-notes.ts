import { ANALYSIS_PARTS, DEPTH_PLANS } from './depth-plan.js';
import type { Depth, StageNote } from './model.js';
import { whyNoNarrative } from './narrative.js';
import { notInDepth } from './planned-gap.js';
import type { LanguageModel } from './ports.js';
import type { AnalysisLimit } from './analysis/index.js';

/** What a depth leaves out, and what nobody can do here: the notes that are known before anything runs. */
export function plannedNotes(depth: Depth, model: LanguageModel | undefined): readonly StageNote[] {
  const plan = DEPTH_PLANS[depth];
  const skipped = (stage: string, reason: string): StageNote => ({ stage, outcome: 'skipped', reason });
  const noNarrative = whyNoNarrative(plan, depth, model);
  return [
    ...ANALYSIS_PARTS.filter((part) => !plan.parts.includes(part)).map((part) =>
      skipped(part, notInDepth(depth)),
    ),
    ...(plan.verifies ? [] : [skipped('verification', notInDepth(depth))]),
    ...(noNarrative === undefined ? [] : [skipped('narrative', noNarrative)]),
  ];
}

/** What the language of the text takes away from the parts that were asked for. */
export function languageNotes(
  limits: readonly AnalysisLimit[],
  asked: readonly string[],
): readonly StageNote[] {
  return limits
    .filter(({ part }) => asked.includes(part))
    .map(({ part, reason }) => ({
      stage: part,
      outcome: reason.startsWith('Not ') ? ('skipped' as const) : ('reduced' as const),
      reason,
    }));
}
