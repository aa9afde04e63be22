/** What an analysis needs from outside: where content comes from, where briefings go, who writes prose. */

import type { Briefing, Depth, RawContent } from './model.js';
import type { KnowledgeBase } from './verification/index.js';

/** Binds the {@link BriefingStore}. */
export const BRIEFING_STORE = Symbol.for('kapelle.BriefingStore');
/** Binds the {@link ContentSource}. */
export const CONTENT_SOURCE = Symbol.for('kapelle.ContentSource');
/** Binds the {@link KnowledgeSource}. */
export const KNOWLEDGE_SOURCE = Symbol.for('kapelle.KnowledgeSource');
/** Binds the {@link LanguageModel}. */
export const LANGUAGE_MODEL = Symbol.for('kapelle.LanguageModel');

/**
 * What every rejection of a port carries, whichever adapter made it. The one exception is an abort: then the
 * port rejects with the signal's own `reason`.
 */
export interface PortError extends Error {
  /** Stable, upper case with underscores, for example `SOURCE_TIMEOUT`. */
  readonly code: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** Milliseconds after which the other side asks to be called again, where it said so. */
  readonly retryAfterMs?: number;
}

/** A briefing as a list shows it: everything that can be told without reading the whole. */
export interface BriefingSummary extends Pick<
  Briefing,
  'id' | 'contentHash' | 'createdAt' | 'depth' | 'producedBy'
> {
  readonly title: string;
  readonly uri: string;
  /** ISO 639-3 code, or `und`. */
  readonly language: string;
  readonly wordCount: number;
  readonly claimCount: number;
}

/** A part of a list, newest first. */
export interface Page {
  /** How many at most, 1 to 500. */
  readonly limit: number;
  /** How many to pass over, 0 or more. */
  readonly offset: number;
}

/** Text around a match. It is plain text, not markup: show it escaped and mark the ranges. */
export interface Snippet {
  readonly text: string;
  /** Ranges of `text` that matched, as UTF-16 offsets, end exclusive, in order and without overlap. */
  readonly matches: readonly { readonly start: number; readonly end: number }[];
}

/** A briefing that was found, and why. */
export interface SearchHit {
  readonly summary: BriefingSummary;
  readonly snippet: Snippet;
  /** Relevance compared with the best hit of the same answer: 1 for the best, more than 0 for the rest. */
  readonly score: number;
}

/**
 * Keeps briefings and finds them again. Every method takes the tenant first, and nothing of another tenant is
 * ever returned. All methods reject with a {@link PortError}.
 */
export interface BriefingStore {
  /** Stores, or replaces the one with the same id. It is durable once the promise resolves. */
  save(tenantId: string, briefing: Briefing): Promise<void>;
  get(tenantId: string, id: string): Promise<Briefing | undefined>;
  /** The newest briefing of this content at this depth, so that the same work is not done twice. */
  findByContent(tenantId: string, contentHash: string, depth: Depth): Promise<Briefing | undefined>;
  list(tenantId: string, page: Page): Promise<BriefingSummary[]>;
  /**
   * Full-text search, best first. All words must occur; `"two words"` is a phrase and `econ*` a prefix. Case and
   * diacritics do not matter. Any text is a valid query; one without a letter or digit finds nothing.
   */
  search(tenantId: string, query: string, options: Pick<Page, 'limit'>): Promise<SearchHit[]>;
  /** Releases the store; later calls reject. Calling it again does nothing. */
  close(): Promise<void>;
}

/** Fetches content by path or URL. Rejects with a {@link PortError}, and at once when the signal fires. */
export interface ContentSource {
  acquire(uri: string, options: { readonly signal: AbortSignal }): Promise<RawContent>;
}

/** Knows the facts that claims are checked against. */
export interface KnowledgeSource {
  /** The same base as long as nothing has changed; read at the first call. Rejects with a {@link PortError}. */
  load(options: { readonly signal: AbortSignal }): Promise<KnowledgeBase>;
}

/** What a model is asked for, and within which bounds. */
export interface CompletionRequest {
  /** Standing instruction, kept apart from the prompt. */
  readonly system?: string;
  readonly prompt: string;
  /** @minimum 1 */
  readonly maxOutputTokens: number;
  /** 0 (repeatable) to 2; the model's own default when left out. */
  readonly temperature?: number;
  readonly signal: AbortSignal;
}

/** What a model has answered. */
export interface Completion {
  /** Never empty. */
  readonly text: string;
  /** The model that answered, as it calls itself. */
  readonly model: string;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
}

/** Writes prose. Makes one attempt per call; whoever calls decides about another. */
export interface LanguageModel {
  /** Stable name for logs and records, for example `openai:gpt-x`. */
  readonly id: string;
  /** Rejects with a {@link PortError}, and at once when the signal fires. */
  complete(request: CompletionRequest): Promise<Completion>;
  /** Whether a completion can be expected to work now. Rejects only when the signal fires. */
  isAvailable(signal: AbortSignal): Promise<boolean>;
}
