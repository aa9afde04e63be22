import {
  BaseOrchestrator,
  CLOCK,
  operation,
  type Clock,
  type OperationContext,
  orchestrator,
  StepFailure,
  StepResult,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { assembleBriefing } from '../autonomous-intelligence/assemble-briefing.js';
import { hashBytes, hashDocument } from '../autonomous-intelligence/content-hash.js';
import {
  ACQUIRE_RETRY,
  pickDocument,
  runAcquire,
  runParse,
} from '../autonomous-intelligence/content-stages.js';
import { ANALYSIS_PARTS, DEPTH_PLANS, type AnalysisPart } from '../autonomous-intelligence/depth-plan.js';
import {
  isPossible,
  notesOf,
  runNarrative,
  runPart,
  runRead,
  runStore,
  runVerification,
  type ReadDocument,
} from '../autonomous-intelligence/document-flow.js';
import { finishedWorkProblem } from '../autonomous-intelligence/finished-work.js';
import type {
  Analysis,
  Briefing,
  ContentDocument,
  ParsedContent,
  RawContent,
} from '../autonomous-intelligence/model.js';
import { failureCode } from '../autonomous-intelligence/port-failure.js';
import {
  BRIEFING_STORE,
  CONTENT_SOURCE,
  KNOWLEDGE_SOURCE,
  LANGUAGE_MODEL,
  type BriefingStore,
  type ContentSource,
  type KnowledgeSource,
  type LanguageModel,
} from '../autonomous-intelligence/ports.js';
import { StageRunner, timingsOf, type Staged } from '../autonomous-intelligence/stage-runner.js';
import { FallbackParams } from './fallback-params.js';
import { Ladder } from './ladder.js';
import { leadSummary } from './lead-summary.js';

interface Start {
  readonly document: ContentDocument;
  readonly contentHash: string;
  readonly staged: readonly Staged<unknown>[];
}

/**
 * Makes the best briefing that still can be made where something it needs is down, one rung after the other, and
 * says in the notes what is missing and why. Only content that cannot be got or read is a failure.
 *
 * Takes over from `autonomous_intelligence` with the work that was done, or does everything by itself.
 */
@orchestrator('domain', 'sequential', {
  name: 'fallback_autonomous',
  description: 'Makes the best briefing that still can be made, and says what is missing.',
  maxConcurrency: 4,
})
export class FallbackAutonomousOrchestrator extends BaseOrchestrator {
  readonly #source: ContentSource;
  readonly #store: BriefingStore;
  readonly #knowledge: KnowledgeSource;
  readonly #clock: Clock;
  readonly #model: LanguageModel | undefined;

  constructor(
    @inject(CONTENT_SOURCE) source: ContentSource,
    @inject(BRIEFING_STORE) store: BriefingStore,
    @inject(KNOWLEDGE_SOURCE) knowledge: KnowledgeSource,
    @inject(CLOCK) clock: Clock,
    @inject(LANGUAGE_MODEL) @optional() model?: LanguageModel,
  ) {
    super();
    this.#source = source;
    this.#store = store;
    this.#knowledge = knowledge;
    this.#clock = clock;
    this.#model = model;
  }

  /** `metadata.stored` says whether the briefing was stored; each note of a loss is a warning too. */
  @operation({
    default: true,
    params: FallbackParams,
    description: 'Makes the best briefing that still can be made.',
  })
  async analyze(context: OperationContext, params: FallbackParams): Promise<StepResult<Briefing>> {
    const { depth = 'standard', finished } = params;
    const plan = DEPTH_PLANS[depth];
    const problem = finished === undefined ? undefined : finishedWorkProblem(finished);
    if (problem !== undefined) {
      return StepResult.fail(`The work handed over cannot be used: ${problem}. Leave "finished" out.`, {
        errorCategory: 'validation',
        details: { code: 'FINISHED_WORK_INVALID' },
      });
    }
    const runner = new StageRunner(this.#clock);
    const ladder = new Ladder(context, finished?.failures ?? []);
    const start =
      finished === undefined
        ? await this.#begin(context, params, runner, ladder)
        : { ...finished, staged: [] };
    const { document } = start;

    const analysis: Partial<Analysis> = { ...finished?.analysis };
    const read = await this.#analyse(context, { document, plan, runner, ladder, analysis });
    const checked = finished?.checked ?? (await this.#verify(analysis, { document, plan, runner, ladder }));
    const narrative =
      finished?.narrative ?? (await this.#narrate(analysis, checked, { document, plan, runner, ladder }));

    const planned = notesOf({ depth, plan }, read?.limits ?? [], this.#model);
    const made = {
      contentHash: start.contentHash,
      depth,
      createdAt: context.now(),
      producedBy: 'fallback_autonomous',
      document,
      analysis,
      checked: checked ?? [],
      narrative,
      timings: [...(finished?.timings ?? []), ...timingsOf([...start.staged, ...ladder.staged])],
    } as const;
    const briefing = assembleBriefing({ ...made, notes: [...ladder.notes, ...planned] });
    context.progress(0.95, 'briefing');
    await ladder.attempt(
      'store',
      (signal) => runStore(briefing, { runner, store: this.#store, tenantId: context.tenantId, signal }),
      { retry: { maxAttempts: 3 } },
    );
    context.progress(1, 'store');
    const stored = ladder.staged.some(({ stage }) => stage === 'store');
    const warnings = ladder.notes.map(({ stage, outcome, reason }) => `${stage} ${outcome}: ${reason}`);
    // What is returned tells of a failed store too; what was stored is returned as it was stored.
    const told = stored ? briefing : assembleBriefing({ ...made, notes: [...ladder.notes, ...planned] });
    return StepResult.ok(told, { metadata: { fallback: true, stored }, warnings });
  }

  async #begin(
    context: OperationContext,
    { uri, item }: FallbackParams,
    runner: StageRunner,
    ladder: Ladder,
  ): Promise<Start> {
    const raw = await context.step('acquire', ({ signal }) => runAcquire(runner, this.#source, uri, signal), {
      retry: ACQUIRE_RETRY,
    });
    context.progress(0.02, 'acquire');
    const parsed = await this.#parse(context, raw.value, runner, ladder);
    context.progress(0.04, 'parse');
    const document = pickDocument(parsed.value, item);
    if (StepResult.isResult(document)) throw new StepFailure(document);
    const isFeed = parsed.value.format === 'feed' || parsed.value.documents.length > 1;
    return {
      document,
      contentHash: isFeed ? hashDocument(document) : hashBytes(raw.value.bytes),
      staged: [raw, parsed],
    };
  }

  /** As the server described the content; then by its bytes alone; then in an encoding that can read any byte. */
  async #parse(
    context: OperationContext,
    raw: RawContent,
    runner: StageRunner,
    ladder: Ladder,
  ): Promise<Staged<ParsedContent>> {
    const { charset, mediaType, ...bare } = raw;
    try {
      return await context.step('parse', ({ signal }) => runParse(runner, raw, signal));
    } catch (thrown) {
      const failure = thrown instanceof StepFailure ? thrown.result : undefined;
      if (failure?.status !== 'failed' || failureCode(failure) !== 'CONTENT_ENCODING') throw thrown;
      const others: readonly RawContent[] = [
        ...(charset === undefined && mediaType === undefined ? [] : [bare]),
        { ...raw, charset: 'windows-1252' },
      ];
      for (const [at, other] of others.entries()) {
        try {
          const name = `parse again ${String(at + 1)}`;
          const parsed = await context.step(name, ({ signal }) => runParse(runner, other, signal));
          ladder.note(
            'parse',
            'reduced',
            `Read as ${other.charset ?? 'its bytes suggest'}, because: ${failure.error}`,
          );
          return parsed;
        } catch (again) {
          if (!(again instanceof StepFailure)) throw again;
        }
      }
      throw thrown;
    }
  }

  /** Makes the parts that are missing, into `analysis`. */
  async #analyse(
    context: OperationContext,
    { document, plan, runner, ladder, analysis }: Rung & { readonly analysis: Partial<Analysis> },
  ): Promise<ReadDocument | undefined> {
    const missing = ANALYSIS_PARTS.filter(
      (part) => plan.parts.includes(part) && analysis[part] === undefined,
    );
    if (missing.length === 0) return undefined;
    const read = await ladder.attempt('read', (signal) => runRead(runner, document, signal));
    if (read === undefined) {
      analysisWithoutText({ document, plan, ladder, missing, analysis });
      return undefined;
    }
    for (const [at, part] of missing.entries()) {
      if (!isPossible(part, plan, read.limits)) continue;
      const made = await ladder.attempt(part, (signal) =>
        runPart(part, { document, plan }, { runner, text: read.text, signal }),
      );
      if (made !== undefined) Object.assign(analysis, { [part]: made });
      context.progress(0.1 + (0.7 * (at + 1)) / missing.length, part);
    }
    return read;
  }

  async #verify(
    { claims }: Partial<Analysis>,
    { document, plan, runner, ladder }: Rung,
  ): Promise<Briefing['claims'] | undefined> {
    if (!plan.verifies || claims === undefined) return undefined;
    return ladder.attempt('verification', (signal) =>
      runVerification(claims, { document, plan }, { runner, knowledge: this.#knowledge, signal }),
    );
  }

  async #narrate(
    analysis: Partial<Analysis>,
    checked: Briefing['claims'] | undefined,
    { document, plan, runner, ladder }: Rung,
  ): Promise<Briefing['narrative']> {
    const model = this.#model;
    if (!plan.narrates || model === undefined || analysis.summary === undefined) return undefined;
    return ladder.attempt('narrative', (signal) =>
      runNarrative({ document, analysis, checked: checked ?? [] }, { runner, model, signal }),
    );
  }
}

interface Rung {
  readonly document: ContentDocument;
  readonly plan: (typeof DEPTH_PLANS)['standard'];
  readonly runner: StageRunner;
  readonly ladder: Ladder;
}

/** What can be said of a text that the language model could not read. */
function analysisWithoutText({
  document,
  plan,
  ladder,
  missing,
  analysis,
}: Omit<Rung, 'runner'> & {
  readonly missing: readonly AnalysisPart[];
  readonly analysis: Partial<Analysis>;
}): void {
  for (const part of missing) {
    if (part === 'summary') {
      Object.assign(analysis, { summary: leadSummary(document, plan.summarySentences) });
      ladder.note('summary', 'reduced', 'The first sentences, because the text could not be read.');
    } else ladder.note(part, 'skipped', 'It needs the text, which could not be read.');
  }
}
