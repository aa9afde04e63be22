import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { build } from 'esbuild';

import { silentLogger } from '../logging/logger.js';
import { RecordingLogger } from '../testing/recording-logger.js';
import { RunnerVoice } from './runner-voice.js';

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Since the last signal that the test sent, else since the process was up. */
  readonly afterMs: number;
  readonly stderr: string;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../../../..');
let folder: string;
let program: string;
const running = new Set<ChildProcess>();

// Processes are started and waited for, on a machine that may have other things to do.
jest.setTimeout(20_000);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kapelle-runner-'));
  program = join(folder, 'runner-program.mjs');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await build({
    entryPoints: [join(here, 'fixtures/runner-program.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // The name of an orchestrator is made of that of its class.
    keepNames: true,
    logLevel: 'error',
  });
});

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A running program: what it says, and how it ends. */
class Program {
  readonly #child: ChildProcess;
  readonly #lines: { what: string; data?: unknown }[] = [];
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #since = performance.now();
  readonly exit: Promise<Exit>;

  constructor(scenario: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const { KUBERNETES_SERVICE_HOST: _, ...own } = process.env;
    const child = spawn(process.execPath, [...flags, program, scenario], {
      env: { ...own, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    this.#child = child;
    child.stdout.setEncoding('utf8');
    child.stderr.setEncoding('utf8');
    let rest = '';
    child.stdout.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#lines.push(JSON.parse(line) as { what: string });
      for (const check of [...this.#waiting]) check();
    });
    child.stderr.on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    this.exit = new Promise((resolve) => {
      let afterMs = 0;
      child.on('exit', () => {
        afterMs = performance.now() - this.#since;
      });
      child.on('close', (code, signal) => {
        running.delete(child);
        for (const check of [...this.#waiting]) check();
        resolve({ code, signal, afterMs, stderr: this.#stderr });
      });
    });
  }

  /** The data of everything it has said under a name. */
  said(what: string): unknown[] {
    return this.#lines.filter((line) => line.what === what).map((line) => line.data);
  }

  /** Waits until it has said something. */
  async until(what: string): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (this.said(what).length > 0) resolve();
        else if (this.#child.exitCode !== null || this.#child.signalCode !== null)
          reject(new Error(`It ended without saying "${what}": ${this.#stderr}`));
        else return;
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
    this.#since = performance.now();
    return this;
  }

  send(signal: NodeJS.Signals): this {
    this.#since = performance.now();
    this.#child.kill(signal);
    return this;
  }
}

const up = (scenario: string, flags?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Program> =>
  new Program(scenario, flags, env).until('up');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('RunnerVoice', () => {
  it('writes a storm of stray errors only in part, and survives a logger that throws', () => {
    const logs = new RecordingLogger();
    const voice = new RunnerVoice(logs);
    for (let n = 0; n < 50; n += 1) voice.stray('uncaughtException', new Error(`stray ${n}`));
    expect(logs.events('process_error')).toHaveLength(10);
    expect(logs.records[0]?.fields).toMatchObject({
      kind: 'uncaughtException',
      error: { name: 'Error', message: 'stray 0' },
    });

    const broken = new RunnerVoice({
      ...silentLogger,
      info: () => {
        throw new Error('closed');
      },
      error: () => {
        throw new Error('closed');
      },
    });
    broken.tell('shutdown_started', {});
    broken.stray('unhandledRejection', 'x');
  });
});

describe('runHost', () => {
  it('ends with 0 after a clean stop, whichever signal asked for it', async () => {
    const programs = await Promise.all([up('clean'), up('clean')]);
    const exits = [programs[0].send('SIGTERM').exit, programs[1].send('SIGINT').exit];
    for (const exit of await Promise.all(exits)) {
      expect(exit).toMatchObject({ code: 0, signal: null, stderr: '' });
    }
    for (const each of programs) expect(each.said('first is cleaned up')).toHaveLength(1);
  });

  it('ends with 1 and names a cleanup hook that hangs, the others done', async () => {
    const programs = await Promise.all([up('hanging'), up('hanging to the end')]);
    const [limited, toTheEnd] = await Promise.all(programs.map((each) => each.send('SIGTERM').exit));
    expect(limited).toMatchObject({
      code: 1,
      stderr:
        'kapelle: the stop (SIGTERM) was not clean: worker: cleanup timed out (The cleanup of worker did not end within 300 ms.)\n',
    });
    expect(limited?.afterMs).toBeGreaterThan(290);
    expect(limited?.afterMs).toBeLessThan(1_500);
    expect(toTheEnd).toMatchObject({ code: 1, signal: null });
    expect(toTheEnd?.stderr).toContain('worker: cleanup timed out');
    for (const each of programs) expect(each.said('first is cleaned up')).toHaveLength(1);
  });

  it('ends at once at a second signal, with 128 + its number', async () => {
    const programs = await Promise.all([up('stuck'), up('stuck')]);
    for (const each of programs) each.send('SIGTERM');
    await pause(150);
    const [terminated, interrupted] = await Promise.all([
      programs[0].send('SIGTERM').exit,
      programs[1].send('SIGINT').exit,
    ]);
    expect(terminated).toMatchObject({
      code: 143,
      stderr: 'kapelle: SIGTERM, the second signal: left at once. The host was stopping, calls running: 0.\n',
    });
    expect(interrupted.code).toBe(130);
    // The hook would take 10 s.
    expect(Math.max(terminated.afterMs, interrupted.afterMs)).toBeLessThan(2_500);
  });

  it('is killed by its watchdog when the event loop never comes back', async () => {
    const strict = '--disallow-code-generation-from-strings';
    const signalled = await Promise.all([up('busy'), up('exit handler', [strict])]);
    const exits = await Promise.all(signalled.map((each) => each.send('SIGTERM').exit));
    for (const exit of exits) {
      expect(exit.signal).toBe('SIGKILL');
      expect(exit.stderr).toMatch(
        /^kapelle: process \d+ is killed by its watchdog: its stop took longer than 600 ms\.\n$/,
      );
      expect(exit.afterMs).toBeGreaterThan(600);
      // The promise is 500 ms beyond the deadline, to a machine that has the time to keep it.
      expect(exit.afterMs).toBeLessThan(3_000);
    }
  });

  it('is killed when its event loop stands still before any signal, and not a moment too early', async () => {
    const [blocked, passing] = await Promise.all([up('blocked'), up('blocked a little')]);
    const exit = await blocked.exit;
    expect(exit.signal).toBe('SIGKILL');
    expect(exit.stderr).toContain('its event loop has stood still for more than 600 ms.');
    expect(exit.afterMs).toBeLessThan(1_500);
    await passing.until('went on');
    expect(await passing.send('SIGTERM').exit).toMatchObject({ code: 0, stderr: '' });
  });

  it('is not killed for the time in which the whole process was halted', async () => {
    const [halted, debugged] = await Promise.all([up('quick'), up('blocked', ['--inspect=127.0.0.1:0'])]);
    halted.send('SIGSTOP');
    await pause(1_500);
    halted.send('SIGCONT');
    await pause(200);
    expect(await halted.send('SIGTERM').exit).toMatchObject({ code: 0, stderr: '' });
    // A debugger may have halted this one, which has stood still three times as long as it may.
    expect((await debugged.send('SIGKILL').exit).stderr).not.toContain('watchdog');
  });

  it('takes an error that nothing has caught for a signal, and ends with 1', async () => {
    const programs = [new Program('rejection'), new Program('exception')];
    const [rejection, exception] = await Promise.all(programs.map((each) => each.exit));
    expect(rejection?.code).toBe(1);
    expect(rejection?.stderr).toMatch(/^kapelle: unhandledRejection: Error: stray in a promise[^\n]*\n$/);
    expect(rejection?.stderr).not.toContain('hunter2');
    expect(exception?.code).toBe(1);
    expect(exception?.stderr).toMatch(/^kapelle: uncaughtException: Error: stray in a timer[^\n]*\n$/);
    for (const each of programs) expect(each.said('first is cleaned up')).toHaveLength(1);
  });

  it('is unready before it refuses calls, and lets running ones end', async () => {
    const program = await up('draining');
    const { code } = await program.send('SIGTERM').exit;
    expect(program.said('seen')).toEqual([
      [
        { ready: true, live: true, state: 'running' },
        { ready: false, live: true, state: 'running' },
        { ready: false, live: true, state: 'draining' },
      ],
    ]);
    expect(program.said('answers')).toEqual([['ok', 'ok', 'service_unavailable']]);
    expect(code).toBe(0);
  });

  it('waits for the load balancer inside of a cluster, with default lengths of time that fit', async () => {
    const program = await up('quick', [], { KUBERNETES_SERVICE_HOST: '10.0.0.1' });
    const { code, afterMs } = await program.send('SIGTERM').exit;
    expect(code).toBe(0);
    expect(afterMs).toBeGreaterThan(149);
  });

  it('undoes a start that fails and rejects, which ends an awaiting main', async () => {
    const program = new Program('start fails');
    const { code, stderr } = await program.exit;
    expect(code).toBe(1);
    expect(stderr).toContain('no database');
    expect(program.said('first is cleaned up')).toHaveLength(1);
    const [[before, after]] = program.said('listeners') as [[unknown, unknown]];
    expect(after).toEqual(before);
  });

  it('gives a start up at a signal, cleanly', async () => {
    const program = await new Program('start waits').until('starting');
    expect(await program.send('SIGTERM').exit).toMatchObject({ code: 0, stderr: '' });
    expect(program.said('first is cleaned up')).toHaveLength(1);
    expect(program.said('up')).toEqual([]);
  });

  it('leaves nothing on the process when its host is stopped, and a host alone puts nothing there', async () => {
    const program = new Program('stopped by itself');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
    const seen = program.said('listeners') as [Record<string, number>, unknown][];
    expect(seen).toHaveLength(2);
    for (const [before, after] of seen) expect(after).toEqual(before);
    // Nor does importing the library.
    for (const name of ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection', 'beforeExit'])
      expect(seen[0]?.[0]).not.toHaveProperty(name);
  });

  it('ends with 1 when its host was stopped uncleanly, or by a background task', async () => {
    const programs = [new Program('stopped uncleanly'), new Program('stopped by a task')];
    const [uncleanly, byTask] = await Promise.all(programs.map((each) => each.exit));
    expect(uncleanly).toMatchObject({
      code: 1,
      stderr: 'kapelle: the stop (stop was called) was not clean: worker: cleanup failed (disk is full)\n',
    });
    expect(byTask?.code).toBe(1);
    expect(byTask?.stderr).toContain('worker.task gave up');
  });

  it('speaks to a logger where it is given one, and does not wait for ever for what that writes', async () => {
    const program = await up('with a logger');
    const { code, stderr, afterMs } = await program.send('SIGTERM').exit;
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(program.said('shutdown_started')).toEqual([
      { reason: 'SIGTERM', readinessDelayMs: 0, stopTimeoutMs: 2_700, hardDeadlineMs: 3_000 },
    ]);
    expect(program.said('shutdown_incomplete')).toEqual([
      { reason: 'SIGTERM', problems: ['worker: cleanup failed (disk is full)'] },
    ]);
    expect(program.said('shutdown_completed')).toEqual([{ reason: 'SIGTERM', code: 1 }]);
    expect(afterMs).toBeGreaterThan(990);
  });

  it('says so where threads are forbidden, and goes on without its watchdog', async () => {
    const flag = ['--permission', '--experimental-permission'].find((each) =>
      process.allowedNodeEnvironmentFlags.has(each),
    );
    const program = await up('clean', [flag ?? '', '--allow-fs-read=*']);
    const { code, stderr } = await program.send('SIGTERM').exit;
    expect(code).toBe(0);
    expect(stderr).toContain('kapelle: no watchdog: Access to this API has been restricted');
  });

  it('runs one host per process', async () => {
    const program = await up('two runners');
    await program.until('refused');
    expect(program.said('refused')).toEqual([
      'OrchestrationError: This process runs a host already. Put all orchestrators into one host, or stop the other host first. [HOST_STATE]',
    ]);
    expect((await program.send('SIGTERM').exit).code).toBe(0);
  });
});
