import type { Briefing, BriefingSummary } from '@kapelle/orchestrators';
import { createHash } from 'node:crypto';
import { plainText } from './search-query.js';
import { StoreError } from './store-error.js';

/** A row of the table `briefings`, without the number of its row in the index. */
export interface BriefingRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly content_hash: string;
  readonly depth: Briefing['depth'];
  readonly created_at: string;
  readonly created_ms: number;
  readonly produced_by: Briefing['producedBy'];
  readonly title: string;
  readonly uri: string;
  readonly language: string;
  readonly word_count: number;
  readonly claim_count: number;
  readonly json: string;
}

/** What a list needs; the other columns are read only for a whole briefing. */
export const SUMMARY_COLUMNS =
  'b.id, b.content_hash, b.depth, b.created_at, b.produced_by, b.title, b.uri, b.language, b.word_count, b.claim_count';
export type SummaryRow = Omit<BriefingRow, 'tenant_id' | 'created_ms' | 'json'>;

/** Columns of the full-text index that people search in. */
export const SEARCH_COLUMNS = ['title', 'summary', 'body'] as const;
export type SearchText = Readonly<Record<(typeof SEARCH_COLUMNS)[number], string>>;

/**
 * @throws {@link StoreError} `STORE_INVALID_ARGUMENT` for an id that cannot be a key or a date that is none
 */
export function toRow(tenantId: string, briefing: Briefing): BriefingRow {
  const createdMs = Date.parse(briefing.createdAt);
  if (Number.isNaN(createdMs)) {
    throw invalidArgument(`briefing.createdAt is "${briefing.createdAt}"`, 'Give a date in ISO 8601');
  }
  return {
    tenant_id: checkKey('tenantId', tenantId),
    id: checkKey('briefing.id', briefing.id),
    content_hash: checkKey('briefing.contentHash', briefing.contentHash),
    depth: briefing.depth,
    created_at: briefing.createdAt,
    created_ms: createdMs,
    produced_by: briefing.producedBy,
    title: plainText(briefing.document.title),
    uri: plainText(briefing.document.uri),
    language: briefing.document.language,
    word_count: briefing.document.wordCount,
    claim_count: briefing.claims.length,
    json: JSON.stringify(briefing),
  };
}

export function toSummary(row: SummaryRow): BriefingSummary {
  return {
    id: row.id,
    contentHash: row.content_hash,
    createdAt: row.created_at,
    depth: row.depth,
    producedBy: row.produced_by,
    title: row.title,
    uri: row.uri,
    language: row.language,
    wordCount: row.word_count,
    claimCount: row.claim_count,
  };
}

/** What stands between two quotations or names in a column of the index. */
export const SEPARATOR = ' · ';

/**
 * What of a briefing is searched: its title, its summary, and everything it quotes of the content and finds in it. What it says of its
 * own work, as why a claim is not settled, is in the same words in every briefing and is none of it.
 */
export function toSearchText({ document, analysis, claims, narrative }: Briefing): SearchText {
  const lines = (...parts: (readonly string[] | undefined)[]) =>
    plainText(parts.flatMap((part) => part ?? []).join(SEPARATOR));
  return {
    title: lines([document.title], document.author === undefined ? [] : [document.author]),
    summary: lines(
      analysis.summary?.map(({ quote }) => quote),
      narrative === undefined ? [] : [narrative.text],
    ),
    body: lines(
      claims.map(({ claim }) => claim.quote),
      // Claims that no check was made for.
      analysis.claims
        ?.filter(({ id }) => !claims.some(({ claim }) => claim.id === id))
        .map(({ quote }) => quote),
      analysis.keywords?.map(({ term }) => term),
      analysis.topics?.flatMap(({ label, terms }) => [label, ...terms]),
      analysis.entities?.map(({ text }) => text),
      analysis.fallacies?.map(({ quote }) => quote),
      analysis.persuasion?.map(({ quote }) => quote),
      [sourceName(document.uri)],
    ),
  };
}

/** The name of a file without the folders it is in, which say nothing of the content; of a web address, all but its query. */
function sourceName(uri: string): string {
  if (/^https?:/i.test(uri) && URL.canParse(uri)) {
    const { hostname, pathname } = new URL(uri);
    return `${hostname}${pathname}`;
  }
  return uri.split(/[\\/]/).at(-1) ?? '';
}

/** A tenant as one word of the full-text index. */
export function tenantWord(tenantId: string): string {
  return createHash('sha256').update(tenantId).digest('hex');
}

/** SQLite would cut a key at a zero character, and two tenants could become one. */
export function checkKey(name: string, value: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 256 || plainText(value) !== value) {
    throw invalidArgument(
      `${name} is ${JSON.stringify(value)}`,
      'Give a text of 1 to 256 characters without control characters',
    );
  }
  return value;
}

export function invalidArgument(what: string, next: string): StoreError {
  return new StoreError('STORE_INVALID_ARGUMENT', `${what}. ${next}.`);
}
