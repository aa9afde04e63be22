import type { AnalysisLimit } from './analysis/index.js';
import { assembleBriefing } from './assemble-briefing.js';
import { ANALYSIS_PARTS, type AnalysisPart, type DepthPlan } from './depth-plan.js';
import type {
  Analysis,
  Briefing,
  CheckedClaim,
  ContentDocument,
  ClaimCrossCheck,
  Depth,
  ExperimentFindings,
  NarrativeGrounding,
  StageNote,
} from './model.js';
import type { LanguageModel } from './ports.js';
import { languageNotes, lostNotes, missingNotes, plannedNotes } from './stage-notes.js';
import { timingsOf, type Staged, type StageRunner } from './stage-runner.js';
import { isPossible, type ReadDocument } from './stages.js';
import type { ComparedSummaries } from './summary-alternatives.js';

/** What the stages after parsing are run for. */
export interface DocumentJob {
  readonly document: ContentDocument;
  readonly contentHash: string;
  readonly depth: Depth;
  readonly plan: DepthPlan;
  readonly hasModel: boolean;
  /** The stages before. */
  readonly before: readonly Staged<unknown>[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Called with the briefing before it is stored. */
  readonly made?: (briefing: Briefing) => void;
}

type Made<T> = Staged<T> | undefined;

/** What the stages before the briefing made, as far as they did. */
export type MadeStages = { readonly [K in AnalysisPart]?: Made<Analysis[K]> } & {
  readonly read?: Made<ReadDocument>;
  readonly alternatives?: Made<ComparedSummaries>;
  readonly verification?: Made<readonly CheckedClaim[]>;
  readonly crosscheck?: Made<readonly ClaimCrossCheck[]>;
  readonly narrative?: Made<NonNullable<Briefing['narrative']>>;
  readonly revision?: Made<NonNullable<Briefing['narrative']>>;
  readonly grounding?: Made<NarrativeGrounding>;
};

/** Puts together what the stages made, with a note for each one that did not. */
export function briefingOf(
  job: DocumentJob,
  made: MadeStages,
  { runner, model }: { readonly runner: StageRunner; readonly model: LanguageModel | undefined },
): Briefing {
  const staged = [...job.before, ...Object.values(made)].filter((each) => each !== undefined);
  const planned = notesOf(job, made.read?.value.limits ?? [], model);
  const known = [...lostNotes(runner.lost), ...groundingNotes(made.grounding?.value), ...planned];
  const narrative = narrativeOf(made);
  const experiment = experimentOf(made);
  return assembleBriefing({
    ...job,
    producedBy: 'autonomous_intelligence',
    analysis: analysisOf(made),
    checked: made.verification?.value ?? [],
    ...(narrative === undefined ? {} : { narrative }),
    ...(experiment === undefined ? {} : { experiment }),
    notes: [...missingNotes(job.plan, runner.refused, staged, known), ...known],
    timings: timingsOf(staged),
  });
}

/** The parts of the analysis; where summaries were compared, with the best one. */
export function analysisOf(made: MadeStages): Partial<Analysis> {
  const parts = ANALYSIS_PARTS.flatMap((part) => {
    const value = (part === 'summary' ? made.alternatives?.value.summary : undefined) ?? made[part]?.value;
    return value === undefined ? [] : [[part, value] as const];
  });
  return Object.fromEntries(parts);
}

/** The text that stands: the revision, unless the draft was found to be better. */
export function narrativeOf({ narrative, revision, grounding }: MadeStages): Briefing['narrative'] {
  return (grounding?.value.kept === 'draft' ? narrative : (revision ?? narrative))?.value;
}

/** What the depth `experimental` adds; nothing where none of it was made. */
export function experimentOf({
  alternatives,
  crosscheck,
  grounding,
}: MadeStages): ExperimentFindings | undefined {
  if (alternatives === undefined && crosscheck === undefined && grounding === undefined) return undefined;
  return {
    ...(alternatives === undefined ? {} : { summaries: alternatives.value.measures }),
    ...(crosscheck === undefined ? {} : { crossChecks: crosscheck.value }),
    ...(grounding === undefined ? {} : { grounding: grounding.value }),
  };
}

/** A reader of the narrative must know what in it nobody can vouch for. */
function groundingNotes(grounding: NarrativeGrounding | undefined): readonly StageNote[] {
  if (grounding === undefined || grounding.unfounded.length === 0) return [];
  const { unfounded, sentences } = grounding;
  const missing = [...new Set(unfounded.flatMap((each) => each.missing))].slice(0, 10);
  const reason = `The material does not hold all of ${String(unfounded.length)} of its ${String(sentences)} sentences: ${missing.join(', ')}.`;
  return [{ stage: 'narrative', outcome: 'reduced', reason }];
}

/** What is known to be left out or reduced once the text has been read. */
export function notesOf(
  { depth, plan }: Pick<DocumentJob, 'depth' | 'plan'>,
  limits: readonly AnalysisLimit[],
  model: LanguageModel | undefined,
): readonly StageNote[] {
  const notes = [...plannedNotes(depth, model), ...languageNotes(limits, plan.parts)];
  if (!plan.verifies || isPossible('claims', plan, limits)) return notes;
  return [...notes, { stage: 'verification', outcome: 'skipped', reason: 'No claims were extracted.' }];
}
