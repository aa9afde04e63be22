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
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { FallbackAutonomousOrchestrator } from '../fallback-autonomous/fallback-autonomous-orchestrator.js';
import { AnalysisBudget } from './analysis-budget.js';
import { AnalyzeParams, GetParams, limitsOf, ListParams, SearchParams } from './analysis-params.js';
import {
  AUTONOMOUS_INTELLIGENCE_OPTIONS,
  autonomousSettings,
  depthInUse,
  type AutonomousIntelligenceOptions,
  type AutonomousIntelligenceSettings,
} from './autonomous-options.js';
import { CheckedStore } from './checked-store.js';
import { Checkpoints } from './checkpoints.js';
import { ContentEntry, deliverLate, type KnownContent, type NewContent } from './content-entry.js';
import { DEPTH_PLANS } from './depth-plan.js';
import type { DocumentJob } from './document-briefing.js';
import { runDocument, type DocumentResults } from './document-flow.js';
import { budgetFailure, criticalFailure, finishedWork } from './finished-results.js';
import type { FinishedWork } from './finished-work.js';
import type { Briefing, Depth } from './model.js';
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
import { StageRunner } from './stage-runner.js';
import { RunningAnalyses } from './running-analyses.js';
import { SeenAs } from './seen-as.js';
import { told, withExtra } from './told-result.js';
import { Undelivered } from './undelivered.js';

interface Analysing {
  readonly context: OperationContext;
  readonly params: AnalyzeParams;
  readonly depth: Depth;
  readonly runner: StageRunner;
  readonly budget: AnalysisBudget;
}

/**
 * Content in, a checked briefing out, stored and found again.
 *
 * Failures: those of acquiring and parsing as they are (`not_found`, `network`, `timeout`, `policy_violation`,
 * `filesystem_error`, `invalid_format`, …, with the code in `details.code`). Where a later stage fails, the work
 * that was done goes to `fallback_autonomous`, whose briefing says what is missing. An analysis that was interrupted
 * is gone on with by the next call for the same content and depth, or with the same `analysisId`.
 */
@orchestrator('domain', 'parallel', {
  name: 'autonomous_intelligence',
  description: 'Analyses content, checks its claims, and keeps the briefing.',
  dependsOn: [FallbackAutonomousOrchestrator],
  maxConcurrency: 4,
})
export class AutonomousIntelligenceOrchestrator extends BaseOrchestrator {
  readonly #store: BriefingStore;
  readonly #knowledge: KnowledgeSource;
  readonly #clock: Clock;
  readonly #model: LanguageModel | undefined;
  readonly #settings: AutonomousIntelligenceSettings;
  readonly #undelivered: Undelivered;
  readonly #entry: ContentEntry;
  readonly #checked: CheckedStore;
  readonly #running = new RunningAnalyses();
  readonly #seenAs: SeenAs;

  constructor(
    @inject(CONTENT_SOURCE) source: ContentSource,
    @inject(BRIEFING_STORE) store: BriefingStore,
    @inject(KNOWLEDGE_SOURCE) knowledge: KnowledgeSource,
    @inject(CLOCK) clock: Clock,
    @inject(LANGUAGE_MODEL) @optional() model?: LanguageModel,
    @inject(AUTONOMOUS_INTELLIGENCE_OPTIONS) @optional() options?: AutonomousIntelligenceOptions,
    @inject(STATE_STORE) @optional() state: StateStore = new MemoryStateStore(clock),
  ) {
    super();
    const settings = autonomousSettings(options);
    const { logger } = this;
    this.#store = store;
    this.#knowledge = knowledge;
    this.#clock = clock;
    this.#model = model;
    this.#settings = settings;
    const checkpoints = new Checkpoints(state, clock, settings, logger);
    this.#undelivered = new Undelivered(state, clock, settings, logger);
    this.#seenAs = new SeenAs(state, clock, settings, logger);
    const undelivered = this.#undelivered;
    this.#checked = new CheckedStore(store, { clock, portTimeoutMs: settings.portTimeoutMs });
    this.#entry = new ContentEntry({
      ...{ source, store: this.#checked, checkpoints, undelivered, model, clock, logger },
    });
  }

  /**
   * Makes the briefing of some content, or gives the one that exists (`metadata.cached`) for the same content and
   * depth. Of a feed it takes one item; `metadata.items` says how many there are.
   */
  @operation({ default: true, params: AnalyzeParams, description: 'Makes the briefing of some content.' })
  async analyze(context: OperationContext, params: AnalyzeParams): Promise<StepResult<Briefing>> {
    const { depth, warnings } = depthInUse(params.depth, this.#settings);
    const { portTimeoutMs, prices } = this.#settings;
    const budget = new AnalysisBudget(depth, limitsOf(params), prices);
    const runner = new StageRunner(this.#clock, { budget, portTimeoutMs });
    const analysing = { context, params, depth, runner, budget };
    const endedBefore = this.#running.ended;
    const content = await this.#entry.take(analysing);
    const result =
      content.kind === 'known'
        ? knownResult(content, params)
        : await this.#analyseOnce(analysing, content, endedBefore);
    if (result.status === 'ok' || result.status === 'uncertain') {
      const { source } = result.metadata;
      if (typeof source === 'string') {
        await this.#seenAs.note(context.tenantId, result.data.contentHash, source);
      }
    }
    return told(result, { warnings, runner, budget, params, prices });
  }

  /**
   * A stored briefing, or one that could not be delivered yet; `metadata.alsoSeenAs` says where else its content came from.
   * `not_found` where there is none under the id.
   */
  @operation({ params: GetParams, description: 'Gives a stored briefing.' })
  async get(context: OperationContext, { id }: GetParams): Promise<StepResult<Briefing>> {
    const { tenantId, signal } = context;
    const { briefing, failure } = await this.#stored(tenantId, id, signal);
    if (briefing !== undefined) {
      const { contentHash, document } = briefing;
      const alsoSeenAs = await this.#seenAs.others(tenantId, contentHash, document.uri);
      return StepResult.ok(briefing, alsoSeenAs.length === 0 ? {} : { metadata: { alsoSeenAs } });
    }
    const kept = await this.#undelivered.find(tenantId, id);
    if (kept !== undefined) {
      const parts = { store: this.#checked, undelivered: this.#undelivered, logger: this.logger };
      const stored = await deliverLate(tenantId, kept, parts);
      return StepResult.ok(kept, { metadata: { undelivered: true, stored } });
    }
    if (failure !== undefined) throw new StepFailure(failure);
    return StepResult.fail(`There is no briefing "${id}". List the briefings to see their ids.`, {
      errorCategory: 'not_found',
      details: { code: 'BRIEFING_UNKNOWN' },
    });
  }

  /** Stored briefings, newest first. */
  @operation({ params: ListParams, description: 'Lists stored briefings, newest first.' })
  list(context: OperationContext, params: ListParams): Promise<readonly BriefingSummary[]> {
    const { limit = 50, offset = 0 } = params;
    return this.#checked.list(context.tenantId, { limit, offset }, context.signal);
  }

  /** Full-text search in stored briefings, best first. */
  @operation({ params: SearchParams, description: 'Searches stored briefings, best first.' })
  search(context: OperationContext, { query, limit }: SearchParams): Promise<readonly SearchHit[]> {
    return this.#checked.search(context.tenantId, { query, limit: limit ?? 20 }, context.signal);
  }

  async #stored(tenantId: string, id: string, signal: AbortSignal) {
    try {
      return { briefing: await this.#checked.get(tenantId, id, signal), failure: undefined };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof StepFailure)) throw thrown;
      return { briefing: undefined, failure: thrown.result };
    }
  }

  /** Analyses, or waits for somebody else in this process who is at the same analysis already. */
  async #analyseOnce(
    analysing: Analysing,
    content: NewContent,
    endedBefore: number,
  ): Promise<StepResult<Briefing>> {
    const { context, params, depth, runner } = analysing;
    const { contentHash, document, items } = content;
    const { force = false } = params;
    const key = { tenantId: context.tenantId, contentHash, depth, limits: limitsOf(params), force };
    const { result, isShared } = await this.#running.run(key, context.signal, async (isAlone) => {
      // Somebody who was at it when the content was taken may have stored it by now.
      const isLate = !force && this.#running.ended !== endedBefore;
      const known = isLate ? await this.#entry.recall(context, 'recall again', key) : undefined;
      if (known !== undefined) {
        await content.forget();
        return knownResult({ kind: 'known', ...known, items, uri: document.uri }, params);
      }
      if (!isAlone) await content.reopen();
      return this.#analyse(analysing, content);
    });
    if (!isShared) return result;
    await content.forget();
    runner.forgetResumed();
    context.progress(1, 'briefing');
    if (result.status !== 'ok' && result.status !== 'uncertain') return result;
    const other = result.data.document;
    const metadata = { ...result.metadata, shared: true, ...sourceOf(other, document.uri) };
    return withExtra(result, { metadata, warnings: result.warnings });
  }

  async #analyse(analysing: Analysing, content: NewContent): Promise<StepResult<Briefing>> {
    const { context, depth, runner, params } = analysing;
    const metadata = content.items === 1 ? {} : { item: params.item ?? 0, items: content.items };
    let briefing: Briefing | undefined;
    const job: DocumentJob = {
      document: content.document,
      contentHash: content.contentHash,
      depth,
      plan: DEPTH_PLANS[depth],
      hasModel: this.#model !== undefined,
      before: content.before,
      createdAt: context.now(),
      made: (made) => {
        briefing = made;
      },
    };
    let results: DocumentResults;
    try {
      const tools = { store: this.#store, knowledge: this.#knowledge, model: this.#model };
      results = StepResult.unwrap(
        await runDocument(context, job, { ...tools, runner, tenantId: context.tenantId }),
      );
    } catch (thrown) {
      // Everything was done, and nobody waits for it any more.
      if (briefing !== undefined && context.signal.aborted) {
        const isKept = await this.#undelivered.keep(context.tenantId, briefing, 'The caller was gone.');
        if (isKept) await content.forget();
      }
      throw thrown;
    }
    const { briefing: made, store } = results;
    if (made.status === 'ok' && store.status === 'ok') {
      await this.#undelivered.forget(context.tenantId, made.data.id);
      await content.forget();
      return StepResult.ok(made.data, { metadata });
    }
    const critical = budgetFailure(results) ?? criticalFailure(results, runner);
    if (critical !== undefined) return critical;
    const handedOver = await this.#handOver(analysing, finishedWork(job, results, analysing), metadata);
    if (handedOver.status !== 'ok' && handedOver.status !== 'uncertain') return handedOver;
    const { stored } = handedOver.metadata;
    // Kept here as well: without a common store of state the fallback keeps for itself alone.
    const isKept =
      stored !== true &&
      (await this.#undelivered.keep(context.tenantId, handedOver.data, 'It could not be stored.'));
    if (stored === true || isKept) await content.forget();
    const delivery = stored === true ? {} : { kept: isKept };
    const { warnings } = handedOver;
    return withExtra(handedOver, { metadata: { ...handedOver.metadata, ...delivery }, warnings });
  }

  async #handOver(
    { context, params, depth }: Analysing,
    finished: FinishedWork,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<StepResult<Briefing>> {
    const failed = finished.failures.map(({ stage }) => stage);
    this.logger.warn('analysis_handed_over', { to: 'fallback_autonomous', failed });
    const result = await context.call(FallbackAutonomousOrchestrator, {
      operation: 'analyze',
      uri: params.uri,
      depth,
      ...(params.item === undefined ? {} : { item: params.item }),
      ...(params.budgetUsd === undefined ? {} : { budgetUsd: params.budgetUsd }),
      ...(params.budgetTokens === undefined ? {} : { budgetTokens: params.budgetTokens }),
      ...(params.budgetMs === undefined ? {} : { budgetMs: params.budgetMs }),
      finished,
    });
    if (result.status !== 'ok' && result.status !== 'uncertain') return result;
    return withExtra(result, {
      metadata: { ...result.metadata, ...metadata, failedStages: failed },
      warnings: result.warnings,
    });
  }
}

/** The briefing that exists already, and where its content came from first, if that was elsewhere. */
function knownResult(
  { briefing, items, uri, isStored }: KnownContent,
  { item }: AnalyzeParams,
): StepResult<Briefing> {
  return StepResult.ok(briefing, {
    metadata: {
      cached: true,
      ...(items === 1 ? {} : { item: item ?? 0, items }),
      ...(isStored ? {} : { stored: false, kept: true }),
      ...sourceOf(briefing.document, uri),
    },
  });
}

/** Where the content came from now and first, where these are two places. */
function sourceOf({ uri: firstUri, title }: Briefing['document'], uri: string): Record<string, unknown> {
  return firstUri === uri ? {} : { source: uri, firstSource: { uri: firstUri, title } };
}
