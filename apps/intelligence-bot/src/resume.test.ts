import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Briefing } from '@kapelle/orchestrators';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('./fixtures/resumable-analysis.mjs', import.meta.url));

interface Analysed {
  readonly result: {
    readonly status: string;
    readonly data: Briefing;
    /** Left out where it is empty. */
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
  readonly calls: Readonly<Record<'source' | 'knowledge' | 'model', number>>;
}

interface Run {
  /** Stages whose checkpoints were on the disk, in their order. */
  readonly checkpoints: readonly string[];
  readonly signal: NodeJS.Signals | null;
  readonly analysed?: Analysed;
}

interface Job {
  readonly data: string;
  readonly analysisId?: string;
  readonly stopAfter?: string;
}

let folder: string;
let source: string;

beforeAll(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`There is no ${PROGRAM}. Run "npx tsc -b" first.`);
  folder = await mkdtemp(join(tmpdir(), 'kapelle-resume-'));
  source = join(folder, 'speech.txt');
  await writeFile(
    source,
    [
      'The town council met on Monday to talk about the two bridges over the river.',
      'John F. Kennedy became president of the United States in 1961, and the first bridge was built that year.',
      'The council spent 12 million dollars on the second bridge, 40 percent more than the first bridge had cost.',
      'John F. Kennedy became president in 1975, said a member of the council, and everybody was surprised.',
      'A town without a bridge is two towns that wave at each other, and so the council must build good bridges.',
    ].join(' '),
  );
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the analysis in a process of its own, and kills that as soon as the stage to stop after is on the disk. */
function run({ data, ...job }: Job): Promise<Run> {
  const settings = { ...job, data: join(folder, data), uri: source, depth: 'experimental' };
  const { PATH = '' } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [FIXTURE, JSON.stringify(settings)], {
      cwd: folder,
      env: { PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (job.stopAfter !== undefined && out.includes(`checkpoint ${job.stopAfter}\n`)) child.kill('SIGKILL');
    });
    child.on('error', reject).on('close', (code, signal) => {
      if (code !== 0 && signal !== 'SIGKILL') return reject(new Error(`${String(code)}: ${err}`));
      const told = /^result (.*)$/m.exec(out)?.[1];
      resolve({
        signal,
        checkpoints: [...out.matchAll(/^checkpoint (.*)$/gm)].map(([, stage = '']) => stage),
        ...(told === undefined ? {} : { analysed: JSON.parse(told) as Analysed }),
      });
    });
  });
}

function analysedOf({ analysed }: Run): Analysed {
  if (analysed?.result.status !== 'ok') throw new Error(JSON.stringify(analysed));
  return analysed;
}

/** Everything but how long it took and when it was. */
function contentOf({ result }: Analysed) {
  const { createdAt: _createdAt, timings, ...content } = result.data;
  return { ...content, stages: timings.map(({ stage }) => stage).sort() };
}

/** Runs the command line on the same database. */
function analyzeByCommand(data: string): Promise<{ readonly code: number | null; readonly err: string }> {
  const { PATH = '' } = process.env;
  const args = ['analyze', source, '--depth', 'experimental', '--budget', '0.5'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: folder,
      env: { PATH, KAPELLE_DATA: join(folder, data) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject).on('close', (code) => {
      resolve({ code, err });
    });
  });
}

describe('an analysis whose process is killed', () => {
  it('goes on in the next process where it was, with nothing done twice and the same briefing', async () => {
    const [undisturbed, killed, other] = await Promise.all([
      run({ data: 'undisturbed' }),
      run({ data: 'killed', analysisId: 'speech', stopAfter: 'narrative' }),
      run({ data: 'other', stopAfter: 'claims' }),
    ]);
    const whole = analysedOf(undisturbed);
    expect(whole.calls).toEqual({ source: 1, knowledge: 1, model: 2 });
    expect(whole.result.metadata?.['resumed']).toBeUndefined();
    for (const dead of [killed, other]) {
      expect(dead.signal).toBe('SIGKILL');
      expect(dead.analysed).toBeUndefined();
    }
    const finished = killed.checkpoints.filter((stage) => stage !== 'start');
    expect(finished).toEqual(
      expect.arrayContaining(['acquire', 'parse', 'read', 'claims', 'verification', 'narrative']),
    );

    const [again, command] = await Promise.all([
      run({ data: 'killed', analysisId: 'speech' }),
      analyzeByCommand('other'),
    ]);
    const resumed = analysedOf(again);
    expect(resumed.result.metadata?.['resumed']).toEqual(expect.arrayContaining(finished));
    expect(again.checkpoints.filter((stage) => finished.includes(stage))).toEqual([]);
    expect(contentOf(resumed)).toEqual(contentOf(whole));
    // The draft that was paid for is not paid for again; its revision was not made yet.
    expect(resumed.calls).toEqual({ source: 0, knowledge: 0, model: 1 });

    expect(command.code).toBe(0);
    expect(command.err).toMatch(/note This analysis was resumed from stage "\w+": what was finished before/);
    expect(command.err).toContain('note It cost 0.00 of 0.50 US dollars: 0 tokens in 0 calls.');
    expect(command.err).toContain('The budget in US dollars limits nothing, because nothing has a price.');
  }, 120_000);
});
