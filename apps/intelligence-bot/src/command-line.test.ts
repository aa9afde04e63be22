import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OrchestratorInfo } from '@kapelle/core';
import type { Briefing, BriefingSummary, IntakeReport, SearchHit } from '@kapelle/orchestrators';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url));
const PRESIDENTS_SHOW = fileURLToPath(new URL('./fixtures/presidents-show.vtt', import.meta.url));
const KENNEDY = join(SAMPLES, 'sotu-1961-kennedy.vtt');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let folder: string;

beforeAll(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`There is no ${PROGRAM}. Run "npx tsc -b" first.`);
  folder = await mkdtemp(join(tmpdir(), 'kapelle-cli-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Options {
  readonly data?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Sends SIGINT as soon as stderr contains this. */
  readonly interruptAt?: string;
  /** What standard input holds; `open` for one that never ends. @default nothing */
  readonly stdin?: string;
}

/** Runs the built program in the folder of the test. */
function run(
  args: readonly string[],
  { data = 'data', environment = {}, interruptAt, stdin = '' }: Options = {},
): Promise<Ended> {
  const { PATH = '' } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: folder,
      env: { PATH, KAPELLE_DATA: data, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => undefined);
    if (stdin !== 'open') child.stdin.end(stdin);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const before = err;
      err += text;
      if (interruptAt !== undefined && err.includes(interruptAt) && !before.includes(interruptAt))
        child.kill('SIGINT');
    });
    child.on('error', reject).on('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

describe('the command line', () => {
  it('analyses the sample without a command, keeps it, and finds it again', async () => {
    const first = await run([]);
    expect(first.code).toBe(0);
    expect(first.out).toContain('Executive summary');
    expect(first.out).not.toContain('\u001b');
    expect(first.err).toMatch(/^ {2}2 %  acquire\n {2}4 %  parse\n/);

    const [second, forced, found, nothing, listed, markdown, broken] = await Promise.all([
      run([]),
      run(['analyze', KENNEDY, '--depth', 'quick', '--quiet'], { environment: { FORCE_COLOR: '1' } }),
      run(['search', 'recession', 'inflation', '--json']),
      run(['search', 'zyzzyva']),
      run(['list', '--json']),
      run(['show', 'd021', '--format', 'markdown']),
      run(['show', 'nothing']),
    ]);
    expect(second.code).toBe(0);
    expect(second.out).toBe(first.out);
    expect(second.err).toMatch(
      /note Already analysed on \d{4}-\d\d-\d\d \d\d:\d\d; --force analyses again\./,
    );
    expect(forced.err).toBe('');
    expect(forced.out).toContain('\u001b[');
    const [hit] = JSON.parse(found.out) as SearchHit[];
    expect(hit?.summary.id).toBe('d021d8f9591d-standard');
    expect(nothing).toMatchObject({ code: 0, out: '' });
    const ids = (JSON.parse(listed.out) as BriefingSummary[]).map(({ id }) => id);
    expect(ids).toContain('d021d8f9591d-standard');
    expect(markdown.code === 0 ? markdown.out : markdown.err).toMatch(/^# |begins several ids/);
    expect(broken).toMatchObject({ code: 4, out: '' });
    expect(broken.err).toBe(
      'error There is no briefing "nothing". List the briefings to see their ids. [BRIEFING_UNKNOWN]\n',
    );
  }, 60_000);

  it('analyses what can be read beside what cannot, and says why', async () => {
    const texts = join(folder, 'texts');
    await mkdir(join(texts, 'empty folder'), { recursive: true });
    await writeFile(join(texts, 'empty.txt'), '');
    await writeFile(join(texts, 'picture.txt'), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 1]));
    await writeFile(join(texts, 'huge.txt'), 'words and words '.repeat((50 * 1024 * 1024) / 16));
    await writeFile(join(texts, 'cues.vtt'), 'WEBVTT\n\n00:99:00 --> nowhere\n');
    await writeFile(
      join(texts, 'latin.txt'),
      Buffer.from('Le café était fermé, et la forêt était très belle à Noël.', 'latin1'),
    );
    await writeFile(
      join(texts, 'good.txt'),
      'The town built a good bridge in 1961. Everybody in the town likes the bridge.',
    );
    const mixed = await run([
      ...[
        'analyze',
        'texts',
        'texts/empty folder',
        'missing.txt',
        'http://127.0.0.1:9/',
        '--json',
        '--depth',
        'quick',
      ],
      ...['--out', 'briefings'],
    ]);
    expect(mixed.code).toBe(3);
    const report = JSON.parse(mixed.out) as IntakeReport;
    const outcomes = report.outcomes.map((outcome) => [
      outcome.source.replace(`${folder}/`, ''),
      outcome.status === 'failed' ? outcome.code : outcome.status,
    ]);
    expect(Object.fromEntries(outcomes)).toEqual({
      'texts/cues.vtt': expect.stringMatching(/^CONTENT_/),
      'texts/empty.txt': 'CONTENT_EMPTY',
      'texts/good.txt': 'analysed',
      'texts/huge.txt': 'SOURCE_TOO_LARGE',
      'texts/latin.txt': 'analysed',
      'texts/picture.txt': 'CONTENT_BINARY',
      'texts/empty folder': 'FOLDER_EMPTY',
      'missing.txt': 'SOURCE_NOT_FOUND',
      'http://127.0.0.1:9/': 'SOURCE_BLOCKED_ADDRESS',
    });
    expect(mixed.err.match(/^error .*\[[A-Z_]+\]$/gm)).toHaveLength(7);
    const written = await readdir(join(folder, 'briefings'));
    expect(written.map((name) => name.split('.').at(-1)).sort()).toEqual([
      'html',
      'html',
      'json',
      'json',
      'md',
      'md',
    ]);
    const json = written.find((name) => name.endsWith('.json')) ?? '';
    expect((JSON.parse(await readFile(join(folder, 'briefings', json), 'utf8')) as Briefing).depth).toBe(
      'quick',
    );
  }, 60_000);

  it('ends with 130 on Ctrl-C and leaves a database that works', async () => {
    const data = 'interrupted';
    const ended = await run(['analyze', SAMPLES], { data, interruptAt: '1/1' });
    expect(ended.code).toBe(130);
    expect(ended.err).toMatch(
      /\ninterrupted\nnote \d+ briefings? (?:is|are) done and kept, of \d+ sources; the same command goes on with the rest\.\n$/,
    );
    const listed = await run(['list', '--json'], { data });
    expect(listed.code).toBe(0);
    const known = JSON.parse(listed.out) as BriefingSummary[];
    expect(String(known.length)).toBe(/note (\d+) briefing/.exec(ended.err)?.[1]);
    expect(known.length).toBeGreaterThanOrEqual(1);
    expect(known.length).toBeLessThan(15);
  }, 60_000);

  it('shows a briefing that could not be stored, with an exit code of its own', async () => {
    await writeFile(join(folder, 'blocked'), '');
    const [analysed, listed] = await Promise.all([
      run(['analyze', KENNEDY, '--depth', 'quick'], { data: 'blocked' }),
      run(['list'], { data: 'blocked' }),
    ]);
    expect(analysed.code).toBe(5);
    expect(analysed.out).toContain('Executive summary');
    expect(analysed.err).toMatch(/warning .*store failed: .*STORE|warning .*store failed: /);
    expect(listed.code).toBe(5);
    expect(listed.err).toMatch(/^error .*\[STORE_[A-Z_]+\]\n$/);
  }, 60_000);

  it('gives verdicts with their evidence on a show that says right and wrong things about presidents', async () => {
    const show = await run(['analyze', PRESIDENTS_SHOW], { data: 'show' });
    expect(show.out).toMatch(/Key claims ─+ ✔ 6 {2}✘ 2 {2}\? 4\n/);
    const speakers = await run(['analyze', PRESIDENTS_SHOW, '--json'], { data: 'show' });
    expect((JSON.parse(speakers.out) as IntakeReport).counts).toMatchObject({ failed: 0 });
  }, 60_000);

  it('answers with JSON on stdout whatever happens where JSON is asked for', async () => {
    const [usage, command, empty, unknown, store, blocked] = await Promise.all([
      run(['list', '--nope', '--json']),
      run(['frobnicate', '--json']),
      run(['search', ' ', '--json']),
      run(['show', 'nothing', '--format=json']),
      run(['list', '--json'], { data: '/dev/null' }),
      run(['analyze', 'http://127.0.0.1:9/', '--json']),
    ]);
    const errors = [usage, command, empty, unknown, store].map(
      ({ out, code }) =>
        (JSON.parse(out) as { error: { message: string; code: string; exitCode: number } }).error.exitCode ===
          code && (JSON.parse(out) as { error: { message: string; code: string } }).error,
    );
    expect(errors).toEqual([
      expect.objectContaining({ code: 'USAGE', message: "unknown option '--nope'" }),
      expect.objectContaining({ code: 'USAGE', message: "unknown command 'frobnicate'" }),
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('nothing to search for') }),
      expect.objectContaining({ code: 'BRIEFING_UNKNOWN', exitCode: 4 }),
      expect.objectContaining({ code: 'STORE_FOLDER_UNUSABLE', exitCode: 5 }),
    ]);
    expect((JSON.parse(blocked.out) as IntakeReport).counts.failed).toBe(1);
    expect(blocked.err).toContain('allow this one with KAPELLE_ALLOW_ADDRESSES=127.0.0.1.');
  }, 60_000);

  it('reads standard input for "-", once, and is not held up by it on Ctrl-C', async () => {
    const text = 'The town built a good bridge in 1961. Everybody in the town likes the old bridge.';
    const [piped, nothing, interrupted] = await Promise.all([
      run(['analyze', '-', '--json', '--depth', 'quick'], { stdin: text, data: 'stdin' }),
      run(['analyze', '-'], { stdin: '', data: 'stdin-empty' }),
      run(['analyze', '-', '--verbose'], { stdin: 'open', interruptAt: '"state":"running"' }),
    ]);
    const [outcome] = (JSON.parse(piped.out) as IntakeReport).outcomes;
    expect(outcome).toMatchObject({ source: 'stdin:', status: 'analysed' });
    expect(nothing.code).toBe(3);
    expect(nothing.err).toContain('[CONTENT_EMPTY]');
    expect(interrupted.code).toBe(130);
  }, 60_000);

  it('says what cannot be written instead of hanging or ending without a word', async () => {
    const [proc, file, empty] = await Promise.all([
      run(['analyze', KENNEDY, '--depth', 'quick', '--out', '/proc/nope'], { data: 'out-1' }),
      run(['analyze', KENNEDY, '--depth', 'quick', '--out', PROGRAM], { data: 'out-2' }),
      run(['analyze', KENNEDY, '--out', ' ']),
    ]);
    for (const ended of [proc, file]) {
      expect(ended.code).toBe(1);
      expect(ended.out).toContain('Executive summary');
      expect(ended.err).toContain('[OUTPUT_NOT_WRITABLE]');
    }
    expect(empty).toMatchObject({ code: 2, out: '' });
  }, 60_000);

  it('refuses what cannot be meant with 2, and logs only when asked', async () => {
    const [command, depth, setting, help, orchestrators, verbose] = await Promise.all([
      run(['lsit']),
      run(['analyze', 'x', '--depth', 'bottomless']),
      run(['list'], { environment: { KAPELLE_LOG_LEVEL: 'loud' } }),
      run(['--help']),
      run(['orchestrators', '--json']),
      run(['list', '--json', '--verbose']),
    ]);
    expect(command).toMatchObject({ code: 2, out: '' });
    expect(command.err).toContain('Did you mean list?');
    expect(depth.code).toBe(2);
    expect(setting).toMatchObject({ code: 2, out: '' });
    expect(setting.err).toContain('[SETTING_INVALID]');
    expect(help.code).toBe(0);
    for (const word of ['Exit codes', 'KAPELLE_DATA', 'analyze', 'orchestrators'])
      expect(help.out).toContain(word);
    const known = JSON.parse(orchestrators.out) as OrchestratorInfo[];
    expect(known.map(({ name, layer }) => `${layer} ${name}`).sort()).toEqual([
      'application advanced_bandits',
      'application analysis_desk',
      'application content_intake',
      'application real_time_monitoring',
      'application unified_feedback',
      'domain agent_training',
      'domain autonomous_intelligence',
      'domain enhanced_autonomous',
      'domain fallback_autonomous',
      'domain hierarchical',
      'domain mission',
      'infrastructure deployment',
      'infrastructure production_operations',
      'infrastructure resilience',
      'infrastructure security',
      'infrastructure telemetry',
    ]);
    expect(
      known.filter(({ state, health, operations, type }) => {
        const works = state === 'running' && health.status === 'healthy';
        return !works || operations.length === 0 || type.length === 0;
      }),
    ).toEqual([]);
    expect(verbose.err).toContain('"event":"host_stopped"');
    expect(Array.isArray(JSON.parse(verbose.out))).toBe(true);
  }, 60_000);
});
