import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Mission, MissionSummary } from '@kapelle/orchestrators';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../command-line.js';
import { consoleIo } from '../console-io.js';
import { readSettings } from '../settings.js';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-mission-command-'));
  const text = await readFile(join(SAMPLES, 'sotu-1962-kennedy.txt'), 'utf8');
  await writeFile(join(folder, 'talk.txt'), text.slice(0, 6_000));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

class Heard extends Writable {
  text = '';
  readonly #heard: (text: string) => void;

  constructor(heard: (text: string) => void = () => undefined) {
    super();
    this.#heard = heard;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    this.#heard(this.text);
    done();
  }
}

/** Runs the command, and ends it as Ctrl-C does when its progress says so. */
async function mission(args: readonly string[], interruptAt?: string) {
  const interrupt = new AbortController();
  const out = new Heard();
  const err = new Heard((text) => {
    if (interruptAt !== undefined && text.includes(interruptAt)) interrupt.abort();
  });
  const io = consoleIo(out as never, err as never, { NO_COLOR: '1' });
  const settings = readSettings({ KAPELLE_DATA: 'data' }, folder);
  const code = await runCommandLine(
    ['mission', ...args],
    { io, settings, signal: interrupt.signal, stdin: process.stdin },
    'none',
  );
  return { code, out: out.text, err: err.text };
}

describe('mission', () => {
  it('plans, runs and lists missions about a source', async () => {
    const empty = await mission([]);
    expect(empty).toMatchObject({ code: 0, out: '' });
    expect(empty.err).toContain('No missions yet');

    const planned = await mission(['talk.txt', '--plan', '--json', '--depth', 'quick', '--budget', '2']);
    const plan = JSON.parse(planned.out) as Mission;
    expect(plan).toMatchObject({ status: 'planned', plan: { depth: 'quick', budget: { limitUsd: 2 } } });

    const ran = await mission([plan.missionId]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(new RegExp(`^${plan.missionId} {2}completed\\nquick, 4 stages, `));
    expect(ran.out).toMatch(/^ {2}completed {2}content_analysis .*analysis_cartographer .* s$/m);
    expect(ran.out).toMatch(/^Briefing: [0-9a-f]{12}-\w+; "show" prints it\.$/m);
    expect(ran.err).toContain('%  content_analysis');

    const whole = await mission(['talk.txt', '--depth', 'comprehensive']);
    expect(whole.code).toBe(0);
    expect(whole.err).toMatch(/^note mission_\w+: comprehensive, 14 stages, /m);
    expect(whole.out).toMatch(/^Threat in the content: (?:low|medium|high) \([\d.]+\)\.$/m);
    expect(whole.out).toContain('  The whole briefing: ');
    // Whatever is not certain says why.
    const unsure = whole.out.split('\n').filter((line) => /^ {2}(?:uncertain|skipped) /.test(line));
    expect(unsure.length).toBeGreaterThan(0);
    for (const line of unsure) expect(line).toMatch(/ s {2}\S.*[.!?]$/);

    const listed = JSON.parse((await mission(['--json'])).out) as readonly MissionSummary[];
    expect(listed.map(({ depth, status }) => [depth, status.replace('degraded', 'completed')])).toEqual([
      ['comprehensive', 'completed'],
      ['quick', 'completed'],
    ]);
    expect((await mission([])).out).toContain('talk.txt');
  }, 60_000);

  it('goes on with a mission that Ctrl-C has interrupted', async () => {
    const first = await mission(['talk.txt', '--depth', 'deep'], '%  content_acquisition');
    const id = /^note "mission (mission_\w+)" goes on with it\.$/m.exec(first.err)?.[1];
    // The rest may have been done before the interruption was heard.
    if (id === undefined) {
      expect(first.code).toBe(0);
      return;
    }
    expect(first.code).toBe(130);
    const second = await mission([id]);
    expect(second.code).toBe(0);
    expect(second.out).toContain(`${id}  `);
    expect(second.out).toMatch(/^ {2}completed {2}intelligence_briefing /m);
  }, 60_000);

  it('says what is wrong with a mission that cannot be', async () => {
    for (const [named, code, told] of [
      ['nowhere.txt', 3, '[SOURCE_NOT_FOUND]'],
      ['file:///nowhere/at-all.txt', 3, '[SOURCE_NOT_FOUND]'],
      ['gopher://example.org/talk', 3, '[SOURCE_UNSUPPORTED_SCHEME]'],
      ['mision_abc_1_def', 4, '[MISSION_UNKNOWN]'],
      ['mission-abc', 4, '[MISSION_UNKNOWN]'],
    ] as const) {
      const refused = await mission([named, '--depth', 'quick']);
      expect([named, refused.code, refused.out]).toEqual([named, code, '']);
      expect(refused.err).toContain(told);
    }
    expect((await mission([])).err).toContain('No missions yet');
    expect(await mission(['mission_unknown'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('[MISSION_UNKNOWN]'),
      out: '',
    });
    expect(await mission(['talk.txt', '--budget', '0.01'])).toMatchObject({
      err: expect.stringContaining('[MISSION_BUDGET_TOO_SMALL]'),
    });
    expect((await mission(['.'])).code).toBe(2);
    expect((await mission(['-'])).code).toBe(2);
    expect((await mission(['talk.txt', '--depth', 'deepest'])).code).toBe(2);
  }, 60_000);
});
