import type { FeedbackSignal } from '../feedback-signal.js';
import {
  type ComponentView,
  confidenceOf,
  type FeedbackLearner,
  type FeedbackRecommendation,
  type FeedbackRequest,
  MAX_RANKING,
  type MemoryAdvice,
} from './learner.js';
import { RecentRewards } from './recent-rewards.js';

/** Retrievals that are remembered; chunks too. */
const HISTORY = 5_000;
const TREND = 100;
const RECENT = 20;
/** A mean of the last 20 below it asks for consolidation. */
const POOR_RECENT = 0.6;
/** A chunk of less relevance than that, retrieved that often, is bad. */
const BAD_RELEVANCE = 0.3;
const BAD_AFTER = 5;
/** More bad chunks than that ask for consolidation; as many are pruned at once. */
const MOST_BAD = 100;
/** Chunks of one signal that are looked at. */
export const MAX_CHUNKS = 50;
const DAY_MS = 86_400_000;

interface Chunk {
  readonly id: string;
  uses: number;
  /** Means over the uses. */
  relevance: number;
  /** 1 at the top, less the further down. */
  position: number;
  lastUsedAt: number;
}

export interface RagRecord {
  readonly history: readonly number[];
  /** The one not used for longest first. */
  readonly chunks: readonly Readonly<Chunk>[];
}

/**
 * How good a chunk is: 0.4 · relevance + 0.2 · ln(1 + uses)/5, at most 0.2, + 0.2 · e^(−days/30) + 0.2 · position.
 */
export function chunkQuality(chunk: Omit<Chunk, 'id'>, now: number): number {
  const days = Math.max(0, now - chunk.lastUsedAt) / DAY_MS;
  return (
    0.4 * chunk.relevance +
    0.2 * Math.min(1, Math.log1p(chunk.uses) / 5) +
    0.2 * Math.exp(-days / 30) +
    0.2 * chunk.position
  );
}

/** Learns how well memory answers, and which chunks of it only get in the way. */
export class RagQuality implements FeedbackLearner {
  readonly #now: () => number;
  readonly #history: RecentRewards;
  /** The one not used for longest first. */
  readonly #chunks = new Map<string, Chunk>();

  constructor(now: () => number, record?: RagRecord) {
    this.#now = now;
    this.#history = new RecentRewards(HISTORY, record?.history);
    for (const chunk of record?.chunks ?? []) this.#chunks.set(chunk.id, { ...chunk });
  }

  /** `context.chunks`: `{ chunkId, relevance, position? }` of each chunk that was retrieved, position from 0. */
  learn({ context, reward, timestamp }: FeedbackSignal): void {
    this.#history.add(reward);
    const { chunks } = context;
    if (!Array.isArray(chunks)) return;
    for (const [index, each] of chunks.slice(0, MAX_CHUNKS).entries()) this.#note(each, index, timestamp);
  }

  recommend(request: FeedbackRequest, view: ComponentView): FeedbackRecommendation | undefined {
    const memory = this.advice();
    const now = this.#now();
    const ranking = (request.candidates ?? [...this.#chunks.keys()])
      .map((id) => {
        const chunk = this.#chunks.get(id);
        return {
          componentId: id,
          score: chunk === undefined ? 0.5 : chunkQuality(chunk, now),
          health: chunk?.relevance ?? 0.5,
          samples: chunk?.uses ?? 0,
        };
      })
      .sort((a, b) => b.score - a.score || (a.componentId < b.componentId ? -1 : 1));
    const [best] = ranking;
    if (best === undefined && this.#history.size === 0) return undefined;
    const componentId = best?.componentId ?? view.ids()[0] ?? 'rag';
    return {
      componentType: 'memory',
      componentId,
      score: best?.score ?? memory.recentMean ?? 0.5,
      confidence: confidenceOf(ranking.map(({ score }) => score)),
      explored: false,
      probe: false,
      ranking: ranking.slice(0, MAX_RANKING),
      memory,
    };
  }

  /** What should be done about the memory now. */
  advice(): MemoryAdvice {
    const bad = this.#bad();
    const recentMean = this.#history.mean(Math.min(RECENT, this.#history.size));
    const reasons: string[] = [];
    if (this.#history.size >= RECENT && recentMean !== undefined && recentMean < POOR_RECENT) {
      reasons.push('recent_retrievals_poor');
    }
    if (bad.length > MOST_BAD) reasons.push('too_many_bad_chunks');
    const last = this.#history.mean(TREND);
    const before = this.#history.mean(TREND, TREND);
    return {
      consolidate: reasons.length > 0,
      reasons,
      prune: bad.slice(0, MOST_BAD).map(({ id }) => id),
      ...(recentMean === undefined ? {} : { recentMean }),
      trend: last === undefined || before === undefined ? 0 : last - before,
    };
  }

  /** Chunks that are in the memory no longer; how many of them were known. */
  removeChunks(ids: readonly string[]): number {
    return ids.filter((id) => this.#chunks.delete(id)).length;
  }

  /** Chunks belong to no component: there is nothing to forget. */
  forget(): void {}

  toRecord(): RagRecord {
    return { history: this.#history.toJSON(), chunks: [...this.#chunks.values()] };
  }

  #bad(): readonly Chunk[] {
    return [...this.#chunks.values()]
      .filter(({ uses, relevance }) => uses >= BAD_AFTER && relevance < BAD_RELEVANCE)
      .sort((a, b) => a.relevance - b.relevance);
  }

  #note(given: unknown, index: number, timestamp: number): void {
    if (typeof given !== 'object' || given === null) return;
    const { chunkId, relevance, position = index } = given as Readonly<Record<string, unknown>>;
    if (typeof chunkId !== 'string' || chunkId === '' || chunkId.length > 200) return;
    if (typeof relevance !== 'number' || relevance < 0 || relevance > 1) return;
    if (typeof position !== 'number' || position < 0) return;
    const chunk = this.#chunks.get(chunkId) ?? {
      id: chunkId,
      uses: 0,
      relevance: 0,
      position: 0,
      lastUsedAt: 0,
    };
    chunk.uses += 1;
    chunk.relevance += (relevance - chunk.relevance) / chunk.uses;
    chunk.position += (1 / (1 + position) - chunk.position) / chunk.uses;
    chunk.lastUsedAt = Math.max(chunk.lastUsedAt, timestamp);
    this.#chunks.delete(chunkId);
    this.#chunks.set(chunkId, chunk);
    if (this.#chunks.size <= HISTORY) return;
    for (const oldest of this.#chunks.keys()) {
      this.#chunks.delete(oldest);
      return;
    }
  }
}
