import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FileStateStore } from './file-state-store.js';
import { MemoryStateStore } from './memory-state-store.js';
import { readRecord, writeRecord } from './state-record-file.js';
import { STATE_STORE_CHECKS } from './state-store-checks.js';
import type { StateStore } from './state-store.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const OF = { tenantId: 't', collection: 'test.records' };
const at = (key: string) => ({ ...OF, key });

let folder: string;
let opened: StateStore[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kapelle-state-'));
  opened = [];
});

afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(folder, { recursive: true });
});

async function open(path = join(folder, 'state')): Promise<FileStateStore> {
  const store = await FileStateStore.open({ folder: path, clock: new FakeClock() });
  opened.push(store);
  return store;
}

/** The files of the records, and what lies beside them. */
function files(): string[] {
  return readdirSync(join(folder, 'state', 'records'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('/'))
    .map((name) => join(folder, 'state', 'records', name))
    .sort();
}

describe('MemoryStateStore', () => {
  it.each(STATE_STORE_CHECKS)('$title', async ({ run }) => run({ open: () => new MemoryStateStore() }));
});

describe('FileStateStore', () => {
  it.each(STATE_STORE_CHECKS)('$title', async ({ run }) => run({ open: () => open() }));

  it('puts aside what was cut or changed, wherever that was, and has the rest', async () => {
    const store = await open();
    for (const key of ['a', 'b', 'c', 'd']) await store.put(at(key), { key, text: 'x'.repeat(500) });
    await store.close();
    const [first = '', second = '', third = ''] = files();
    truncateSync(first, 300);
    truncateSync(second, 0);
    writeFileSync(third, readFileSync(third, 'utf8').replace('xxx', 'xyx'));
    const again = await open();
    expect(again.damaged).toEqual([first, second, third].map((file) => `${file}.damaged`));
    expect(await again.list(OF)).toHaveLength(1);
    for (const key of ['a', 'b', 'c', 'd']) await again.put(at(key), key);
    expect(await again.list(OF)).toHaveLength(4);
    await again.close();
    expect((await open()).damaged).toEqual([]);
  });

  it('says once that a record was damaged while the store was open', async () => {
    const store = await open();
    await store.put(at('a'), 'text');
    truncateSync(files()[0] as string, 40);
    await expect(store.get(at('a'))).rejects.toMatchObject({ code: 'STATE_CORRUPT', retryable: false });
    expect(await store.get(at('a'))).toBeUndefined();
    expect((await store.put(at('a'), 'again')).version).toBe(1);
  });

  it('takes a cut of any length for damage, never for a record', () => {
    const whole = writeRecord({ ...at('k'), version: 3, updatedAt: 5, json: '{"a":["b\\n",1]}' });
    expect(readRecord(whole, 'f')).toMatchObject({ key: 'k', version: 3, json: '{"a":["b\\n",1]}' });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(readRecord(whole.slice(0, length), 'f')).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readRecord(text, 'f')).toBeUndefined();
      }),
    );
  });

  it('refuses a record that a newer version wrote, and leaves it', async () => {
    const store = await open();
    await store.put(at('a'), 1);
    await store.close();
    const [file = ''] = files();
    const newer = readFileSync(file, 'utf8').replace('"formatVersion":1', '"formatVersion":2');
    writeFileSync(file, newer);
    await expect(open()).rejects.toMatchObject({ code: 'STATE_FORMAT_TOO_NEW' });
    expect(readFileSync(file, 'utf8')).toBe(newer);
    writeFileSync(file, newer.replace('"formatVersion":2', '"formatVersion":1'));
    expect(await (await open()).get(at('a'))).toMatchObject({ value: 1 });
  });

  it('keeps a second one out, and takes over from a process that is gone', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      retryable: true,
      message: expect.stringContaining(`is in use by process ${String(process.pid)} of`),
    });
    await store.close();
    const lock = join(folder, 'state', 'lock');
    // Numbers of processes end below this one.
    for (const left of ['', '{', JSON.stringify({ pid: 4_194_999, host: 'h', token: 'x' })]) {
      writeFileSync(lock, left);
      await (await open()).close();
    }
    // Our own number, as a process had it that was started at another time.
    const reused = JSON.stringify({ pid: process.pid, host: 'h', started: 'boot/1', token: 'x' });
    writeFileSync(lock, reused);
    if (process.platform === 'linux') await (await open()).close();
    expect(readdirSync(join(folder, 'state')).sort()).toEqual(
      process.platform === 'linux' ? ['records'] : ['lock', 'records'],
    );
  });

  it('lets one of several that open a left-over folder at once have it', async () => {
    const path = join(folder, 'state');
    await (await open()).close();
    for (let round = 0; round < 10; round += 1) {
      writeFileSync(join(path, 'lock'), JSON.stringify({ pid: 4_194_999, host: 'h', token: 'old' }));
      const settled = await Promise.allSettled([open(), open(), open(), open()]);
      const won = settled.filter((each) => each.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0]?.value.close();
    }
  });

  it('says which folder it cannot use', async () => {
    writeFileSync(join(folder, 'plain'), '');
    await expect(open(join(folder, 'plain', 'state'))).rejects.toMatchObject({
      code: 'STATE_FOLDER_UNUSABLE',
      message: expect.stringContaining(join(folder, 'plain', 'state')),
    });
    await expect(open('')).rejects.toMatchObject({ code: 'STATE_OPTION_INVALID' });
    if (process.platform === 'linux') {
      await expect(open('/proc/nothing/here')).rejects.toMatchObject({ code: 'STATE_FOLDER_UNUSABLE' });
    }
  });

  it('loses nothing that it said was stored when it is killed in the middle of writing', async () => {
    const program = join(folder, 'writer.mjs');
    buildSync({
      stdin: {
        resolveDir: HERE,
        loader: 'ts',
        contents: `
          import { FileStateStore } from './file-state-store.js';
          const store = await FileStateStore.open({ folder: process.argv[2] });
          for (let n = 0; ; n += 1) {
            const { version } = await store.put(
              { tenantId: 't', collection: 'test.records', key: 'k' + (n % 7) },
              { n, text: 'x'.repeat(20_000) },
            );
            console.log('k' + (n % 7) + ' ' + version + ' ' + n);
          }
        `,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@kapelle/source'],
      external: ['inversify', 'reflect-metadata', 'class-validator'],
      outfile: program,
    });
    const told = new Map<string, { version: number; n: number }>();
    for (const round of [1, 2, 3]) {
      const child = spawn(process.execPath, [program, join(folder, 'state')], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let problems = '';
      child.stderr.on('data', (chunk) => (problems += String(chunk)));
      let count = 0;
      createInterface(child.stdout).on('line', (line) => {
        const [key = '', version, n] = line.split(' ');
        told.set(key, { version: Number(version), n: Number(n) });
        if ((count += 1) === 30 * round) child.kill('SIGKILL');
      });
      await new Promise((resolve) => child.on('close', resolve));
      expect(problems).toBe('');
      expect(count).toBeGreaterThanOrEqual(30 * round);
      const store = await open();
      expect(store.damaged).toEqual([]);
      for (const [key, { version }] of told) {
        const found = await store.get<{ n: number; text: string }>(at(key));
        expect(found?.version).toBeGreaterThanOrEqual(version);
        expect(found?.value.text).toHaveLength(20_000);
      }
      expect(files().every((file) => file.endsWith('.json'))).toBe(true);
      await store.close();
    }
  }, 30_000);
});
