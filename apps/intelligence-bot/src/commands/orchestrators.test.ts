import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runCommandLine } from '../command-line.js';
import { consoleIo } from '../console-io.js';
import { readSettings } from '../settings.js';

/** A terminal of so many columns, or a pipe. */
class Terminal extends Writable {
  readonly isTTY: boolean;
  text = '';

  constructor(readonly columns: number | undefined) {
    super();
    this.isTTY = columns !== undefined;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** The lines of `orchestrators` in a terminal of so many columns. */
async function shown(columns: number | undefined): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kapelle-orchestrators-command-'));
  try {
    const out = new Terminal(columns);
    const io = consoleIo(out as never, out as never, { NO_COLOR: '1' });
    const settings = readSettings({ KAPELLE_DATA: 'data' }, folder);
    const { signal } = new AbortController();
    expect(
      await runCommandLine(['orchestrators'], { io, settings, signal, stdin: process.stdin }, 'none'),
    ).toBe(0);
    return out.text.trimEnd().split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('orchestrators', () => {
  it.each([60, 120])(
    'breaks its lines between words in a terminal of %i columns',
    async (columns) => {
      const lines = await shown(columns);
      const widths = lines.map((line) => [...line].length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
      const text = lines.join('\n');
      for (const word of ['enhance_all_agents', 'record_interaction', 'healthy', 'unified_feedback'])
        expect(text).toContain(word);
    },
    60_000,
  );

  it('lists one after the other in a pipe, within 100 columns', async () => {
    const lines = await shown(undefined);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100);
    const names = lines.filter((line) => !line.startsWith(' '));
    expect(names).toContainEqual(expect.stringMatching(/^unified_feedback {2}application · /));
    expect(lines.join('\n')).not.toContain('│');
  }, 60_000);
});
