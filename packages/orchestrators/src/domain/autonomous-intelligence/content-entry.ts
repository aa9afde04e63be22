import { StepFailure, StepResult, type Clock, type Logger, type OperationContext } from '@kapelle/core';
import { isBudgetGap, NO_COST } from './analysis-budget.js';
import type { AnalyzeParams } from './analysis-params.js';
import type { CheckedStore } from './checked-store.js';
import { readParsed, readStart, stagedAgain, type CallStart } from './call-start.js';
import { callScope, contentScope, type Checkpoints, type StageCheckpoints } from './checkpoints.js';
import { briefingId, hashBytes, hashDocument } from './content-hash.js';
import { ACQUIRE_RETRY, keepRaw, pickDocument, runAcquire, runParse } from './content-stages.js';
import { DEPTH_PLANS } from './depth-plan.js';
import type { Briefing, ContentDocument, Depth, ParsedContent, RawContent } from './model.js';
import type { ContentSource, LanguageModel } from './ports.js';
import { RecentFeeds } from './recent-feeds.js';
import { timingsOf, type Staged, type StageRunner } from './stage-runner.js';
import type { Undelivered } from './undelivered.js';

/** A briefing of the content that exists already. */
export interface KnownContent {
  readonly kind: 'known';
  readonly briefing: Briefing;
  /** Documents of the content: 1, or the items of a feed. */
  readonly items: number;
  /** Where the content came from this time. */
  readonly uri: string;
  /** Whether the briefing is in the store, and not among the undelivered. */
  readonly isStored: boolean;
}

/** Content that was acquired and, where need be, parsed. */
export interface NewContent {
  readonly kind: 'new';
  readonly document: ContentDocument;
  readonly contentHash: string;
  readonly before: readonly Staged<unknown>[];
  readonly items: number;
  /** Looks again for what is kept of the analysis, after somebody else has worked on it. */
  reopen(): Promise<void>;
  /** Forgets what is kept of the analysis, once its briefing is delivered. */
  forget(): Promise<void>;
}

/** What the entry works with. */
export interface ContentEntryParts {
  readonly source: ContentSource;
  readonly store: CheckedStore;
  readonly checkpoints: Checkpoints;
  readonly undelivered: Undelivered;
  readonly model: LanguageModel | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Taking {
  readonly context: OperationContext;
  readonly params: AnalyzeParams;
  readonly depth: Depth;
  readonly runner: StageRunner;
}

/** Gets content as far as the analysis needs it: to the briefing that exists, to the stages that are finished, or to a document. */
export class ContentEntry {
  readonly #parts: ContentEntryParts;
  readonly #feeds = new RecentFeeds();

  constructor(parts: ContentEntryParts) {
    this.#parts = parts;
  }

  /** @throws StepFailure for content that cannot be got or read */
  async take(taking: Taking): Promise<KnownContent | NewContent> {
    const { context, params, depth, runner } = taking;
    const { tenantId } = context;
    const { uri, item, force = false } = params;
    const feed = this.#feeds.get(tenantId, context.requestId, uri);
    if (feed !== undefined) return this.#document(taking, { ...feed, isFeed: true });

    const call = await this.#parts.checkpoints.open(
      tenantId,
      callScope(params.analysisId ?? context.runId, uri),
    );
    const resumed = await this.#resumeCall(taking, call);
    if (resumed !== undefined) return resumed;

    const raw = await context.step(
      'acquire',
      ({ signal }) => runAcquire(runner, this.#parts.source, uri, { signal, call }),
      { retry: ACQUIRE_RETRY },
    );
    context.progress(0.02, 'acquire');
    const contentHash = hashBytes(raw.value.bytes);
    // A later item can only be that of a feed, whose items are known by hashes of their own.
    if ((item ?? 0) === 0) {
      const known = force ? undefined : await this.recall(context, 'recall', { contentHash, depth });
      if (known !== undefined) {
        await call.remove();
        return { kind: 'known', ...known, items: 1, uri: raw.value.uri };
      }
      const again = force ? undefined : await this.#resumeContent(taking, { raw, contentHash, call });
      if (again !== undefined) return again;
    }
    if (!runner.resumed.includes('acquire')) await keepRaw(call, raw);
    const parsed = await context.step('parse', ({ signal }) => runParse(runner, raw.value, signal));
    context.progress(0.04, 'parse');
    const content = parsed.value;
    const isFeed = content.format === 'feed' || content.documents.length > 1;
    const before = [raw, parsed];
    return this.#document(taking, { content, before, isFeed, call, contentHash });
  }

  /** The document that was asked for, unless there is a briefing of it. */
  async #document(
    taking: Taking,
    {
      content,
      before,
      isFeed,
      call,
      contentHash: bytesHash,
    }: {
      readonly content: ParsedContent;
      readonly before: readonly Staged<unknown>[];
      readonly isFeed: boolean;
      readonly call?: StageCheckpoints;
      readonly contentHash?: string;
    },
  ): Promise<KnownContent | NewContent> {
    const { context, params, depth, runner } = taking;
    const { tenantId, requestId } = context;
    const { uri, item, force = false } = params;
    const items = content.documents.length;
    const document = pickDocument(content, item);
    if (StepResult.isResult(document)) {
      await call?.remove();
      throw new StepFailure(document);
    }
    if (isFeed && call !== undefined) this.#feeds.put(tenantId, requestId, uri, { content, before });
    const contentHash = isFeed || bytesHash === undefined ? hashDocument(document) : bytesHash;
    if (isFeed) {
      const known = force ? undefined : await this.recall(context, 'recall item', { contentHash, depth });
      if (known !== undefined) {
        await call?.remove();
        return { kind: 'known', ...known, items, uri: document.uri };
      }
    }
    const stages = await this.#parts.checkpoints.open(tenantId, contentScope(contentHash, depth), {
      anew: force,
    });
    runner.keepIn(stages);
    const timings = timingsOf(before);
    const cost = NO_COST;
    const ms = timings.find(({ stage }) => stage === 'parse')?.ms ?? 0;
    await stages.keep('parse', { value: { document, items }, ms, cost });
    const start: CallStart = { uri, item: item ?? 0, depth, contentHash, timings };
    await call?.keep('start', { value: start, ms: 0, cost });
    return {
      kind: 'new',
      document,
      contentHash,
      before,
      items,
      ...this.#scopes(taking, contentHash, [stages, call]),
    };
  }

  /** What is done with the kept stages of an analysis later on. */
  #scopes(
    { context: { tenantId }, depth, runner }: Taking,
    contentHash: string,
    scopes: readonly (StageCheckpoints | undefined)[],
  ): Pick<NewContent, 'reopen' | 'forget'> {
    let kept = scopes;
    return {
      reopen: async () => {
        const stages = await this.#parts.checkpoints.open(tenantId, contentScope(contentHash, depth));
        kept = [...scopes, stages];
        runner.keepIn(stages);
      },
      forget: async () => {
        for (const scope of kept) await scope?.remove();
      },
    };
  }

  /** The same call as one that was interrupted: nothing has to be asked of anybody. */
  async #resumeCall(taking: Taking, call: StageCheckpoints): Promise<NewContent | undefined> {
    const { context, params, depth, runner } = taking;
    const start = readStart((await call.restore('start'))?.value);
    if (start === undefined) return undefined;
    const isSame = start.uri === params.uri && start.item === (params.item ?? 0) && start.depth === depth;
    if (!isSame) return undefined;
    const { contentHash } = start;
    const stages = await this.#parts.checkpoints.open(context.tenantId, contentScope(contentHash, depth));
    const kept = await parsedOf(stages);
    if (kept === undefined) return undefined;
    runner.keepIn(stages);
    runner.noteResumed(...start.timings.map(({ stage }) => stage));
    const before = stagedAgain(start.timings, this.#parts.clock.monotonic());
    context.progress(0.04, 'parse');
    const { document, items } = kept;
    return {
      kind: 'new',
      document,
      items,
      contentHash,
      before,
      ...this.#scopes(taking, contentHash, [stages, call]),
    };
  }

  /** The same content as that of an analysis which was interrupted. */
  async #resumeContent(
    taking: Taking,
    {
      raw,
      contentHash,
      call,
    }: { readonly raw: Staged<RawContent>; readonly contentHash: string; readonly call: StageCheckpoints },
  ): Promise<NewContent | undefined> {
    const { context, depth, runner } = taking;
    const scope = contentScope(contentHash, depth);
    const stages = await this.#parts.checkpoints.peek(context.tenantId, scope);
    const kept = stages === undefined ? undefined : await parsedOf(stages);
    // The same content from another place has another title.
    if (stages === undefined || kept?.document.uri !== raw.value.uri) return undefined;
    runner.keepIn(stages);
    runner.noteResumed('parse');
    context.progress(0.04, 'parse');
    return {
      ...{ kind: 'new', document: kept.document, items: kept.items, contentHash },
      before: [raw, ...stagedAgain([{ stage: 'parse', ms: kept.ms }], this.#parts.clock.monotonic())],
      ...this.#scopes(taking, contentHash, [stages, call]),
    };
  }

  /** The briefing that makes another analysis needless. A store that does not answer is no reason to stop here. */
  async recall(
    context: OperationContext,
    step: string,
    { contentHash, depth }: Pick<Briefing, 'contentHash' | 'depth'>,
  ): Promise<Pick<KnownContent, 'briefing' | 'isStored'> | undefined> {
    const { store, undelivered, logger } = this.#parts;
    const { tenantId } = context;
    try {
      const known = await context.step(step, ({ signal }) =>
        store.findByContent(tenantId, { contentHash, depth }, signal),
      );
      if (known !== undefined && this.#isComplete(known)) return { briefing: known, isStored: true };
    } catch (thrown) {
      if (!(thrown instanceof StepFailure)) throw thrown;
      logger.warn('briefing_recall_failed', { error: thrown.message });
    }
    const kept = await undelivered.find(tenantId, briefingId(contentHash, depth));
    if (kept === undefined || kept.contentHash !== contentHash || !this.#isComplete(kept)) return undefined;
    return { briefing: kept, isStored: await deliverLate(tenantId, kept, this.#parts) };
  }

  /** Whether another analysis could not give more. */
  #isComplete({ producedBy, depth, narrative, notes }: Briefing): boolean {
    if (producedBy !== 'autonomous_intelligence') return false;
    if (notes.some(isBudgetGap)) return false;
    return narrative !== undefined || this.#parts.model === undefined || !DEPTH_PLANS[depth].narrates;
  }
}

/** Puts an undelivered briefing where it belongs, if that works now. */
export async function deliverLate(
  tenantId: string,
  briefing: Briefing,
  { store, undelivered, logger }: Pick<ContentEntryParts, 'store' | 'undelivered' | 'logger'>,
): Promise<boolean> {
  try {
    await store.save(tenantId, briefing);
  } catch (thrown) {
    logger.warn('undelivered_briefing_waits', {
      id: briefing.id,
      error: thrown instanceof Error ? thrown.message : String(thrown),
    });
    return false;
  }
  await undelivered.forget(tenantId, briefing.id);
  return true;
}

async function parsedOf(
  stages: StageCheckpoints,
): Promise<{ readonly document: ContentDocument; readonly items: number; readonly ms: number } | undefined> {
  const kept = await stages.restore('parse');
  const parsed = readParsed(kept?.value);
  return parsed === undefined ? undefined : { ...parsed, ms: kept?.ms ?? 0 };
}
