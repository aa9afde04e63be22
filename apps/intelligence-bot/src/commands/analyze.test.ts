import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IntakeReport } from '@kapelle/orchestrators';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runCommandLine } from '../command-line.js';
import { consoleIo } from '../console-io.js';
import { readSettings } from '../settings.js';
import { findSources } from './find-sources.js';

const TEXT = 'The town built a good bridge in 1961. Everybody in the town likes the old bridge.';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-analyze-command-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

class Heard extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

async function run(...args: readonly string[]) {
  const out = new Heard();
  const err = new Heard();
  const io = consoleIo(out as never, err as never, { NO_COLOR: '1' });
  const settings = readSettings({ KAPELLE_DATA: 'data' }, folder);
  const { signal } = new AbortController();
  const code = await runCommandLine(args, { io, settings, signal, stdin: process.stdin }, 'none');
  return { code, out: out.text, err: err.text };
}

async function write(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, `${TEXT} It is the ${name} of all.`);
  }
}

describe('the files of a folder', () => {
  it('are content but for those that describe it, which are told in a line', async () => {
    await write('talks/one.txt', 'talks/SOURCES.md', 'talks/deep/README.md', 'talks/deep/LICENSE-MIT.txt');
    const told = await run('analyze', 'talks', '--depth', 'quick');
    expect(told.code).toBe(0);
    expect(told.err).toContain(
      'note Passed over, as they describe their folder: talks/SOURCES.md, talks/deep/LICENSE-MIT.txt, talks/deep/README.md. What is named itself is analysed.\n',
    );
    expect(told.out).toContain('bridge');

    const json = await run('analyze', 'talks', '--depth', 'quick', '--json');
    const { outcomes } = JSON.parse(json.out) as IntakeReport;
    expect(outcomes.map(({ source }) => source)).toEqual([join(folder, 'talks/one.txt')]);
    expect(json.err).toBe('');
  }, 60_000);

  it('are analysed whatever they are called where they are named, and missed where nothing else is there', async () => {
    await write('talks/SOURCES.md');
    const named = await run('analyze', 'talks', 'talks/SOURCES.md', '--depth', 'quick', '--json');
    const { counts, outcomes } = JSON.parse(named.out) as IntakeReport;
    expect(counts).toMatchObject({ analysed: 1, failed: 1 });
    expect(outcomes.at(-1)).toMatchObject({ status: 'failed', code: 'FOLDER_EMPTY' });
    const none = await run('analyze', 'talks');
    expect(none.err).toContain('note Passed over, as it describes its folder: talks/SOURCES.md.');
    expect(none.err).toContain('[FOLDER_EMPTY]');
  }, 60_000);

  it('are passed over by the whole of their names alone', async () => {
    const passedOver = [
      ...['README.md', 'readme.txt', 'Sources.markdown', 'LICENSE.html', 'licence.md', 'LICENSE.old.txt'],
      ...['LICENCE_APACHE.md', 'README-de.md'],
    ];
    const content = [
      'license-to-build.txt',
      'my-readme.md',
      'readme.vtt',
      'sources of income.txt',
      'LICENSED.txt',
    ];
    await write(...[...passedOver, ...content].map((name) => `all/${name}`));
    const found = await findSources(['all'], folder, new AbortController().signal);
    const names = (kind: string) =>
      found.flatMap((each) => (each.kind === kind ? [each.uri.slice(folder.length + 5)] : []));
    expect(names('content')).toEqual([...content].sort());
    expect(names('passedOver')).toEqual([...passedOver].sort());
  });
});

describe('briefings in the folder that is analysed', () => {
  it('are passed over, and told in a line', async () => {
    await write('talks/one.txt', 'talks/notes.md');
    const first = await run('analyze', 'talks', '--depth', 'quick', '--out', 'talks/briefings');
    expect(first.code).toBe(0);
    const second = await run('analyze', 'talks', '--depth', 'quick', '--out', 'talks/briefings');
    expect(second.err).toMatch(
      /^note Passed over, as they are briefings that --out has written: talks\/briefings\/\S+, .* and 1 more\. What is named itself is analysed\.$/m,
    );
    expect(second.err).toContain('2 cached;');
    const made = JSON.parse((await run('list', '--json')).out) as readonly { readonly id: string }[];
    expect(made).toHaveLength(2);

    // The beginning of an id is enough for all depths of one content.
    await run('analyze', 'talks/one.txt', '--depth', 'standard');
    const both = JSON.parse((await run('list', '--json')).out) as readonly { readonly id: string }[];
    const prefix = both[0]?.id.slice(0, 12) ?? '';
    const shown = await run('show', prefix, '--format', 'json');
    expect((JSON.parse(shown.out) as { readonly id: string }).id).toBe(`${prefix}-standard`);
    expect(shown.err).toBe(
      `note This is ${prefix}-standard, the newest. The same content was also briefed as ${prefix}-quick.\n`,
    );
  }, 60_000);
});

describe('the same content under two names', () => {
  it('is one briefing, which is shown with both', async () => {
    await writeFile(join(folder, 'first.txt'), TEXT);
    await writeFile(join(folder, 'second.txt'), TEXT);
    const first = JSON.parse(
      (await run('analyze', 'first.txt', '--depth', 'quick', '--json')).out,
    ) as IntakeReport;
    const [made] = first.outcomes;
    const id = made?.status === 'analysed' ? made.briefing.id : '';
    expect((await run('show', id)).err).toBe('');
    const again = await run('analyze', 'second.txt', '--depth', 'quick');
    expect(again.err).toContain('note The same content was first analysed from first.txt.');
    for (const named of [id, id.slice(0, 6)]) {
      expect((await run('show', named)).err).toBe('note The same content was also seen as second.txt.\n');
    }
    expect((await run('show', id, '--format', 'json')).err).toBe('');
  }, 60_000);
});
