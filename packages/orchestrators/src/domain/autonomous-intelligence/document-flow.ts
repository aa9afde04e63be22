import {
  parallel,
  StepResult,
  type FailedResult,
  type OperationContext,
  type SkippedResult,
} from '@kapelle/core';
import type { AnalysisPart, ExtraStage } from './depth-plan.js';
import { briefingOf, type DocumentJob } from './document-briefing.js';
import type { Analysis, CheckedClaim } from './model.js';
import { planRecovery } from './recovery-plan.js';
import type { Staged, StageRunner } from './stage-runner.js';
import {
  isPossible,
  runAlternatives,
  runCrossCheck,
  runGrounding,
  runNarrative,
  runPart,
  runRead,
  runRevision,
  runStore,
  runVerification,
  type ReadDocument,
  type StageTools,
} from './stages.js';
import type { ComparedSummaries } from './summary-alternatives.js';

export { notesOf } from './document-briefing.js';

/** A model that does not answer is given up after this. */
export const NARRATIVE_TIMEOUT_MS = 120_000;

interface AfterReading {
  readonly input: DocumentJob;
  readonly read: Staged<ReadDocument> | undefined;
}

const part =
  <K extends AnalysisPart>(name: K) =>
  ({ input, read }: AfterReading, step: { readonly self: StageTools; readonly signal: AbortSignal }) =>
    read === undefined
      ? StepResult.skip('It needs the text, which was not read.')
      : runPart(name, input, { runner: step.self.runner, text: read.value.text, signal: step.signal });

const wanted = (name: AnalysisPart) => ({
  needs: ['read'] as const,
  when: ({ input, read }: AfterReading) => isPossible(name, input.plan, read?.value.limits ?? []),
});

interface ForNarrative {
  readonly input: DocumentJob;
  readonly summary: Staged<Analysis['summary']> | undefined;
  readonly alternatives: Staged<ComparedSummaries> | undefined;
  readonly topics: Staged<Analysis['topics']> | undefined;
  readonly verification: Staged<readonly CheckedClaim[]> | undefined;
}

const materialOf = ({ input, summary, alternatives, topics, verification }: ForNarrative) => {
  const chosen = alternatives?.value.summary ?? summary?.value;
  return {
    document: input.document,
    analysis: {
      ...(chosen === undefined ? {} : { summary: chosen }),
      ...(topics === undefined ? {} : { topics: topics.value }),
    },
    checked: verification?.value ?? [],
  };
};

/**
 * A stage of which nobody misses much: that it failed is noted, and everything goes on without it. A failure after
 * which nothing more is tried stays one.
 */
async function extra<T extends Staged<unknown>>(
  stage: ExtraStage,
  runner: StageRunner,
  run: Promise<T | FailedResult | SkippedResult>,
): Promise<T | FailedResult | SkippedResult> {
  const result = await run;
  if (!StepResult.isResult(result) || result.status !== 'failed') return result;
  const { errorCategory, retryable, error } = result;
  const attempts = Math.max(1, runner.attemptsOf(stage));
  const { severity } = planRecovery({ stage, errorCategory, retryable, attempts, isLater: false });
  if (severity === 'critical') return result;
  runner.noteLost(stage, error);
  return StepResult.skip(error);
}

/**
 * The graph of the stages after parsing. Everything that can run does: what fails takes with it only what needs it,
 * and the results of all stages come back by name. The stages in brackets belong to the depth `experimental`.
 *
 *     read ─┬─ summary ── [alternatives] ─┐
 *           ├─ topics ────────────────────┤
 *           ├─ claims ─┬─ verification ───┼─ narrative ── [revision] ── [grounding] ─┐
 *           │          └─ [crosscheck] ───┼──────────────────────────────────────────┤
 *           └─ keywords, entities, sentiment, fallacies, …, quality ─────────────────┴─ briefing ── store
 */
export const documentFlow = parallel<DocumentJob, StageTools>({ mode: 'settle' })
  .step('read', ({ input }, { self, signal }) =>
    runRead(self.runner, input.document, signal, { isRequired: true }),
  )
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
    'alternatives',
    ({ input, read, summary }, { self: { runner }, signal }) =>
      read === undefined || summary === undefined
        ? StepResult.skip('There is no summary.')
        : extra(
            'alternatives',
            runner,
            runAlternatives(summary.value, input, { runner, text: read.value.text, signal }),
          ),
    {
      needs: ['read', 'summary'],
      when: ({ input, summary }) => input.plan.compares && summary !== undefined,
    },
  )
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
    'crosscheck',
    ({ input, claims }, { self, signal }) =>
      extra(
        'crosscheck',
        self.runner,
        runCrossCheck(claims?.value ?? [], input.contentHash, { ...self, signal }),
      ),
    {
      needs: ['claims'],
      when: ({ input, claims }) => input.plan.crossChecks && claims !== undefined,
    },
  )
  .step(
    'narrative',
    (values, { self, signal }) =>
      self.model === undefined
        ? StepResult.skip('There is no language model.')
        : runNarrative(materialOf(values), { runner: self.runner, model: self.model, signal }),
    {
      needs: ['summary', 'alternatives', 'topics', 'verification'],
      when: ({ input, summary }) => input.plan.narrates && input.hasModel && summary !== undefined,
      retry: { maxAttempts: 2 },
      timeoutMs: NARRATIVE_TIMEOUT_MS,
    },
  )
  .step(
    'revision',
    (values, { self: { runner, model }, signal }) =>
      model === undefined || values.narrative === undefined
        ? StepResult.skip('There is no draft.')
        : extra(
            'revision',
            runner,
            runRevision(materialOf(values), values.narrative.value, { runner, model, signal }),
          ),
    {
      needs: ['summary', 'alternatives', 'topics', 'verification', 'narrative'],
      when: ({ input, narrative }) => input.plan.revises && narrative !== undefined,
      timeoutMs: NARRATIVE_TIMEOUT_MS,
    },
  )
  .step(
    'grounding',
    ({ narrative, revision, ...values }, { self: { runner }, signal }) =>
      narrative === undefined
        ? StepResult.skip('There is no narrative.')
        : extra(
            'grounding',
            runner,
            runGrounding(
              materialOf(values),
              { draft: narrative.value.text, revision: revision?.value.text },
              { runner, signal },
            ),
          ),
    {
      needs: ['summary', 'alternatives', 'topics', 'verification', 'narrative', 'revision'],
      when: ({ input, narrative }) => input.plan.revises && narrative !== undefined,
    },
  )
  .step(
    'briefing',
    ({ input, ...made }, { self: { runner, model } }) => {
      const briefing = briefingOf(input, made, { runner, model });
      input.made?.(briefing);
      return briefing;
    },
    {
      needs: [
        ...(['read', 'summary', 'keywords', 'sentiment', 'claims', 'entities', 'topics'] as const),
        ...(['fallacies', 'persuasion', 'readability', 'quality', 'verification'] as const),
        ...(['narrative', 'alternatives', 'crosscheck', 'revision', 'grounding'] as const),
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

/** Runs the stages after parsing. Rejects only when the call is ended. */
export function runDocument(
  context: OperationContext,
  job: DocumentJob,
  tools: StageTools,
): Promise<StepResult<DocumentResults>> {
  return documentFlow.run(context, job, tools);
}
