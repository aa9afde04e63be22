import type { Clock } from '@kapelle/core';
import { type ChildProcess, spawn } from 'node:child_process';
import * as http from 'node:http';
import { createServer } from 'node:net';
import process from 'node:process';
import { boundedWork, pause } from '../bounded-work.js';
import { DeploymentError } from '../deployment-error.js';
import { Backend } from './backend.js';
import type { ProcessLaunch } from './process-launch.js';

/** What a replica is started with. */
export interface ReplicaInit {
  readonly launch: ProcessLaunch;
  readonly host: string;
  readonly clock: Clock;
  /** For the process; `launch.env` and `PORT` go before it. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly maxConnections: number;
  readonly readyTimeoutMs: number;
  readonly probeMs: number;
  /** What the process writes, in pieces. */
  readonly onOutput: ((text: string, pid: number) => void) | undefined;
}

const PROBE_TIMEOUT_MS = 1_000;
const IS_WINDOWS = process.platform === 'win32';

/**
 * A child process that serves one port of the loopback. It leads a process group of its own, so that what it
 * starts ends with it; its standard input is a pipe that closes when this process ends, however that ends.
 */
export class Replica {
  readonly pid: number;
  readonly backend: Backend;
  /** Resolves when the process is gone. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #hasExited = false;

  private constructor(child: ChildProcess, backend: Backend, clock: Clock) {
    this.#child = child;
    this.pid = child.pid ?? -1;
    this.backend = backend;
    this.#clock = clock;
    this.exited = new Promise((resolve) => {
      const gone = (how: string): void => {
        this.#hasExited = true;
        resolve(how);
      };
      child.once('exit', (code, signal) =>
        gone(signal === null ? `code ${String(code)}` : `signal ${signal}`),
      );
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (child.pid === undefined) gone(error.code ?? error.message);
      });
    });
  }

  /**
   * Starts a process and waits until it answers. Nothing is left of one that does not.
   *
   * @throws DeploymentError `DEPLOYMENT_REPLICA_FAILED`; the reason of the signal
   */
  static async start(init: ReplicaInit, signal: AbortSignal): Promise<Replica> {
    const { launch, host, clock, environment, maxConnections, readyTimeoutMs, onOutput } = init;
    const port = await freePort(host);
    signal.throwIfAborted();
    const output = onOutput === undefined ? 'ignore' : 'pipe';
    const child = spawn(launch.command, launch.args ?? [], {
      ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
      env: { ...environment, ...launch.env, PORT: String(port) },
      stdio: ['pipe', output, output],
      detached: !IS_WINDOWS,
      windowsHide: true,
      shell: false,
    });
    child.stdin?.on('error', () => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text, child.pid ?? -1));
    }
    const replica = new Replica(child, new Backend(host, port, maxConnections), clock);
    try {
      await boundedWork((inner) => replica.#ready(launch.readyPath ?? '/', init.probeMs, inner), {
        clock,
        signal,
        timeoutMs: readyTimeoutMs,
        timeout: () =>
          replicaFailed(
            `Process ${replica.pid} did not answer ${launch.readyPath ?? '/'} within ${readyTimeoutMs} ms`,
          ),
        graceMs: 0,
      });
      return replica;
    } catch (error) {
      await replica.stop(0);
      throw error;
    }
  }

  /** Asks the process to end, and ends it and all it started where it does not within the time. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#hasExited) {
      this.#signal('SIGTERM');
      this.#child.stdin?.destroy();
      await this.#exitedWithin(graceMs);
    }
    // Also where the process itself has ended: it may have left others of its group.
    this.#signal('SIGKILL');
    await this.exited;
    this.backend.agent.destroy();
  }

  async #ready(path: string, probeMs: number, signal: AbortSignal): Promise<void> {
    const { host, port } = this.backend;
    const died = this.exited.then((how) => {
      throw replicaFailed(`Process ${this.pid} ended before it answered (${how})`);
    });
    died.catch(() => undefined);
    for (;;) {
      if (await Promise.race([died, probe({ host, port, path, signal })])) return;
      await Promise.race([died, pause(this.#clock, probeMs, signal)]);
    }
  }

  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.pid < 0) return;
    if (IS_WINDOWS) {
      if (name === 'SIGKILL' && !this.#hasExited) {
        // There are no process groups: this ends the whole tree.
        spawn('taskkill', ['/pid', String(this.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on(
          'error',
          () => this.#child.kill('SIGKILL'),
        );
      }
      return;
    }
    try {
      process.kill(-this.pid, name);
    } catch {
      // ESRCH: nobody is left in the group.
    }
  }

  async #exitedWithin(ms: number): Promise<void> {
    if (ms === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, ms);
      void this.exited.then(() => {
        this.#clock.clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Whether a 2xx is answered; `false` for everything else. */
function probe(at: {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ ...at, agent: false, timeout: PROBE_TIMEOUT_MS }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 300);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

/**
 * A port that nobody listens on now. Somebody may take it before the process does: then that one fails, and
 * is started again.
 */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function replicaFailed(what: string): DeploymentError {
  return new DeploymentError(
    'DEPLOYMENT_REPLICA_FAILED',
    `${what}. Run its command by hand, or give the driver onOutput to see what it writes.`,
  );
}
