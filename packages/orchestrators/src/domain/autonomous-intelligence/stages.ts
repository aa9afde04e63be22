import type { AnalysisLimit, TextModel } from './analysis/index.js';
import { makePart } from './analysis-parts.js';
import { analysisTools } from './analysis-tools.js';
import type { AnalysisPart, DepthPlan } from './depth-plan.js';
import { crossCheck } from './cross-check.js';
import { groundText, type GroundedText } from './ground-narrative.js';
import type { Analysis, Briefing, CheckedClaim, ContentDocument, NarrativeGrounding } from './model.js';
import { narrativeRequest, revisionRequest, writeNarrative, type NarrativeMaterial } from './narrative.js';
import type { BriefingStore, KnowledgeSource, LanguageModel } from './ports.js';
import { listOf, record, someText, type Shape } from './shape.js';
import type { StageOptions, StageRunner } from './stage-runner.js';
import {
  ALTERNATIVES_SHAPE,
  CHECKED_SHAPE,
  CROSS_CHECKS_SHAPE,
  GROUNDING_SHAPE,
  NARRATIVE_SHAPE,
  PART_SHAPES,
  TEXT_SHAPE,
} from './stage-shapes.js';
import {
  compareSummaries,
  frequentSentences,
  leadSentences,
  type ComparedSummaries,
} from './summary-alternatives.js';

/** What the stages are run with. */
export interface StageTools {
  readonly runner: StageRunner;
  readonly tenantId: string;
  readonly store: BriefingStore;
  readonly knowledge: KnowledgeSource;
  readonly model: LanguageModel | undefined;
}

/** What a stage after parsing is run for. */
export interface StageJob {
  readonly document: ContentDocument;
  readonly plan: DepthPlan;
}

/** The text as the analysis reads it, and what its language takes away. */
export interface ReadDocument {
  readonly text: TextModel;
  readonly limits: readonly AnalysisLimit[];
}

const READ_SHAPE: Shape = record({
  text: TEXT_SHAPE,
  limits: listOf(record({ part: someText, reason: someText })),
});
/** The store has checked what it was given; it answers with nothing. */
const STORED_SHAPE: Shape = () => undefined;

/** Reads a document once for all parts of its analysis. */
export async function readDocument(document: ContentDocument): Promise<ReadDocument> {
  const { readText, analysisLimits } = await analysisTools.analysis();
  const text = readText(document);
  return { text, limits: analysisLimits(text) };
}

/** Runs the stage that reads the text. */
export function runRead(
  runner: StageRunner,
  document: ContentDocument,
  signal: AbortSignal,
  options: Pick<StageOptions<ReadDocument>, 'checkpoints' | 'isRequired'> = {},
) {
  return runner.run('read', READ_SHAPE, signal, () => readDocument(document), options);
}

/** Whether a part is asked for at all and possible in this language. */
export function isPossible(part: AnalysisPart, plan: DepthPlan, limits: readonly AnalysisLimit[]): boolean {
  const limit = limits.find((each) => each.part === part);
  return plan.parts.includes(part) && !(limit?.reason.startsWith('Not ') ?? false);
}

/** Runs the stage that makes one part of the analysis. */
export function runPart<K extends AnalysisPart>(
  part: K,
  { document, plan }: StageJob,
  { runner, text, signal, ...options }: PartTools,
) {
  return runner.run(part, PART_SHAPES[part], signal, () => makePart(part, { text, document, plan }), options);
}

interface PartTools extends Pick<StageOptions<never>, 'checkpoints'> {
  readonly runner: StageRunner;
  readonly text: TextModel;
  readonly signal: AbortSignal;
}

/** Runs the stage that compares the claims with the knowledge. */
export function runVerification(
  claims: Analysis['claims'],
  { document, plan }: StageJob,
  { runner, knowledge, signal }: Pick<StageTools, 'runner' | 'knowledge'> & { signal: AbortSignal },
) {
  return runner.run(
    'verification',
    CHECKED_SHAPE,
    signal,
    async (_meter, limited): Promise<readonly CheckedClaim[]> => {
      const base = await knowledge.load({ signal: limited });
      const { checkClaims } = await analysisTools.verification();
      return checkClaims(claims, base, {
        relatedLimit: plan.relatedStatements,
        ...(document.publishedAt === undefined ? {} : { asOf: document.publishedAt }),
      });
    },
    { port: 'answer' },
  );
}

interface WithModel {
  readonly runner: StageRunner;
  readonly model: LanguageModel;
  readonly signal: AbortSignal;
}

/** Runs the stage that has a language model write the findings up. */
export function runNarrative(material: NarrativeMaterial, { runner, model, signal }: WithModel) {
  const asked = narrativeRequest(material);
  return runner.run(
    'narrative',
    NARRATIVE_SHAPE,
    signal,
    (meter) => writeNarrative(model, asked, { signal, meter }),
    { bound: asked.bound },
  );
}

/**
 * Runs the stage that has a language model compare its narrative with the material, and write it again. It is told
 * what of the draft the material does not hold.
 */
export function runRevision(
  material: NarrativeMaterial,
  draft: NonNullable<Briefing['narrative']>,
  { runner, model, signal }: WithModel,
) {
  const asked = revisionRequest(material, draft.text, groundText(draft.text, material).unfounded);
  return runner.run(
    'revision',
    NARRATIVE_SHAPE,
    signal,
    (meter) => writeNarrative(model, asked, { signal, meter }),
    { bound: asked.bound },
  );
}

/** Runs the stage that summarises the text in other ways, and chooses the best. */
export function runAlternatives(
  central: Analysis['summary'],
  { plan }: StageJob,
  { runner, text, signal }: PartTools,
) {
  return runner.run('alternatives', ALTERNATIVES_SHAPE, signal, async (): Promise<ComparedSummaries> => {
    const { referenceTo } = await analysisTools.analysis();
    const wanted = plan.summarySentences;
    const compared = compareSummaries(text, [
      { method: 'central', sentences: central },
      { method: 'lead', sentences: leadSentences(text, wanted, referenceTo) },
      { method: 'frequent', sentences: frequentSentences(text, wanted, referenceTo) },
    ]);
    return compared ?? { summary: central, measures: [] };
  });
}

/** Runs the stage that compares the claims with what briefings of other sources say. */
export function runCrossCheck(
  claims: Analysis['claims'],
  contentHash: string,
  {
    runner,
    store,
    tenantId,
    signal,
  }: Pick<StageTools, 'runner' | 'store' | 'tenantId'> & { signal: AbortSignal },
) {
  return runner.run(
    'crosscheck',
    CROSS_CHECKS_SHAPE,
    signal,
    (_meter, limited) => crossCheck(claims, { contentHash }, { tenantId, store, signal: limited }),
    // What is stored by then is another matter.
    { port: 'answer', checkpoints: false },
  );
}

/** Runs the stage that finds in a narrative what its material does not hold. */
export function runGrounding(
  material: NarrativeMaterial,
  { draft, revision }: { readonly draft: string; readonly revision: string | undefined },
  { runner, signal }: Pick<WithModel, 'runner' | 'signal'>,
) {
  return runner.run('grounding', GROUNDING_SHAPE, signal, (): NarrativeGrounding => {
    const first = groundText(draft, material);
    const second = revision === undefined ? undefined : groundText(revision, material);
    // A revision that is as good has at least been looked through.
    const isRevised = second !== undefined && shareOf(second) <= shareOf(first);
    return {
      kept: isRevised ? 'revision' : 'draft',
      ...(isRevised ? second : first),
      unfoundedInDraft: first.unfounded.length,
    };
  });
}

const shareOf = ({ sentences, unfounded }: GroundedText): number => unfounded.length / Math.max(sentences, 1);

/** Runs the stage that stores a briefing. */
export function runStore(
  briefing: Briefing,
  {
    runner,
    store,
    tenantId,
    signal,
  }: Pick<StageTools, 'runner' | 'store' | 'tenantId'> & { signal: AbortSignal },
) {
  return runner.run('store', STORED_SHAPE, signal, () => store.save(tenantId, briefing), {
    port: 'answer',
    isEssential: true,
    checkpoints: false,
  });
}
