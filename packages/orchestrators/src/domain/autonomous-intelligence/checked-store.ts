import type { Clock } from '@kapelle/core';
import { AutonomousIntelligenceError } from './autonomous-error.js';
import type { Briefing, Depth } from './model.js';
import { ported } from './port-failure.js';
import type { BriefingStore, BriefingSummary, Page, SearchHit } from './ports.js';
import { count, listOf, maybe, numberFrom, oneOf, record, someText, text, type Shape } from './shape.js';
import { BRIEFING_SHAPE } from './stage-shapes.js';
import { DEPTHS } from './model.js';
import { withinLimit } from './within-limit.js';

const SUMMARY_SHAPE = record({
  id: someText,
  contentHash: someText,
  createdAt: someText,
  depth: oneOf(DEPTHS),
  title: text,
  uri: text,
  wordCount: count,
  claimCount: count,
});
const SUMMARIES_SHAPE = listOf(SUMMARY_SHAPE);
const HITS_SHAPE = listOf(
  record({
    summary: SUMMARY_SHAPE,
    snippet: record({ text, matches: listOf(record({ start: count, end: count })) }),
    score: numberFrom(0),
  }),
);

/** How a store is asked. */
export interface StoreLimits {
  readonly clock: Clock;
  readonly portTimeoutMs: number;
}

/**
 * A store of briefings that is waited for no longer than it may take, and believed no more than it has shown. All
 * methods reject with a `StepFailure` that says what kind of failure it was.
 */
export class CheckedStore {
  readonly #store: BriefingStore;
  readonly #limits: StoreLimits;

  constructor(store: BriefingStore, limits: StoreLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  get(tenantId: string, id: string, signal: AbortSignal): Promise<Briefing | undefined> {
    return this.#ask('get', maybe(BRIEFING_SHAPE), signal, () => this.#store.get(tenantId, id));
  }

  findByContent(
    tenantId: string,
    { contentHash, depth }: { readonly contentHash: string; readonly depth: Depth },
    signal: AbortSignal,
  ): Promise<Briefing | undefined> {
    return this.#ask('findByContent', maybe(BRIEFING_SHAPE), signal, () =>
      this.#store.findByContent(tenantId, contentHash, depth),
    );
  }

  list(tenantId: string, page: Page, signal: AbortSignal): Promise<readonly BriefingSummary[]> {
    return this.#ask('list', SUMMARIES_SHAPE, signal, () => this.#store.list(tenantId, page));
  }

  search(
    tenantId: string,
    { query, limit }: { readonly query: string; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly SearchHit[]> {
    return this.#ask('search', HITS_SHAPE, signal, () => this.#store.search(tenantId, query, { limit }));
  }

  async save(tenantId: string, briefing: Briefing, signal?: AbortSignal): Promise<void> {
    await this.#ask(
      'save',
      () => undefined,
      signal,
      () => this.#store.save(tenantId, briefing),
    );
  }

  #ask<T>(method: string, shape: Shape, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { clock, portTimeoutMs: timeoutMs } = this.#limits;
    const what = `briefing store's "${method}"`;
    const limits = { clock, timeoutMs, option: 'portTimeoutMs', what };
    const asked = async (): Promise<T> => {
      const answer = await withinLimit(work, signal === undefined ? limits : { ...limits, signal });
      const problem = shape(answer, method);
      if (problem === undefined) return answer;
      throw new AutonomousIntelligenceError(
        'AUTONOMOUS_ANSWER_INVALID',
        `The ${what} gave something that is not what it must give: ${problem}. Look after the store, or use another one.`,
      );
    };
    return ported(asked());
  }
}
