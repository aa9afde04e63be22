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
import { FallbackAutonomousOrchestrator } from '../fallback-autonomous/fallback-autonomous-orchestrator.js';
import { AnalyzeParams, GetParams, ListParams, SearchParams } from './analysis-params.js';
import { hashBytes, hashDocument } from './content-hash.js';
import { ACQUIRE_RETRY, pickDocument, runAcquire, runParse } from './content-stages.js';
import { ANALYSIS_PARTS, DEPTH_PLANS } from './depth-plan.js';
import { analysisOf, runDocument, type DocumentJob, type DocumentResults } from './document-flow.js';
import type { FailedStage, FinishedWork } from './finished-work.js';
import type { Briefing, ContentDocument, Depth, ParsedContent } from './model.js';
import { portFailure } from './port-failure.js';
import {
  BRIEFING_STORE,
  CONTENT_SOURCE,
  KNOWLEDGE_SOURCE,
  LANGUAGE_MODEL,
  type BriefingStore,
  type BriefingSummary,
  type ContentSource,
  type KnowledgeSource,
  type LanguageModel,
  type SearchHit,
} from './ports.js';
import { RecentFeeds } from './recent-feeds.js';
import { StageRunner, timingsOf, type Staged } from './stage-runner.js';

/** Content that was acquired and, where need be, parsed; or the briefing of it that exists already. */
type Intake =
  | { readonly kind: 'known'; readonly briefing: Briefing; readonly items: number }
  | {
      readonly kind: 'new';
      readonly document: ContentDocument;
      readonly contentHash: string;
      readonly before: readonly Staged<unknown>[];
      /** Documents of the content: 1, or the items of a feed. */
      readonly items: number;
    };

/**
 * Content in, a checked briefing out, stored and found again.
 *
 * Failures: those of acquiring and parsing as they are (`not_found`, `network`, `timeout`, `policy_violation`,
 * `filesystem_error`, `invalid_format`, …, with the code in `details.code`). Where a later stage fails, the work
 * that was done goes to `fallback_autonomous`, whose briefing says what is missing.
 */
@orchestrator('domain', 'parallel', {
  name: 'autonomous_intelligence',
  description: 'Analyses content, checks its claims, and keeps the briefing.',
  dependsOn: [FallbackAutonomousOrchestrator],
  maxConcurrency: 4,
})
export class AutonomousIntelligenceOrchestrator extends BaseOrchestrator {
  readonly #source: ContentSource;
  readonly #store: BriefingStore;
  readonly #knowledge: KnowledgeSource;
  readonly #clock: Clock;
  readonly #model: LanguageModel | undefined;
  readonly #feeds = new RecentFeeds();

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

  /**
   * Makes the briefing of some content, or gives the one that exists (`metadata.cached`) for the same content and
   * depth. Of a feed it takes one item; `metadata.items` says how many there are.
   */
  @operation({ default: true, params: AnalyzeParams, description: 'Makes the briefing of some content.' })
  async analyze(context: OperationContext, params: AnalyzeParams): Promise<StepResult<Briefing>> {
    const depth = params.depth ?? 'standard';
    const runner = new StageRunner(this.#clock);
    const intake = await this.#intake(context, params, depth, runner);
    const metadata = intake.items === 1 ? {} : { item: params.item ?? 0, items: intake.items };
    if (intake.kind === 'known') {
      return StepResult.ok(intake.briefing, { metadata: { cached: true, ...metadata } });
    }
    const job: DocumentJob = {
      document: intake.document,
      contentHash: intake.contentHash,
      depth,
      plan: DEPTH_PLANS[depth],
      hasModel: this.#model !== undefined,
      before: intake.before,
      createdAt: context.now(),
    };
    const ran = await runDocument(context, job, {
      runner,
      tenantId: context.tenantId,
      store: this.#store,
      knowledge: this.#knowledge,
      model: this.#model,
    });
    const results = StepResult.unwrap(ran);
    const { briefing, store } = results;
    if (briefing.status === 'ok' && store.status === 'ok') return StepResult.ok(briefing.data, { metadata });
    return this.#handOver(context, params, finishedWork(job, results), metadata);
  }

  /** A stored briefing. `not_found` where there is none under the id. */
  @operation({ params: GetParams, description: 'Gives a stored briefing.' })
  async get(context: OperationContext, { id }: GetParams): Promise<StepResult<Briefing>> {
    const briefing = await ported(this.#store.get(context.tenantId, id));
    return briefing === undefined
      ? StepResult.fail(`There is no briefing "${id}". List the briefings to see their ids.`, {
          errorCategory: 'not_found',
          details: { code: 'BRIEFING_UNKNOWN' },
        })
      : StepResult.ok(briefing);
  }

  /** Stored briefings, newest first. */
  @operation({ params: ListParams, description: 'Lists stored briefings, newest first.' })
  list(context: OperationContext, params: ListParams): Promise<readonly BriefingSummary[]> {
    return ported(
      this.#store.list(context.tenantId, { limit: params.limit ?? 50, offset: params.offset ?? 0 }),
    );
  }

  /** Full-text search in stored briefings, best first. */
  @operation({ params: SearchParams, description: 'Searches stored briefings, best first.' })
  search(context: OperationContext, { query, limit }: SearchParams): Promise<readonly SearchHit[]> {
    return ported(this.#store.search(context.tenantId, query, { limit: limit ?? 20 }));
  }

  async #intake(
    context: OperationContext,
    { uri, item, force = false }: AnalyzeParams,
    depth: Depth,
    runner: StageRunner,
  ): Promise<Intake> {
    const recall = async (step: string, contentHash: string): Promise<Briefing | undefined> =>
      force ? undefined : this.#recall(context, step, { contentHash, depth });

    const feed = this.#feeds.get(context.tenantId, context.requestId, uri);
    let content: ParsedContent;
    let before: readonly Staged<unknown>[];
    let contentHash: string | undefined;
    if (feed !== undefined) {
      ({ content, before } = feed);
    } else {
      const raw = await context.step(
        'acquire',
        ({ signal }) => runAcquire(runner, this.#source, uri, signal),
        {
          retry: ACQUIRE_RETRY,
        },
      );
      context.progress(0.02, 'acquire');
      contentHash = hashBytes(raw.value.bytes);
      // A later item can only be that of a feed, whose items are known by hashes of their own.
      const known = (item ?? 0) === 0 ? await recall('recall', contentHash) : undefined;
      if (known !== undefined) return { kind: 'known', briefing: known, items: 1 };
      const parsed = await context.step('parse', ({ signal }) => runParse(runner, raw.value, signal));
      context.progress(0.04, 'parse');
      content = parsed.value;
      before = [raw, parsed];
    }
    const { documents } = content;
    const items = documents.length;
    const document = pickDocument(content, item);
    if (StepResult.isResult(document)) throw new StepFailure(document);
    if (content.format !== 'feed' && items === 1) {
      return { kind: 'new', document, contentHash: contentHash ?? hashDocument(document), before, items };
    }
    if (feed === undefined) this.#feeds.put(context.tenantId, context.requestId, uri, { content, before });
    const itemHash = hashDocument(document);
    const known = await recall('recall item', itemHash);
    if (known !== undefined) return { kind: 'known', briefing: known, items };
    return { kind: 'new', document, contentHash: itemHash, before, items };
  }

  /** The briefing that makes another analysis needless. A store that does not answer is no reason to stop here. */
  async #recall(
    context: OperationContext,
    step: string,
    { contentHash, depth }: Pick<Briefing, 'contentHash' | 'depth'>,
  ): Promise<Briefing | undefined> {
    try {
      const known = await context.step(step, () =>
        ported(this.#store.findByContent(context.tenantId, contentHash, depth)),
      );
      return known !== undefined && this.#isComplete(known) ? known : undefined;
    } catch (thrown) {
      if (!(thrown instanceof StepFailure)) throw thrown;
      this.logger.warn('briefing_recall_failed', { error: thrown.message });
      return undefined;
    }
  }

  /** Whether another analysis could not give more. */
  #isComplete({ producedBy, depth, narrative }: Briefing): boolean {
    if (producedBy !== 'autonomous_intelligence') return false;
    return narrative !== undefined || this.#model === undefined || !DEPTH_PLANS[depth].narrates;
  }

  async #handOver(
    context: OperationContext,
    params: AnalyzeParams,
    finished: FinishedWork,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<StepResult<Briefing>> {
    const failed = finished.failures.map(({ stage }) => stage);
    this.logger.warn('analysis_handed_over', { to: 'fallback_autonomous', failed });
    const result = await context.call(FallbackAutonomousOrchestrator, {
      operation: 'analyze',
      uri: params.uri,
      ...(params.depth === undefined ? {} : { depth: params.depth }),
      ...(params.item === undefined ? {} : { item: params.item }),
      finished,
    });
    if (result.status !== 'ok') return result;
    return StepResult.ok(result.data, {
      metadata: { ...result.metadata, ...metadata, failedStages: failed },
      warnings: result.warnings,
    });
  }
}

/** What the stages gave, for whoever goes on after a failure. */
function finishedWork(job: DocumentJob, results: DocumentResults): FinishedWork {
  const staged: Staged<unknown>[] = [...job.before];
  const failures: FailedStage[] = [];
  const valueOf = <T>(result: StepResult<Staged<T> | undefined>): T | undefined => {
    if (result.status !== 'ok' || result.data === undefined) return undefined;
    staged.push(result.data);
    return result.data.value;
  };
  const parts: Staged<unknown>[] = [];
  for (const part of ANALYSIS_PARTS) {
    const result: StepResult<Staged<unknown> | undefined> = results[part];
    if (valueOf(result) !== undefined && result.data !== undefined) parts.push(result.data);
  }
  valueOf(results.read);
  const checked = valueOf(results.verification);
  const narrative = valueOf(results.narrative);
  for (const [stage, result] of Object.entries(results) as [string, StepResult][]) {
    if (result.status === 'failed') {
      failures.push({ stage, reason: result.error, retryable: result.retryable });
    }
  }
  return {
    contentHash: job.contentHash,
    document: job.document,
    analysis: analysisOf(parts),
    ...(checked === undefined ? {} : { checked }),
    ...(narrative === undefined ? {} : { narrative }),
    failures,
    timings: timingsOf(staged),
  };
}

/** What a port gives; its rejection as the failed result it means. */
async function ported<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    throw new StepFailure(portFailure(thrown));
  }
}
