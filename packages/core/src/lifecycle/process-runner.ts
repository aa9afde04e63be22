import { constants } from 'node:os';

import { OrchestrationError } from '../errors.js';
import { internalsOf } from '../facade/orchestration-facade.js';
import { describeError } from '../logging/redact.js';
import type { OrchestrationHost } from './host.js';
import { controlsOf, type HostControls, type HostEnd } from './host-controls.js';
import { resolveRunHostOptions, type RunHostOptions, type RunnerPlan } from './runner-options.js';
import { RunnerVoice } from './runner-voice.js';
import { listenForShutdown, type StrayKind } from './shutdown-signals.js';
import { summarizeStop } from './stop-summary.js';
import { Watchdog } from './watchdog.js';

/** The runner of this process; of whichever copy of the package. */
const KEY = Symbol.for('kapelle.processRunner');
const holder = globalThis as { [KEY]?: object | undefined };

/** What {@link RunHostOptions.flush} may take of what is left. */
const FLUSH_TIMEOUT_MS = 1_000;

/**
 * Runs a host as what this process is for: starts it, keeps the process alive, and ends both in order.
 *
 * The first signal, or an error that nothing has caught, makes `host.health().ready` false; after `readinessDelayMs`
 * the host is stopped, and the process ends: with code 0 after a clean stop, with 1 where something failed, was cut
 * off or lost, which one line on stderr then names, and after a stray error. A second signal ends it at once with
 * 128 + its number. A watchdog thread kills it (137) when it has not ended `hardDeadlineMs` after the signal, and when
 * its event loop has stood still for that long, since no signal could reach it.
 *
 * A host that is stopped otherwise ends the runner too: nothing of it is left, the process ends when it has nothing
 * else to do, and `process.exitCode` is 1 where the stop was not clean or a background task wanted it.
 *
 * Resolves when the host is up. Rejects with what kept it from that, after everything is undone, so that a `main` that
 * awaits it ends with 1.
 *
 * @throws RangeError or TypeError for an option, also for lengths of time that do not fit into `hardDeadlineMs`;
 * OrchestrationError `HOST_STATE` where the process runs a host already; whatever `host.start()` rejects with
 */
export async function runHost(host: OrchestrationHost, options: RunHostOptions = {}): Promise<void> {
  const controls = controlsOf(host);
  const total = { ms: controls.shutdown.totalTimeoutMs, isGiven: controls.isTotalTimeoutGiven };
  await new ProcessRunner(host, controls, resolveRunHostOptions(options, total, isInCluster())).run();
}

/** Kubernetes tells every container of a pod where its API is. */
function isInCluster(): boolean {
  // eslint-disable-next-line no-restricted-properties -- the runner is the port to the process it runs in
  return (process.env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
}

class ProcessRunner {
  readonly #host: OrchestrationHost;
  readonly #controls: HostControls;
  readonly #plan: RunnerPlan;
  readonly #voice: RunnerVoice;
  readonly #undo: (() => void)[] = [];
  #watchdog: Watchdog | undefined;
  #startError: unknown;
  #end: HostEnd | undefined;
  #signals = 0;
  #hasStrayed = false;
  /** The end of the process, once it has begun. */
  #shutdown: Promise<void> | undefined;

  constructor(host: OrchestrationHost, controls: HostControls, plan: RunnerPlan) {
    this.#host = host;
    this.#controls = controls;
    this.#plan = plan;
    this.#voice = new RunnerVoice(plan.logger);
  }

  async run(): Promise<void> {
    this.#takeOver();
    try {
      await this.#host.start();
    } catch (error) {
      this.#startError = error;
      if (this.#shutdown === undefined) {
        this.#letGo();
        throw error;
      }
    }
    // Whoever waits for the host to be up must not go on while the process ends.
    if (this.#shutdown !== undefined) await this.#shutdown;
  }

  #takeOver(): void {
    if (holder[KEY] !== undefined) {
      throw new OrchestrationError('HOST_STATE', 'This process runs a host already.', {
        fix: 'Put all orchestrators into one host, or stop the other host first.',
      });
    }
    holder[KEY] = this;
    this.#undo.push(() => {
      holder[KEY] = undefined;
    });
    const { hardDeadlineMs, hasWatchdog, signals, stopTimeoutMs } = this.#plan;
    this.#controls.limitStop(stopTimeoutMs);
    this.#undo.push(() => {
      this.#controls.limitStop(Infinity);
    });
    if (hasWatchdog) {
      const watchdog = new Watchdog(hardDeadlineMs, (error) => {
        const { message } = describeError(error);
        this.#voice.warn('watchdog_unavailable', `no watchdog: ${message}`, { error: message });
      });
      this.#watchdog = watchdog;
      this.#undo.push(() => {
        watchdog.stop();
      });
    }
    // Also what keeps the process alive: a host alone need not have anything that does.
    const heartbeat = setInterval(() => this.#watchdog?.beat(), this.#watchdog?.beatMs ?? hardDeadlineMs);
    this.#undo.push(() => {
      clearInterval(heartbeat);
    });
    this.#undo.push(
      listenForShutdown(signals, {
        onSignal: (signal) => {
          this.#onSignal(signal);
        },
        onStray: (kind, error) => {
          this.#onStray(kind, error);
        },
      }),
    );
    this.#undo.push(
      this.#controls.onStopped((end) => {
        this.#onStopped(end);
      }),
    );
  }

  #letGo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  #onSignal(signal: NodeJS.Signals): void {
    this.#signals += 1;
    if (this.#signals === 1) {
      this.#beginShutdown(signal);
      return;
    }
    const { state, facade } = this.#host;
    const running = internalsOf(facade).runtime.live;
    this.#voice.warn(
      'shutdown_forced',
      `${signal}, the second signal: left at once. The host was ${state}, calls running: ${running}.`,
      { signal, state, running },
    );
    this.#exit(128 + constants.signals[signal]);
  }

  #onStray(kind: StrayKind, error: unknown): void {
    this.#hasStrayed = true;
    this.#voice.stray(kind, error);
    this.#beginShutdown(kind);
  }

  #beginShutdown(reason: string): void {
    this.#shutdown ??= this.#shutDown(reason);
  }

  /** From the first signal to the end of the process. Every wait in it has its own limit. */
  async #shutDown(reason: string): Promise<void> {
    const begun = performance.now();
    const { readinessDelayMs, stopTimeoutMs, hardDeadlineMs, flush } = this.#plan;
    this.#watchdog?.arm();
    this.#controls.announceStop();
    this.#voice.tell('shutdown_started', { reason, readinessDelayMs, stopTimeoutMs, hardDeadlineMs });
    // Nobody sends calls to what is not up, or drains already.
    if (this.#host.state === 'running') await pause(readinessDelayMs);
    const report = await this.#host.stop(reason);

    const problems = this.#problemsOf(this.#end ?? { report, reason, byTask: false });
    const code = problems.length === 0 && !this.#hasStrayed ? 0 : 1;
    if (problems.length > 0) this.#warnOf(reason, problems);
    this.#voice.tell('shutdown_completed', { reason, code });
    if (flush !== undefined) {
      await this.#flush(flush, Math.min(FLUSH_TIMEOUT_MS, hardDeadlineMs - (performance.now() - begun)));
    }
    this.#exit(code);
  }

  /** The host is down. Where nobody asked this runner for it, the process may go on with something else. */
  #onStopped(end: HostEnd): void {
    this.#end = end;
    if (this.#shutdown !== undefined) return;
    const problems = summarizeStop(end);
    if (problems.length > 0) {
      this.#warnOf(end.reason, problems);
      process.exitCode = 1;
    }
    this.#letGo();
  }

  #problemsOf(end: HostEnd): string[] {
    const problems = summarizeStop(end);
    const error = this.#startError;
    const wasGivenUp = OrchestrationError.is(error) && error.code === 'HOST_START_ABORTED';
    if (error !== undefined && !wasGivenUp) problems.push(describeError(error).message);
    return problems;
  }

  #warnOf(reason: string, problems: readonly string[]): void {
    this.#voice.warn('shutdown_incomplete', `the stop (${reason}) was not clean: ${problems.join('; ')}`, {
      reason,
      problems,
    });
  }

  async #flush(flush: () => unknown, timeoutMs: number): Promise<void> {
    try {
      await Promise.race([flush(), pause(Math.max(1, timeoutMs))]);
    } catch (error) {
      const { message } = describeError(error);
      this.#voice.warn('flush_failed', `flush failed: ${message}`, { error: message });
    }
  }

  #exit(code: number): void {
    // The watchdog stays until the process is gone: what listens to its exit may hang as well.
    this.#plan.exit(code);
    this.#letGo();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
