import type {
  Briefing,
  BriefingStore,
  BriefingSummary,
  Depth,
  Page,
  SearchHit,
  Snippet,
} from '@kapelle/orchestrators';
import type Database from 'libsql';
import { resolve } from 'node:path';
import {
  SEARCH_COLUMNS,
  SEPARATOR,
  SUMMARY_COLUMNS,
  checkKey,
  invalidArgument,
  tenantWord,
  toRow,
  toSearchText,
  toSummary,
  type SummaryRow,
} from './briefing-record.js';
import { inTransaction } from './briefing-schema.js';
import { openDatabase } from './database-file.js';
import { toMatchExpression } from './search-query.js';
import { StoreError, toStoreError } from './store-error.js';
import { PreparedStatements } from './prepared-statements.js';

export interface LibsqlBriefingStoreOptions {
  /** Path of the database; a relative one counts from the working folder. It is created with its folder. */
  readonly file: string;
  /**
   * How long a call waits for another process that writes, in milliseconds. It blocks the thread meanwhile.
   *
   * @default 5000
   */
  readonly busyTimeoutMs?: number;
  /**
   * Files up to this size are read completely on opening, to find damage before anything is written; 6 ms a
   * megabyte. Damage in a larger file is reported when it is met.
   *
   * @default 33554432 (32 MiB)
   */
  readonly integrityCheckMaxBytes?: number;
}

/** The most entries one `list` or `search` gives. */
export const MAX_PAGE_SIZE = 500;

// Around a match in a snippet. Control characters never occur in indexed text, so these cannot be forged.
const MATCH_START = '\u0002';
const MATCH_END = '\u0003';
const SNIPPET_WORDS = 24;
/** Shorter ones are names and keywords. */
const SENTENCE_WORDS = 4;

const SQL = {
  searchRow: 'SELECT search_row FROM briefings WHERE tenant_id = ? AND id = ?',
  nextSearchRow: 'SELECT coalesce(max(search_row), 0) + 1 AS search_row FROM briefings',
  unindex: 'DELETE FROM briefings_search WHERE rowid = ?',
  index: 'INSERT INTO briefings_search (rowid, tenant, title, summary, body) VALUES (?, ?, ?, ?, ?)',
  remove: 'DELETE FROM briefings WHERE search_row = ?',
  save: `INSERT INTO briefings
      (tenant_id, id, search_row, content_hash, depth, created_at, created_ms, produced_by, title, uri, language,
       word_count, claim_count, json)
    VALUES
      (@tenant_id, @id, @search_row, @content_hash, @depth, @created_at, @created_ms, @produced_by, @title, @uri,
       @language, @word_count, @claim_count, @json)`,
  get: 'SELECT json FROM briefings WHERE tenant_id = ? AND id = ?',
  findByContent: `SELECT json FROM briefings WHERE tenant_id = ? AND content_hash = ? AND depth = ?
    ORDER BY created_ms DESC, id LIMIT 1`,
  list: `SELECT ${SUMMARY_COLUMNS} FROM briefings b WHERE b.tenant_id = ?
    ORDER BY b.created_ms DESC, b.id DESC LIMIT ? OFFSET ?`,
  // Snippets are made after the limit: they cost more than the search. The tenant is compared again with the table.
  search: `SELECT ${SUMMARY_COLUMNS}, s.rank AS rank,
      ${SEARCH_COLUMNS.map(
        (name, at) =>
          `snippet(briefings_search, ${String(at + 1)}, '${MATCH_START}', '${MATCH_END}', '…', ${String(SNIPPET_WORDS)}) AS in_${name}`,
      ).join(', ')}
    FROM briefings_search s JOIN briefings b ON b.search_row = s.rowid
    WHERE briefings_search MATCH ? AND b.tenant_id = ? ORDER BY s.rank LIMIT ?`,
} as const;

type SearchRow = SummaryRow & { readonly rank: number; readonly in_title: string } & {
  readonly in_summary: string;
  readonly in_body: string;
};

/**
 * Briefings in one SQLite file with full-text search. Several processes may use the same file. Calls run in the
 * calling thread and are done when they return; a save is one transaction and is on the disk when it resolves.
 */
export class LibsqlBriefingStore implements BriefingStore {
  readonly #file: string;
  readonly #statements: PreparedStatements<keyof typeof SQL>;
  #db: Database.Database | undefined;

  private constructor(file: string, db: Database.Database) {
    this.#file = file;
    this.#db = db;
    this.#statements = new PreparedStatements(db, SQL);
  }

  /**
   * @throws {@link StoreError} when the file cannot be used; it is left as it was
   */
  static open(options: LibsqlBriefingStoreOptions): LibsqlBriefingStore {
    const { busyTimeoutMs = 5_000, integrityCheckMaxBytes = 32 * 1024 * 1024 } = options;
    if (options.file === '' || options.file.includes('\0')) {
      throw invalidArgument(`file is ${JSON.stringify(options.file)}`, 'Give the path of the database file');
    }
    checkWhole('busyTimeoutMs', busyTimeoutMs, 0, 600_000);
    checkWhole('integrityCheckMaxBytes', integrityCheckMaxBytes, 0, Number.MAX_SAFE_INTEGER);
    const file = resolve(options.file);
    return new LibsqlBriefingStore(file, openDatabase(file, { busyTimeoutMs, integrityCheckMaxBytes }));
  }

  async save(tenantId: string, briefing: Briefing): Promise<void> {
    const row = toRow(tenantId, briefing);
    const { title, summary, body } = toSearchText(briefing);
    return this.#run((db) => {
      inTransaction(db, () => {
        const known = this.#first<{ search_row: number }>('searchRow', row.tenant_id, row.id);
        const searchRow = (known ?? this.#first<{ search_row: number }>('nextSearchRow'))?.search_row ?? 1;
        if (known !== undefined) {
          this.#statements.get('unindex').run(searchRow);
          this.#statements.get('remove').run(searchRow);
        }
        this.#statements.get('index').run(searchRow, tenantWord(tenantId), title, summary, body);
        this.#statements.get('save').run({ ...row, search_row: searchRow });
      });
    });
  }

  async get(tenantId: string, id: string): Promise<Briefing | undefined> {
    checkKey('tenantId', tenantId);
    checkKey('id', id);
    return this.#run(() => this.#briefing(this.#first('get', tenantId, id)));
  }

  async findByContent(tenantId: string, contentHash: string, depth: Depth): Promise<Briefing | undefined> {
    checkKey('tenantId', tenantId);
    checkKey('contentHash', contentHash);
    return this.#run(() => this.#briefing(this.#first('findByContent', tenantId, contentHash, depth)));
  }

  async list(tenantId: string, { limit, offset }: Page): Promise<BriefingSummary[]> {
    checkKey('tenantId', tenantId);
    checkWhole('limit', limit, 1, MAX_PAGE_SIZE);
    checkWhole('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    return this.#run(() => this.#statements.all<SummaryRow>('list', tenantId, limit, offset).map(toSummary));
  }

  /** Ranks by BM25 over title (weight 8), summary (3) and body (1). How rare a word is counts all tenants. */
  async search(tenantId: string, query: string, { limit }: Pick<Page, 'limit'>): Promise<SearchHit[]> {
    checkKey('tenantId', tenantId);
    checkWhole('limit', limit, 1, MAX_PAGE_SIZE);
    return this.#run(() => {
      const expression = toMatchExpression(query, SEARCH_COLUMNS);
      if (expression === undefined) return [];
      const match = `tenant : "${tenantWord(tenantId)}" AND ${expression}`;
      const rows = this.#statements.all<SearchRow>('search', match, tenantId, limit);
      const best = rows[0]?.rank ?? 0;
      return rows.map((row) => ({
        summary: toSummary(row),
        snippet: bestSnippet([row.in_body, row.in_summary, row.in_title]),
        score: best === 0 ? 1 : row.rank / best,
      }));
    });
  }

  async close(): Promise<void> {
    const db = this.#db;
    if (db === undefined) return;
    try {
      // Moves what others are not reading into the main file; never waits.
      db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } finally {
      this.#db = undefined;
      db.close();
    }
  }

  #run<T>(work: (db: Database.Database) => T): T {
    if (this.#db === undefined) {
      throw new StoreError(
        'STORE_CLOSED',
        `The store "${this.#file}" is closed. Open it again before using it.`,
      );
    }
    try {
      return work(this.#db);
    } catch (error) {
      throw toStoreError(error, this.#file);
    }
  }

  #first<T>(name: keyof typeof SQL, ...values: unknown[]): T | undefined {
    return this.#statements.all<T>(name, ...values)[0];
  }

  #briefing(row: { readonly json: string } | undefined): Briefing | undefined {
    if (row === undefined) return undefined;
    try {
      return JSON.parse(row.json) as Briefing;
    } catch (error) {
      throw new StoreError(
        'STORE_CORRUPT',
        `A briefing in "${this.#file}" is not valid JSON any more. Restore the file from a backup.`,
        { cause: error },
      );
    }
  }
}

/**
 * Of the quotations and names in the columns, the one with the most matches; of equals the first that is a sentence rather than a word,
 * A name or keyword is followed by a sentence, so that something of the content is shown.
 */
function bestSnippet(marked: readonly string[]): Snippet {
  const parts = marked.flatMap((column) => column.split(SEPARATOR)).map(unmark);
  const isText = ({ text }: Snippet): boolean => text.split(' ').length >= SENTENCE_WORDS;
  const chosen = parts.reduce((best, next) => {
    const more = next.matches.length - best.matches.length;
    return more > 0 || (more === 0 && isText(next) && !isText(best)) ? next : best;
  });
  const sentence = isText(chosen) ? undefined : parts.find(isText)?.text;
  return sentence === undefined ? chosen : { ...chosen, text: `${chosen.text}${SEPARATOR}${sentence}` };
}

function unmark(marked: string): Snippet {
  const matches: { start: number; end: number }[] = [];
  let text = '';
  for (const part of marked.split(MATCH_START)) {
    const end = part.indexOf(MATCH_END);
    if (end >= 0) matches.push({ start: text.length, end: text.length + end });
    text += end >= 0 ? part.slice(0, end) + part.slice(end + 1) : part;
  }
  return { text, matches };
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidArgument(
    `${name} is ${String(value)}`,
    `Give a whole number from ${String(min)} to ${String(max)}`,
  );
}
