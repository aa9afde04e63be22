import { parallel, type OperationContext, type StepResult } from '@kapelle/core';
import type { AnalysisLimit, TextModel } from './analysis/index.js';
import { makePart } from './analysis-parts.js';
import { analysisTools } from './analysis-tools.js';
import { assembleBriefing } from './assemble-briefing.js';
import type { AnalysisPart, DepthPlan } from './depth-plan.js';
import type { Analysis, Briefing, CheckedClaim, ContentDocument, Depth, StageNote } from './model.js';
import { writeNarrative } from './narrative.js';
import type { BriefingStore, KnowledgeSource, LanguageModel } from './ports.js';
import { portFailure } from './port-failure.js';
import { record, type Shape } from './shape.js';
import { languageNotes, plannedNotes } from './stage-notes.js';
import { timingsOf, type Staged, type StageRunner } from './stage-runner.js';
import { CHECKED_SHAPE, NARRATIVE_SHAPE, PART_SHAPES, TEXT_SHAPE } from './stage-shapes.js';

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
}

/** What the stages are run with. */
export interface StageTools {
  readonly runner: StageRunner;
  readonly tenantId: string;
  readonly store: BriefingStore;
  readonly knowledge: KnowledgeSource;
  readonly model: LanguageModel | undefined;
}

/** The text as the analysis reads it, and what its language takes away. */
export interface ReadDocument {
  readonly text: TextModel;
  readonly limits: readonly AnalysisLimit[];
}

const READ_SHAPE: Shape = record({ text: TEXT_SHAPE });
/** The store has checked what it was given; it answers with nothing. */
const STORED_SHAPE: Shape = () => undefined;
const NARRATIVE_TIMEOUT_MS = 120_000;

/** Reads a document once for all parts of its analysis. */
export async function readDocument(document: ContentDocument): Promise<ReadDocument> {
  const { readText, analysisLimits } = await analysisTools.analysis();
  const text = readText(document);
  return { text, limits: analysisLimits(text) };
}

/** Runs the stage that reads the text. */
export function runRead(runner: StageRunner, document: ContentDocument, signal: AbortSignal) {
  return runner.run('read', READ_SHAPE, signal, () => readDocument(document));
}

/** Whether a part is asked for at all and possible in this language. */
export function isPossible(part: AnalysisPart, plan: DepthPlan, limits: readonly AnalysisLimit[]): boolean {
  const limit = limits.find((each) => each.part === part);
  return plan.parts.includes(part) && !(limit?.reason.startsWith('Not ') ?? false);
}

/** Runs the stage that makes one part of the analysis. */
export function runPart<K extends AnalysisPart>(
  part: K,
  job: Pick<DocumentJob, 'document' | 'plan'>,
  { runner, text, signal }: { runner: StageRunner; text: TextModel; signal: AbortSignal },
) {
  return runner.run(part, PART_SHAPES[part], signal, () =>
    makePart(part, { text, document: job.document, plan: job.plan }),
  );
}

/** Runs the stage that compares the claims with the knowledge. */
export function runVerification(
  claims: Analysis['claims'],
  { document, plan }: Pick<DocumentJob, 'document' | 'plan'>,
  { runner, knowledge, signal }: Pick<StageTools, 'runner' | 'knowledge'> & { signal: AbortSignal },
) {
  return runner.run('verification', CHECKED_SHAPE, signal, async (): Promise<readonly CheckedClaim[]> => {
    const base = await knowledge.load({ signal });
    const { checkClaims } = await analysisTools.verification();
    return checkClaims(claims, base, {
      relatedLimit: plan.relatedStatements,
      ...(document.publishedAt === undefined ? {} : { asOf: document.publishedAt }),
    });
  });
}

/** Runs the stage that has a language model write the findings up. */
export function runNarrative(
  material: Parameters<typeof writeNarrative>[1],
  { runner, model, signal }: { runner: StageRunner; model: LanguageModel; signal: AbortSignal },
) {
  return runner.run('narrative', NARRATIVE_SHAPE, signal, () => writeNarrative(model, material, signal));
}

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
  return runner.run('store', STORED_SHAPE, signal, () => store.save(tenantId, briefing));
}

interface AfterReading {
  readonly input: DocumentJob;
  readonly read: Staged<ReadDocument> | undefined;
}

const part =
  <K extends AnalysisPart>(name: K) =>
  ({ input, read }: AfterReading, step: { readonly self: StageTools; readonly signal: AbortSignal }) =>
    read === undefined
      ? noText()
      : runPart(name, input, { runner: step.self.runner, text: read.value.text, signal: step.signal });

const wanted = (name: AnalysisPart) => ({
  needs: ['read'] as const,
  when: ({ input, read }: AfterReading) => isPossible(name, input.plan, read?.value.limits ?? []),
});

function noText() {
  return portFailure(new Error('The text was not read.'));
}

/**
 * The graph of the stages after parsing. Everything that can run does: what fails takes with it only what needs it,
 * and the results of all stages come back by name.
 *
 *     read ─┬─ summary ──────────────────┐
 *           ├─ topics ───────────────────┤
 *           ├─ claims ── verification ───┼─ narrative ─┐
 *           ├─ keywords, entities, sentiment, fallacies, persuasion, readability, quality ─┴─ briefing ── store
 */
export const documentFlow = parallel<DocumentJob, StageTools>({ mode: 'settle' })
  .step('read', ({ input }, { self, signal }) => runRead(self.runner, input.document, signal))
  .step('summary', part('summary'), wanted('summary'))
  .step('keywords', part('keywords'), wanted('keywords'))
  .step('sentiment', part('sentiment'), wanted('sentiment'))
  .step('claims', part('claims'), wanted('claims'))
  .step('entities', part('entities'), wanted('entities'))
  .step('topics', part('topics'), wanted('topics'))
  .step('fallacies', part('fallacies'), wanted('fallacies'))
  .step('persuasion', part('persuasion'), wanted('persuasion'))
  .step('readability', part('readability'), wanted('readability'))
  .step('quality', part('quality'), wanted('quality'))
  .step(
    'verification',
    ({ input, claims }, { self, signal }) => runVerification(claims?.value ?? [], input, { ...self, signal }),
    {
      needs: ['claims'],
      when: ({ input, claims }) => input.plan.verifies && claims !== undefined,
      retry: { maxAttempts: 2 },
    },
  )
  .step(
    'narrative',
    ({ input, summary, topics, verification }, { self, signal }) =>
      self.model === undefined
        ? noText()
        : runNarrative(
            {
              document: input.document,
              analysis: {
                ...(summary === undefined ? {} : { summary: summary.value }),
                ...(topics === undefined ? {} : { topics: topics.value }),
              },
              checked: verification?.value ?? [],
            },
            { runner: self.runner, model: self.model, signal },
          ),
    {
      needs: ['summary', 'topics', 'verification'],
      when: ({ input }) => input.plan.narrates && input.hasModel,
      retry: { maxAttempts: 2 },
      timeoutMs: NARRATIVE_TIMEOUT_MS,
    },
  )
  .step(
    'briefing',
    ({ input, read, verification, narrative, ...parts }, { self }) => {
      const made = Object.values(parts).filter((each) => each !== undefined);
      const staged = [...input.before, ...made, read, verification, narrative].filter(
        (each) => each !== undefined,
      );
      return assembleBriefing({
        ...input,
        producedBy: 'autonomous_intelligence',
        analysis: analysisOf(made),
        checked: verification?.value ?? [],
        narrative: narrative?.value,
        notes: notesOf(input, read?.value.limits ?? [], self.model),
        timings: timingsOf(staged),
      });
    },
    {
      needs: [
        ...(['read', 'summary', 'keywords', 'sentiment', 'claims', 'entities', 'topics'] as const),
        ...(['fallacies', 'persuasion', 'readability', 'quality', 'verification', 'narrative'] as const),
      ],
    },
  )
  .step('store', ({ briefing }, { self, signal }) => runStore(briefing, { ...self, signal }), {
    needs: ['briefing'],
    retry: { maxAttempts: 3 },
  });

/** The results of the stages, by name. */
export type DocumentResults =
  Awaited<ReturnType<typeof documentFlow.run>> extends StepResult<infer T> ? T : never;

/** The parts of an analysis by the names of the stages that made them. */
export function analysisOf(made: readonly Staged<unknown>[]): Partial<Analysis> {
  return Object.fromEntries(made.map(({ stage, value }) => [stage, value]));
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

/** Runs the stages after parsing. Rejects only when the call is ended. */
export function runDocument(
  context: OperationContext,
  job: DocumentJob,
  tools: StageTools,
): Promise<StepResult<DocumentResults>> {
  return documentFlow.run(context, job, tools);
}
