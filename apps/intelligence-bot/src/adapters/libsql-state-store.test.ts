import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { STATE_STORE_CHECKS, type StateStore } from '@kapelle/orchestrators';
import Database from 'libsql';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, MIGRATIONS } from './briefing-schema.js';
import { aBriefing } from './fixtures/a-briefing.js';
import { LibsqlBriefingStore } from './libsql-briefing-store.js';
import { LibsqlStateStore } from './libsql-state-store.js';

let folder: string;
let file: string;
let opened: Pick<StateStore, 'close'>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bot-state-'));
  file = join(folder, 'store.db');
  opened = [];
});

afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(folder, { recursive: true });
});

function open(busyTimeoutMs = 5_000): LibsqlStateStore {
  const store = LibsqlStateStore.open({ file, busyTimeoutMs });
  opened.push(store);
  return store;
}

describe('LibsqlStateStore', () => {
  it.each(STATE_STORE_CHECKS)('$title', async ({ run }) => run({ open: () => open() }));

  it('shares its file with the briefings, and with another of its kind', async () => {
    const briefings = LibsqlBriefingStore.open({ file });
    opened.push(briefings);
    const [one, other] = [open(), open()];
    const at = { tenantId: 't', collection: 'test.records', key: 'a' };
    await one.put(at, 1);
    await briefings.save('t', aBriefing());
    await other.put(at, 2, { ifVersion: 1 });
    await expect(one.put(at, 3, { ifVersion: 1 })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect((await one.get(at))?.value).toBe(2);
    expect(await briefings.get('t', 'b1')).toEqual(aBriefing());
  });

  it('brings a database of before up to date, with the briefings in it', async () => {
    const db = new Database(file);
    migrate(db, file, MIGRATIONS.slice(0, 1));
    db.exec(
      `INSERT INTO briefings VALUES ('t', 'old', 1, 'h', 'quick', 'c', 1, 'p', 'ti', 'u', 'eng', 1, 0, '{"id":"old"}')`,
    );
    db.close();
    await open().put({ tenantId: 't', collection: 'test.records', key: 'a' }, 1);
    const briefings = LibsqlBriefingStore.open({ file });
    opened.push(briefings);
    expect(await briefings.get('t', 'old')).toEqual({ id: 'old' });
  });

  it('refuses a database of a newer program, and one that is none, and says which', async () => {
    const db = new Database(file);
    migrate(db, file, [...MIGRATIONS, { version: MIGRATIONS.length + 1, name: 'later', sql: 'SELECT 1' }]);
    db.close();
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'STORE_SCHEMA_TOO_NEW', message: expect.stringContaining(file) }),
    );
    rmSync(file);
    writeFileSync(file, 'some text '.repeat(50));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_NOT_A_DATABASE' }));
  });

  it('says that another process writes, and that a record was damaged', async () => {
    const store = open(20);
    const at = { tenantId: 't', collection: 'test.records', key: 'a' };
    await store.put(at, 1);
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.put(at, 2)).rejects.toMatchObject({ code: 'STORE_BUSY', retryable: true });
    other.exec('ROLLBACK');
    other.exec(`UPDATE state SET json = '{'`);
    other.close();
    await expect(store.get(at)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});
