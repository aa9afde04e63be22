import { ANALYSIS_PARTS, DEPTH_PLANS, type DepthPlan } from './depth-plan.js';
import type { Depth, ExperimentFindings, StageNote } from './model.js';
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
    ...(noNarrative === undefined || !plan.revises
      ? []
      : [skipped('revision', noNarrative), skipped('grounding', noNarrative)]),
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

/** What each stage cannot do without, to say why one did not run that nothing else is known of. */
const NEEDS: Readonly<Record<string, string>> = {
  verification: 'claims',
  narrative: 'summary',
  revision: 'narrative',
  grounding: 'narrative',
  alternatives: 'summary',
  crosscheck: 'claims',
};

/** Stages that failed and without which everything went on. */
export function lostNotes(lost: ReadonlyMap<string, string>): readonly StageNote[] {
  return [...lost].map(([stage, reason]) => ({ stage, outcome: 'failed', reason }));
}

/** The stages whose findings these are. */
export function experimentStages({
  summaries,
  crossChecks,
  grounding,
}: ExperimentFindings = {}): readonly string[] {
  return [
    ...(summaries === undefined ? [] : ['alternatives']),
    ...(crossChecks === undefined ? [] : ['crosscheck']),
    ...(grounding === undefined ? [] : ['grounding']),
  ];
}

/** Stages of a depth that did not run, and nothing says why yet: the budget, or one that they need. */
export function missingNotes(
  plan: DepthPlan,
  refused: ReadonlyMap<string, string>,
  ran: readonly { readonly stage: string }[],
  known: readonly StageNote[],
): readonly StageNote[] {
  const accounted = new Set([...ran, ...known].map(({ stage }) => stage));
  const planned = [
    'read',
    ...plan.parts,
    ...(plan.verifies ? ['verification'] : []),
    ...(plan.narrates ? ['narrative'] : []),
    ...(plan.revises ? ['revision', 'grounding'] : []),
    ...(plan.compares ? ['alternatives'] : []),
    ...(plan.crossChecks ? ['crosscheck'] : []),
  ];
  const hasRun = new Set(ran.map(({ stage }) => stage));
  return planned
    .filter((stage) => !accounted.has(stage))
    .map((stage) => ({
      stage,
      outcome: 'skipped',
      reason: refused.get(stage) ?? unmet(NEEDS[stage] ?? 'read', hasRun),
    }));
}

function unmet(needed: string, hasRun: ReadonlySet<string>): string {
  return hasRun.has(needed)
    ? 'It was not tried after another stage had failed.'
    : `It needs the stage "${needed}", which did not run.`;
}
