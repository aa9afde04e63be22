import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Database from 'libsql';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, MIGRATIONS } from './briefing-schema.js';
import { aBriefing } from './fixtures/a-briefing.js';
import { buildWriter, Writer } from './fixtures/store-process.js';
import { LibsqlBriefingStore } from './libsql-briefing-store.js';
import { StoreError, toStoreError } from './store-error.js';

let folder: string;
let file: string;
let opened: LibsqlBriefingStore[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'briefings-'));
  chmodSync(folder, 0o777);
  file = join(folder, 'store.db');
  opened = [];
});

afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(path = file, options: { busyTimeoutMs?: number; integrityCheckMaxBytes?: number } = {}) {
  const store = LibsqlBriefingStore.open({ file: path, ...options });
  opened.push(store);
  return store;
}

describe('LibsqlBriefingStore: saving and reading', () => {
  it('gives back exactly what was saved, also after it was opened again', async () => {
    const briefing = aBriefing({
      title: 'Zero \u0000, half \ud800 and "quotes"',
      narrative: 'Straße – 東京 🎻',
    });
    const store = open();
    await store.save('t', briefing);
    expect(await store.get('t', 'b1')).toEqual(briefing);
    await store.close();

    expect(await open().get('t', 'b1')).toEqual(briefing);
  });

  it('replaces a briefing with the same id, in the search too', async () => {
    const store = open();
    await store.save('t', aBriefing({ claim: 'Turnips were sold.' }));
    await store.save('t', aBriefing({ id: 'b2', claim: 'Turnips were grown.' }));
    await store.save('t', aBriefing({ claim: 'Carrots were sold.' }));

    expect((await store.list('t', { limit: 10, offset: 0 })).map(({ id }) => id)).toEqual(['b2', 'b1']);
    expect((await store.search('t', 'turnips', { limit: 10 })).map(({ summary }) => summary.id)).toEqual([
      'b2',
    ]);
    expect((await store.search('t', 'carrots', { limit: 10 })).map(({ summary }) => summary.id)).toEqual([
      'b1',
    ]);
  });

  it('shows a tenant nothing of another, whatever is asked', async () => {
    const store = open();
    await store.save('a', aBriefing({ title: 'Secret merger' }));
    await store.save('b', aBriefing({ title: 'Public hearing', contentHash: 'other' }));

    expect((await store.get('b', 'b1'))?.document.title).toBe('Public hearing');
    expect(await store.findByContent('b', 'hash-of-b1', 'standard')).toBeUndefined();
    expect((await store.list('b', { limit: 10, offset: 0 })).map(({ title }) => title)).toEqual([
      'Public hearing',
    ]);
    const word = createHash('sha256').update('a').digest('hex');
    for (const query of [
      'secret',
      'merger',
      word,
      `tenant:${word}`,
      `" OR tenant : "${word}`,
      'NOT public',
      'merg*',
    ]) {
      expect((await store.search('b', query, { limit: 10 })).map(({ summary }) => summary.title)).toEqual([]);
    }
    expect(await store.search('a', 'merger', { limit: 10 })).toHaveLength(1);
  });

  it('finds the newest briefing of the same content at the same depth', async () => {
    const store = open();
    // The offset makes the text order of the dates differ from their order in time.
    await store.save('t', aBriefing({ id: 'new', contentHash: 'h', createdAt: '2026-03-01T09:30:00+00:00' }));
    await store.save('t', aBriefing({ id: 'old', contentHash: 'h', createdAt: '2026-03-01T10:00:00+01:00' }));
    await store.save('t', aBriefing({ id: 'deep', contentHash: 'h', depth: 'deep' }));

    expect((await store.findByContent('t', 'h', 'standard'))?.id).toBe('new');
    expect((await store.findByContent('t', 'h', 'deep'))?.id).toBe('deep');
    expect(await store.findByContent('t', 'h', 'quick')).toBeUndefined();
  });

  it('lists newest first, page by page, as summaries', async () => {
    const store = open();
    for (const day of [3, 1, 2]) {
      await store.save(
        't',
        aBriefing({ id: `d${String(day)}`, createdAt: `2026-03-0${String(day)}T00:00:00Z` }),
      );
    }

    expect((await store.list('t', { limit: 2, offset: 0 })).map(({ id }) => id)).toEqual(['d3', 'd2']);
    expect(await store.list('t', { limit: 2, offset: 2 })).toEqual([
      {
        id: 'd1',
        contentHash: 'hash-of-d1',
        createdAt: '2026-03-01T00:00:00Z',
        depth: 'standard',
        producedBy: 'autonomous_intelligence',
        title: 'Council meeting',
        uri: '/talks/d1.vtt',
        language: 'eng',
        wordCount: 1200,
        claimCount: 1,
      },
    ]);
  });

  it('refuses arguments that cannot be meant, with the value', async () => {
    const store = open();
    const invalid = (message: string) => expect.objectContaining({ code: 'STORE_INVALID_ARGUMENT', message });
    // SQLite ends a text at a zero character: 'a\0b' would be stored as 'a'.
    await expect(store.save('a\0b', aBriefing())).rejects.toEqual(
      invalid('tenantId is "a\\u0000b". Give a text of 1 to 256 characters without control characters.'),
    );
    await expect(store.get('', 'b1')).rejects.toThrow('tenantId is ""');
    await expect(store.get('t', 'x'.repeat(257))).rejects.toThrow('Give a text of 1 to 256 characters');
    await expect(store.findByContent('\ud800', 'h', 'deep')).rejects.toThrow('tenantId is');
    await expect(store.save('t', aBriefing({ createdAt: 'yesterday' }))).rejects.toEqual(
      invalid('briefing.createdAt is "yesterday". Give a date in ISO 8601.'),
    );
    await expect(store.list('t', { limit: 501, offset: 0 })).rejects.toEqual(
      invalid('limit is 501. Give a whole number from 1 to 500.'),
    );
    await expect(store.list('t', { limit: 1, offset: -1 })).rejects.toThrow('offset is -1');
    await expect(store.search('t', 'x', { limit: 0 })).rejects.toThrow('limit is 0');
    expect(() => LibsqlBriefingStore.open({ file: '' })).toThrow('Give the path of the database file');
    expect(() => open(file, { busyTimeoutMs: 0.5 })).toThrow('busyTimeoutMs is 0.5');
  });

  it('refuses work once closed, and closes only once', async () => {
    const store = open();
    await store.close();
    await store.close();
    await expect(store.get('t', 'b1')).rejects.toMatchObject({
      code: 'STORE_CLOSED',
      retryable: false,
      message: `The store "${file}" is closed. Open it again before using it.`,
    });
  });
});

describe('LibsqlBriefingStore: search', () => {
  const ids = async (store: LibsqlBriefingStore, query: string) =>
    (await store.search('t', query, { limit: 10 })).map(({ summary }) => summary.id);

  async function library() {
    const store = open();
    await store.save('t', aBriefing({ id: 'title', title: 'Economy of Zürich', claim: 'Trade grew.' }));
    await store.save(
      't',
      aBriefing({ id: 'summary', summary: 'The economy shrank; climate policy did not.' }),
    );
    await store.save(
      't',
      aBriefing({ id: 'body', claim: 'A policy of the economy and climate by Façade GmbH.' }),
    );
    await store.save('t', aBriefing({ id: 'prose', narrative: 'Economic policy was discussed at length.' }));
    return store;
  }

  it('ranks a match in the title before one in the summary before one in the rest', async () => {
    const store = await library();
    const hits = await store.search('t', 'economy', { limit: 10 });
    expect(hits.map(({ summary }) => summary.id)).toEqual(['title', 'summary', 'body']);
    const scores = hits.map(({ score }) => score);
    expect(scores[0]).toBe(1);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(Math.min(...scores)).toBeGreaterThan(0);
    expect(await store.search('t', 'economy', { limit: 2 })).toHaveLength(2);
  });

  it('takes all words, phrases, prefixes, and ignores case and diacritics', async () => {
    const store = await library();
    expect((await ids(store, 'climate policy')).sort()).toEqual(['body', 'summary']);
    expect(await ids(store, '"climate policy"')).toEqual(['summary']);
    expect(await ids(store, '"CLIMATE pol"*')).toEqual(['summary']);
    expect((await ids(store, 'econ*')).sort()).toEqual(['body', 'prose', 'summary', 'title']);
    expect(await ids(store, 'econ')).toEqual([]);
    expect(await ids(store, 'zurich')).toEqual(['title']);
    expect(await ids(store, 'ZÜRICH trade')).toEqual(['title']);
    expect(await ids(store, 'facade')).toEqual(['body']);
  });

  it('shows the matched passages as ranges of plain text', async () => {
    const store = open();
    const before = 'lorem '.repeat(60);
    await store.save('t', aBriefing({ claim: `${before}Zürich <b>built</b> 3 bridges in Zürich ${before}` }));
    const [hit] = await store.search('t', 'zurich "3 bridges"', { limit: 1 });
    const { text, matches } = hit?.snippet ?? { text: '', matches: [] };
    expect(matches.map(({ start, end }) => text.slice(start, end))).toEqual([
      'Zürich',
      '3 bridges',
      'Zürich',
    ]);
    expect(text).toContain('<b>built</b>');
    expect(text.startsWith('…') && text.endsWith('…')).toBe(true);
    expect(text.length).toBeLessThan(200);

    // Marks of our own inside the content are not taken for matches.
    await store.save('t', aBriefing({ id: 'forged', claim: 'a \u0002forged\u0003 violin' }));
    const [forged] = await store.search('t', 'violin', { limit: 1 });
    expect(forged?.snippet.matches).toHaveLength(1);
    expect(forged?.snippet.text).toContain('a  forged  violin');
  });

  it('searches the content and its source, and not what every briefing says', async () => {
    const store = open();
    const { claims, analysis, ...rest } = aBriefing({ id: 'talk', claim: 'The bridge cost four million.' });
    await store.save('t', {
      ...rest,
      analysis: { ...analysis, keywords: [{ term: 'bridge', score: 1, count: 1 }] },
      claims: claims.map((each) => ({
        ...each,
        explanation: 'Nothing known can be compared with the whole of this sentence.',
        evidence: [{ statement: 'Somebody wrote a symphony.', source: 'facts', stance: 'related' }],
      })),
    });
    for (const query of ['compared', 'symphony', 'talks']) expect(await ids(store, query)).toEqual([]);
    expect(await ids(store, 'talk.vtt')).toEqual(['talk']);
    const [named] = await store.search('t', 'vtt', { limit: 1 });
    expect(named?.snippet.text).toMatch(/^\S+ · The bridge cost four million\./);
    const [hit] = await store.search('t', 'bridge', { limit: 1 });
    expect(hit?.snippet).toEqual({ text: 'The bridge cost four million.', matches: [{ start: 4, end: 10 }] });
  });

  it('takes anything typed as a query, never as syntax', async () => {
    const store = await library();
    const typed = [
      '"',
      '""',
      '"unclosed economy',
      'economy"',
      'a AND',
      'NOT',
      'NEAR(',
      '(',
      ')',
      '*',
      '^x',
      'a:b',
      '-',
      '+',
    ];
    typed.push(
      "'; DROP TABLE briefings; --",
      '{title}:x',
      'x\0y',
      '\ud800',
      '🎻',
      'C++',
      'e*o*',
      '"*',
      '*"*',
      '\u0002',
    );
    for (const query of typed) await expect(store.search('t', query, { limit: 5 })).resolves.toBeDefined();
    expect(await ids(store, '"unclosed economy')).toEqual([]);
    expect((await ids(store, 'economy"')).sort()).toEqual(['body', 'summary', 'title']);
    expect((await ids(store, 'economy !!! --')).sort()).toEqual(['body', 'summary', 'title']);
    expect((await ids(store, 'AND economy OR')).sort()).toEqual([]);
    expect(await ids(store, '')).toEqual([]);
    expect(await ids(store, ' ?! ')).toEqual([]);

    const nasty = fc.string({ unit: fc.constantFrom(...'"*():^-+{} \0\u0002aNOTéß東𐐷\ud800') });
    await fc.assert(
      fc.asyncProperty(fc.oneof(nasty, fc.string({ unit: 'binary' })), async (query) => {
        await store.search('t', query, { limit: 5 });
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('answers a very long query by its first terms, quickly', async () => {
    const store = await library();
    const start = performance.now();
    expect(await ids(store, 'economy '.repeat(50_000))).toHaveLength(3);
    expect(await ids(store, '"'.repeat(100_001))).toEqual([]);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('LibsqlBriefingStore: the file', () => {
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

  /** Opens a file that cannot be used, and expects the code and that the file is as it was. */
  function expectRefused(path: string, code: string, message: string) {
    // The empty log that SQLite makes beside one of our own files to read it is no change of the file.
    const state = () => ({
      digest: digest(path),
      mtime: statSync(path).mtimeMs,
      files: readdirSync(folder).filter((name) => !/^(truncated|flipped)\.db-(wal|shm)$/.test(name)),
    });
    const before = state();
    const error = caught(() => open(path));
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code, retryable: false });
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain(path);
    expect(state()).toEqual(before);
  }

  function caught(work: () => unknown): unknown {
    try {
      work();
    } catch (error) {
      return error;
    }
    throw new Error('nothing was thrown');
  }

  async function filled() {
    const store = open();
    for (let n = 0; n < 40; n += 1) {
      await store.save('t', aBriefing({ id: `b${String(n)}`, summary: `text ${'many words '.repeat(100)}` }));
    }
    await store.close();
    const db = new Database(file);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const copy = join(folder, 'copy.db');
    copyFileSync(file, copy);
    return copy;
  }

  it('is created with its folder, whatever its name, and keeps its schema number', async () => {
    const strange = join(folder, 'a', 'b ?#%41é', "it's.db");
    await open(strange).save('t', aBriefing());
    expect(await open(strange).get('t', 'b1')).toEqual(aBriefing());
    const db = new Database(strange);
    expect(db.prepare('SELECT version, name FROM schema_migrations').all()).toEqual([
      { version: 1, name: 'briefings and their full-text index' },
      { version: 2, name: 'state of the orchestrators' },
    ]);
    expect(db.prepare('PRAGMA journal_mode').all()).toEqual([{ journal_mode: 'wal' }]);
    db.close();
  });

  it('refuses what is not a database and leaves it alone', () => {
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'These are my notes. '.repeat(500));
    expectRefused(text, 'STORE_NOT_A_DATABASE', 'is not a SQLite database and was left as it is');
    const short = join(folder, 'short');
    writeFileSync(short, 'SQLite format 3\0');
    expectRefused(short, 'STORE_NOT_A_DATABASE', 'move that file away');
    expect(caught(() => open(folder))).toMatchObject({ code: 'STORE_NOT_A_DATABASE' });
    // An empty file is what a temporary-file maker leaves: there is nothing in it to lose.
    writeFileSync(join(folder, 'empty.db'), '');
    expect(() => open(join(folder, 'empty.db'))).not.toThrow();
  });

  it("refuses another program's database and leaves it alone", () => {
    const foreign = join(folder, 'foreign.db');
    const db = new Database(foreign);
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url); PRAGMA application_id = 77');
    expectRefused(foreign, 'STORE_FOREIGN_DATABASE', 'is a database of another program');
    db.close();

    const stamped = join(folder, 'stamped.db');
    const other = new Database(stamped);
    other.exec(`CREATE TABLE bookmarks (url); PRAGMA application_id = ${String(0x4b61706c)}`);
    other.close();
    expectRefused(stamped, 'STORE_FOREIGN_DATABASE', 'Choose another path for the briefings');
  });

  it('refuses a damaged database and leaves it alone', async () => {
    const copy = await filled();
    const { size } = statSync(copy);
    const truncated = join(folder, 'truncated.db');
    copyFileSync(copy, truncated);
    truncateSync(truncated, Math.floor(size / 2));
    expectRefused(truncated, 'STORE_CORRUPT', 'is damaged (');

    // One page after another is overwritten; damage in a free page would be no damage.
    for (let page = 1; page < size / 4096; page += 17) {
      const bytes = readFileSync(copy);
      bytes.fill(0xa5, page * 4096, (page + 1) * 4096);
      const flipped = join(folder, 'flipped.db');
      writeFileSync(flipped, bytes);
      expectRefused(flipped, 'STORE_CORRUPT', 'Restore it from a backup');
    }
  });

  it('reports damage in a file too large to be checked on opening when it is met', async () => {
    const copy = await filled();
    const bytes = readFileSync(copy);
    bytes.fill(0xa5, 4096 * 20);
    writeFileSync(copy, bytes);
    const store = open(copy, { integrityCheckMaxBytes: 0 });
    const all = Promise.all(Array.from({ length: 40 }, (_, n) => store.get('t', `b${String(n)}`)));
    await expect(all).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('refuses a schema newer than it knows, and leaves it alone', async () => {
    const copy = await filled();
    const db = new Database(copy);
    db.exec("INSERT INTO schema_migrations VALUES (3, 'from the future'); PRAGMA journal_mode = DELETE");
    db.close();
    expectRefused(
      copy,
      'STORE_SCHEMA_TOO_NEW',
      'has schema version 3, and this program knows versions up to 2',
    );
  });

  it('says which folder or file it may not use', async () => {
    const program = buildWriter(folder);
    const refusal = (path: string) => new Writer(program, path, 'w', 1).ended();
    const locked = join(folder, 'locked');
    const existing = join(locked, 'store.db');
    await open(existing).close();

    chmodSync(locked, 0o755);
    chmodSync(existing, 0o644);
    if (process.getuid?.() !== 0) chmodSync(locked, 0o555);
    for (const [path, named] of [
      [existing, locked],
      [join(locked, 'new.db'), locked],
      [join(locked, 'sub', 'new.db'), join(locked, 'sub')],
    ] as const) {
      const said = await refusal(path);
      expect(said).toContain(`STORE_FOLDER_UNUSABLE The folder "${named}" cannot be created or written (`);
      expect(said).toContain('Give this user write access to it, or choose another path for the database.');
    }

    chmodSync(locked, 0o777);
    chmodSync(existing, 0o444);
    expect(await refusal(existing)).toContain(`STORE_NOT_WRITABLE "${existing}" is write-protected (`);
    chmodSync(existing, 0o000);
    expect(await refusal(existing)).toContain(`STORE_NOT_WRITABLE "${existing}" cannot be read (`);

    writeFileSync(join(folder, 'plain'), '');
    expect(caught(() => open(join(folder, 'plain', 'store.db')))).toMatchObject({
      code: 'STORE_FOLDER_UNUSABLE',
    });
  });

  it('moves an older schema forward once, and not at all when a step fails', () => {
    const db = new Database(file);
    const version = MIGRATIONS.length + 1;
    const next = { version, name: 'tags', sql: 'CREATE TABLE tags (name TEXT); ' };
    migrate(db, file);
    const broken = { ...next, sql: `${next.sql} SELECT * FROM nowhere` };
    expect(() => migrate(db, file, [...MIGRATIONS, broken])).toThrow('no such table: nowhere');
    expect(db.prepare("SELECT * FROM sqlite_schema WHERE name = 'tags'").all()).toEqual([]);
    migrate(db, file, [...MIGRATIONS, next]);
    migrate(db, file, [...MIGRATIONS, next]);
    expect(db.prepare('SELECT version FROM schema_migrations').all()).toEqual(
      [...MIGRATIONS, next].map((each) => ({ version: each.version })),
    );
    expect(() => migrate(db, file)).toThrow(`has schema version ${String(version)}`);
    db.close();
  });

  it('says it is busy when another process keeps writing, and works once that is done', async () => {
    const store = open(file, { busyTimeoutMs: 20 });
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.save('t', aBriefing())).rejects.toMatchObject({ code: 'STORE_BUSY', retryable: true });
    expect(await store.get('t', 'b1')).toBeUndefined();
    other.exec('ROLLBACK');
    other.close();
    await store.save('t', aBriefing());
    expect(await store.get('t', 'b1')).toEqual(aBriefing());
  });

  it('gives every code of SQLite a meaning', () => {
    const codeFor = (code: string) => toStoreError(Object.assign(new Error('x'), { code }), file).code;
    expect(
      ['SQLITE_FULL', 'SQLITE_READONLY_DBMOVED', 'SQLITE_NOTADB', 'SQLITE_BUSY_SNAPSHOT'].map(codeFor),
    ).toEqual(['STORE_FULL', 'STORE_NOT_WRITABLE', 'STORE_NOT_A_DATABASE', 'STORE_BUSY']);
    expect(toStoreError('thrown text', file)).toMatchObject({
      code: 'STORE_FAILED',
      cause: 'thrown text',
      message: `The database "${file}" failed (thrown text). Look at the cause of this error and the state of the disk.`,
    });
  });
});

describe('LibsqlBriefingStore: several processes', () => {
  it('loses nothing when three processes create the file and save at once', async () => {
    const program = buildWriter(folder);
    const writers = ['a', 'b', 'c'].map((name) => new Writer(program, file, name, 40));
    expect(await Promise.all(writers.map((writer) => writer.ended()))).toEqual(['', '', '']);

    const stored = (await open().list('t', { limit: 500, offset: 0 })).map(({ id }) => id).sort();
    expect(stored).toHaveLength(120);
    expect(stored).toEqual(writers.flatMap(({ saved }) => saved).sort());
  }, 30_000);

  it('keeps every finished save when it is killed in the middle of others', async () => {
    const program = buildWriter(folder);
    const finished: string[] = [];
    for (const round of [1, 2, 3, 4]) {
      const writer: Writer = new Writer(program, file, `r${String(round)}`, 1_000_000, (n) => {
        if (n === 10 * round) writer.kill();
      });
      await writer.ended();
      finished.push(...writer.saved);

      // Opening reads the whole file first, so a damaged one would not open.
      const store = open();
      const stored = (await store.list('t', { limit: 500, offset: 0 })).map(({ id }) => id);
      expect(stored).toEqual(expect.arrayContaining(finished));
      // At most the one save whose end nobody was told about.
      expect(stored.length).toBeLessThanOrEqual(finished.length + round);
      for (const id of stored) {
        expect((await store.get('t', id))?.id).toBe(id);
        const [hit] = await store.search('t', id.replace('-', 'x'), { limit: 1 });
        expect(hit?.summary.id).toBe(id);
      }
      await store.close();
    }
    expect(finished.length).toBeGreaterThanOrEqual(100);
  }, 30_000);
});
