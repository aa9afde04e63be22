import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { consoleIo } from '../console-io.js';
import { runCommandLine } from '../command-line.js';
import { readSettings } from '../settings.js';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-watch-'));
});
afterEach(async () => {
  interrupt.abort();
  await rm(folder, { recursive: true, force: true });
});

/** Text that somebody waits for. */
class Heard extends Writable {
  text = '';
  readonly #waiting: { readonly part: string; readonly heard: () => void }[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    for (const { part, heard } of this.#waiting) if (this.text.includes(part)) heard();
    done();
  }

  until(part: string): Promise<void> {
    return new Promise((heard) => {
      if (this.text.includes(part)) heard();
      else this.#waiting.push({ part, heard });
    });
  }
}

let interrupt: AbortController;

/** Watches until what is waited for was written, and ends it. */
async function watch(args: readonly string[], until: string) {
  const out = new Heard();
  const err = new Heard();
  const io = consoleIo(out as never, err as never, { NO_COLOR: '1' });
  interrupt = new AbortController();
  const settings = readSettings({ KAPELLE_DATA: 'data' }, folder);
  const ended = runCommandLine(
    ['watch', ...args],
    { io, settings, signal: interrupt.signal, stdin: process.stdin },
    'none',
  );
  await Promise.race([out.until(until), err.until(until), ended]);
  interrupt.abort();
  return { code: await ended, out: out.text, err: err.text };
}

/** Writes a file of some minutes ago: what is being written now is left for the next look. */
async function put(path: string, text: string, ageS = 300): Promise<void> {
  await writeFile(path, text);
  const then = Date.now() / 1_000 - ageS;
  await utimes(path, then, then);
}

describe('watch', () => {
  it('analyses what is in a folder and tells it on a line, once, also when it is started again', async () => {
    const [inbox, other] = [join(folder, 'inbox'), join(folder, 'other')];
    await mkdir(inbox);
    await mkdir(other);
    const speech = (await readFile(join(SAMPLES, 'sotu-1962-kennedy.txt'), 'utf8')).split(/(?<=[.!?])\s+/);
    await put(join(inbox, 'first.txt'), speech.slice(0, 12).join(' '));
    // What tells of the folder, and what the bot has written there, is no content. Two older and two newer ones, of which
    // two at a time would be analysed before it, whichever end is begun with.
    const others = [
      'README.md',
      'LICENSE.txt',
      'a-talk-0123456789ab-standard.md',
      'a-talk-0123456789ab-quick.md',
    ];
    for (const [at, name] of others.entries()) {
      await put(
        join(inbox, name),
        speech.slice(40 + at * 4, 44 + at * 4).join(' '),
        at % 2 === 0 ? 200 : 400,
      );
    }
    const first = await watch(['inbox', 'other', '--every', '1'], 'analysed  ');
    expect(first.err).toContain(`watching ${inbox} (folder) every 1 min\n`);
    expect(first.out).toMatch(/^analysed {2}first\.txt {2}[0-9a-f]{12}-\w+\n$/);

    // What is not named any more rests, and what is named is looked at again at once.
    await put(join(inbox, 'another.txt'), speech.slice(12, 24).join(' '));
    await put(join(other, 'unwatched.txt'), speech.slice(24, 36).join(' '));
    const second = await watch(['inbox', '--every', '5'], 'analysed  ');
    expect(second.err).toContain(`watching ${inbox} (folder) every 5 min\nCtrl-C ends it.\n`);
    expect(second.out).toMatch(/^analysed {2}another\.txt {2}[0-9a-f]{12}-\w+\n$/);
  }, 90_000);

  it('tells what cannot be looked at now, and goes on', async () => {
    const { code, err, out } = await watch(['http://127.0.0.1:1/feed.xml'], 'later ');
    expect([code, out]).toEqual([0, '']);
    expect(err).toMatch(/^later http:\/\/127\.0\.0\.1:1\/feed\.xml: .*127\.0\.0\.1/m);
  });

  it('tells every item of a feed file, and of a changed one what is new', async () => {
    const inbox = join(folder, 'inbox');
    await mkdir(inbox);
    const feed = (...names: readonly string[]) =>
      `<rss version="2.0"><channel><title>B</title>${names
        .map(
          (name) =>
            `<item><title>${name}</title><description>The ${name} bridge was built by the town in 1961, and it is a good bridge.</description></item>`,
        )
        .join('')}</channel></rss>`;
    await put(join(inbox, 'feed.xml'), feed('north', 'south'));
    const first = await watch(['inbox', '--every', '1'], 'feed.xml: south');
    expect(first.out).toMatch(/^analysed {2}feed\.xml: north {2}\S+\nanalysed {2}feed\.xml: south {2}\S+\n$/);

    await put(join(inbox, 'feed.xml'), feed('north', 'south', 'west'));
    const second = await watch(['inbox', '--every', '1'], 'feed.xml: west');
    expect(second.out).toMatch(/^analysed {2}feed\.xml: west {2}\S+\n$/);
  }, 90_000);

  it('names the setting that allows a blocked address', async () => {
    for (const [address, value] of [
      ['http://10.1.2.3/feed.xml', '10.1.2.3'],
      ['http://[::1]/feed.xml', '::1'],
      ['http://localhost/feed.xml', '127.0.0.1,::1'],
    ] as const) {
      const { err } = await watch([address], 'later ');
      expect(err).toContain(`allow this one with KAPELLE_ALLOW_ADDRESSES=${value}.`);
    }
  }, 90_000);

  it('refuses what is no folder', async () => {
    const { code, err, out } = await watch(['nowhere'], 'Ctrl-C ends it.');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('"nowhere" is no folder.');
    await writeFile(join(folder, 'feed.xml'), '<rss/>');
    expect((await watch(['feed.xml'], 'Ctrl-C ends it.')).err).toContain(
      `"feed.xml" is a file, and is not watched by itself. "analyze" takes it, or watch its folder: ${folder}.`,
    );
    expect(await watch(['.', '--every', '0'], 'Ctrl-C ends it.')).toMatchObject({ code: 2 });
  });
});
