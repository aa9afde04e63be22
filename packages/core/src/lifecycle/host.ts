import { setMaxListeners } from 'node:events';

import type { Container } from 'inversify';

import { kernelBehind } from '../container/kernel-behind.js';
import type { KernelSettings } from '../container/unit-settings.js';
import { OrchestrationError } from '../errors.js';
import type { HostState } from '../events/events.js';
import type { OrchestrationFacade } from '../facade/orchestration-facade.js';
import { claimGlobalFacade, releaseGlobalFacade } from '../facade/global-facade.js';
import type { GraphView } from '../graph/graph-view.js';
import { graphInvalid, type Problem } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { FailedResult } from '../step-result.js';
import { startEngine, stopEngine } from './engine-lifecycle.js';
import { Deferred } from './deferred.js';
import { type HostHealth, hostHealth } from './health.js';
import { HostControls, provideControls } from './host-controls.js';
import { HostGraph } from './host-graph.js';
import type { HostSettings } from './host-options.js';
import { refusal } from './on-demand-start.js';
import { Replacements } from './replacements.js';
import { startAll } from './start-sequence.js';
import { stopAll, type StopReport } from './stop-sequence.js';
import { tellStopped } from './stop-summary.js';
import type { StopFailure } from './stop-failure.js';

/** Starts orchestrators in the order of their dependencies and stops them in reverse, with nothing lost. */
export class OrchestrationHost {
  readonly #settings: HostSettings;
  readonly #controls: HostControls;
  readonly #graph: HostGraph;
  #state: HostState = 'created';
  #ready = new Deferred();
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  #startAbort: AbortController | undefined;
  readonly #started: OrchestratorUnit[] = [];
  readonly #undoFailures: StopFailure[] = [];
  /** Gives up the starts that calls and replacements have asked for. */
  #lateStarts = new AbortController();
  readonly #replacements: Replacements;
  #isStopping = false;
  #startedBefore = false;
  /** Also tells whose the kernel is: another host of the same container may have it now. */
  readonly #unitSettings: KernelSettings;

  constructor(settings: HostSettings) {
    this.#settings = settings;
    this.#graph = new HostGraph(settings);
    this.#replacements = new Replacements(settings, this.#graph, this.#started, {
      signal: () => this.#lateStarts.signal,
      mustRun: () => {
        if (this.#state === 'running') return;
        throw new OrchestrationError(
          'HOST_STATE',
          `The host is ${this.#state}; only a running one can replace.`,
        );
      },
    });
    this.#controls = new HostControls(settings.shutdown, settings.isTotalTimeoutGiven);
    provideControls(this, this.#controls);
    if (settings.global) claimGlobalFacade(this, settings.kernel.facade);
    this.#unitSettings = this.#settingsOfUnits();
    settings.kernel.useSettings(this.#unitSettings);
  }

  get state(): HostState {
    return this.#state;
  }

  /** Resolves when the host is up; rejects with what kept it from that. Anew for each start. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get facade(): OrchestrationFacade {
    return this.#settings.kernel.facade;
  }

  get container(): Container {
    return this.#settings.container;
  }

  /** Everything wrong with the wiring, errors first. Builds nothing and starts nothing. */
  check(): Problem[] {
    return this.#graph.problems();
  }

  /** The graph as it is declared, with the state of each orchestrator. */
  graph(): GraphView {
    return this.#graph.view();
  }

  health(): HostHealth {
    const serving = this.#state === 'running';
    const units = this.#settings.kernel.internals.registry.units();
    const health = hostHealth(units, serving, this.#state !== 'failed');
    return this.#controls.isStopAnnounced ? { ...health, ready: false } : health;
  }

  /**
   * Starts everything: a node when its own dependencies are up, independent ones side by side.
   *
   * @throws OrchestrationError `GRAPH_INVALID` with every problem, `HOST_START_FAILED` or `HOST_START_TIMEOUT` naming
   * the guilty one (what had started is stopped again), `HOST_START_ABORTED` where stop came first, `HOST_STATE` while
   * it stops (rejects)
   */
  start(): Promise<void> {
    if (this.#isStopping) {
      return Promise.reject(
        new OrchestrationError('HOST_STATE', 'The host is being stopped and cannot start.', {
          fix: 'Await stop() first.',
        }),
      );
    }
    if (this.#state === 'starting' || this.#state === 'running') return this.#starting as Promise<void>;
    if (this.#ready.isSettled) this.#ready = new Deferred();
    this.#stopping = undefined;
    this.#controls.noteStart();
    this.#become('starting');
    this.#starting = this.#start();
    return this.#starting;
  }

  /**
   * Stops everything, in reverse; a start that is under way is given up and undone. Resolves with what could not be
   * stopped cleanly, the same for everybody who asks; never rejects.
   */
  stop(reason = 'stop was called'): Promise<StopReport> {
    this.#stopping ??= this.#stop(reason).then((report) => {
      this.#controls.noteStopped(report, reason);
      return report;
    });
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('disposed');
  }

  /**
   * Puts another class in the place of a running orchestrator: it is started before the switch, each call runs wholly
   * on the old one or on the new one, and the old one is stopped when its calls have ended. Where the new one does not
   * start, the old one stays. What injected the old object itself keeps it.
   *
   * @throws OrchestrationError `ORCHESTRATOR_NOT_REGISTERED`, `HOST_STATE` or `HOST_START_FAILED` (rejects)
   */
  replace(name: string, target: AnyClass): Promise<void> {
    return this.#replacements.replace(name, target);
  }

  async #start(): Promise<void> {
    const abort = new AbortController();
    this.#startAbort = abort;
    this.#lateStarts = new AbortController();
    setMaxListeners(0, this.#lateStarts.signal);
    const { kernel } = this.#settings;
    const { runtime } = kernel.internals;
    try {
      await this.#bringUp(abort.signal);
      this.#become('running');
      this.#ready.resolve();
    } catch (thrown) {
      if (this.#hasKernel) {
        runtime.admission = 'closed';
        runtime.admissionReason = 'the host did not start';
      }
      const wasGivenUp = OrchestrationError.is(thrown) && thrown.code === 'HOST_START_ABORTED';
      this.#become(abort.signal.aborted && wasGivenUp ? 'stopped' : 'failed');
      for (const unit of kernel.units) unit.lifecycle.giveUpWaiting('the host did not start');
      this.#ready.reject(thrown);
      throw thrown;
    } finally {
      this.#startAbort = undefined;
    }
  }

  get #hasKernel(): boolean {
    return this.#settings.kernel.settings === this.#unitSettings;
  }

  /** Another host of the same container may have come in between. */
  #takeKernel(): void {
    const { kernel, container } = this.#settings;
    const there = kernelBehind(container.isBound.bind(container));
    const isOthers = there !== undefined && there !== kernel;
    if (isOthers || (!this.#hasKernel && kernel.isTaken)) {
      throw new OrchestrationError('HOST_STATE', 'Another host has taken over the container of this one.', {
        fix: 'Stop that host first, or give each host a container of its own.',
      });
    }
    kernel.useSettings(this.#unitSettings);
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { kernel, container, startup, global } = this.#settings;
    const { shutdown } = this.#controls;
    const { runtime } = kernel.internals;
    this.#takeKernel();
    if (this.#startedBefore) {
      if (global) claimGlobalFacade(this, kernel.facade);
    }
    if (kernel.hasRun) await this.#settings.reload();
    kernel.hasRun = true;
    this.#startedBefore = true;
    this.#started.length = 0;
    this.#undoFailures.length = 0;
    const graph = this.#graph.now();
    kernel.bindLazyOf(graph.services, container);
    const problems = this.#graph.problems(graph);
    const errors = problems.filter((each) => each.severity === 'error');
    if (errors.length > 0) throw graphInvalid(errors);
    for (const { code, message, fix } of problems) {
      // Params that nobody checks are many people's choice; what was written and has no effect is nobody's.
      if (code !== 'PARAMS_UNCHECKED') runtime.logger.warn('host_problem', { code, message, fix });
    }
    this.#graph.note(graph);
    runtime.admission = 'open';
    runtime.admissionReason = '';
    await startEngine(kernel, startup.hookTimeoutMs, shutdown.hookTimeoutMs, signal);
    try {
      await startAll({
        graph,
        runtime,
        startup,
        rollbackTimeoutMs: shutdown.totalTimeoutMs,
        hookTimeoutMs: shutdown.hookTimeoutMs,
        signal,
        started: this.#started,
        undoFailures: this.#undoFailures,
      });
    } catch (thrown) {
      this.#lateStarts.abort(thrown);
      const failure = await stopEngine(runtime, shutdown.hookTimeoutMs);
      if (failure !== undefined) this.#undoFailures.push(failure);
      throw thrown;
    }
  }

  async #stop(reason: string): Promise<StopReport> {
    this.#isStopping = true;
    if (this.#state === 'starting') {
      this.#startAbort?.abort(new DOMException(`The start was given up: ${reason}`, 'AbortError'));
      try {
        await this.#starting;
      } catch {
        // The start has undone what it did and said so to whoever awaits it.
      }
    }
    try {
      return this.#state === 'running' ? await this.#stopRunning(reason) : this.#stopIdle(reason);
    } catch (error) {
      // Nothing of the author's gets here; whoever stops must be answered all the same.
      this.#become('stopped', reason);
      const failure: StopFailure = { orchestrator: 'host', phase: 'cleanup', kind: 'error', error };
      return { clean: false, failures: [failure], undelivered: 0, abandoned: 0, aborted: 0 };
    } finally {
      releaseGlobalFacade(this);
      this.#isStopping = false;
    }
  }

  /** Where nothing runs: never started, failed, given up, or stopped before. */
  #stopIdle(reason: string): StopReport {
    const { runtime } = this.#settings.kernel.internals;
    if (this.#hasKernel) {
      runtime.admission = 'closed';
      runtime.admissionReason = 'the host is stopped';
    }
    if (!this.#ready.isSettled) {
      this.#ready.reject(
        new OrchestrationError('HOST_START_ABORTED', `The host was stopped before it started: ${reason}.`),
      );
    }
    if (this.#state !== 'stopped' && this.#state !== 'failed') this.#become('stopped', reason);
    const failures = [...this.#undoFailures];
    return { clean: failures.length === 0, failures, undelivered: 0, abandoned: runtime.live, aborted: 0 };
  }

  async #stopRunning(reason: string): Promise<StopReport> {
    const { kernel } = this.#settings;
    const { shutdown } = this.#controls;
    const { runtime, registry } = kernel.internals;
    // What was registered at the facade while the host ran lives no longer than the host.
    const known = new Set(this.#started);
    for (const unit of registry.units()) if (unit.callable && !known.has(unit)) this.#started.push(unit);
    const report = await stopAll({
      lazilyOf: (unit) => this.#graph.lazilyOf(unit),
      started: this.#started,
      retired: this.#replacements.retired(),
      runtime,
      shutdown,
      reason,
      become: (state) => {
        this.#become(state, reason);
      },
      abandonStarts: () => {
        this.#lateStarts.abort(new DOMException(`The host stops: ${reason}`, 'AbortError'));
      },
    });
    this.#become('stopped', reason);
    tellStopped(runtime.logger, report, reason);
    return report;
  }

  #settingsOfUnits(): KernelSettings {
    const { startup, shutdown } = this.#settings;
    return {
      startTimeoutMs: startup.hookTimeoutMs,
      stopTimeoutMs: shutdown.hookTimeoutMs,
      startDependenciesOf: (unit) => this.#startDependencies(unit),
      refuseStartOf: (unit) => this.#refuseStart(unit),
      startSignal: () => this.#lateStarts.signal,
      startedOnDemand: (unit) => {
        this.#started.push(unit);
      },
      isComing: (unit) => this.#state === 'starting' && unit.options.startup !== 'lazy',
      hostState: () => this.#state,
      onStopHost: (reason) => {
        if (this.#stopping === undefined) this.#controls.noteTask();
        void this.stop(reason);
      },
    };
  }

  async #startDependencies(unit: OrchestratorUnit): Promise<FailedResult | undefined> {
    // A turn of its own, so that a long chain of lazy ones does not nest that deep.
    await Promise.resolve();
    return this.#settings.kernel.startNamed(unit.dependencies);
  }

  #refuseStart(unit: OrchestratorUnit): FailedResult | undefined {
    const refuse = (why: string, next?: string): FailedResult => refusal(unit, why, next);
    if (this.#state === 'created') {
      return refuse('the host has not been started', 'Call it after `await host.start()`.');
    }
    if (this.#state === 'stopped' || this.#state === 'failed') return refuse(`the host is ${this.#state}`);
    // While it drains, only running work comes this far.
    if (unit.options.startup === 'lazy' && this.#state !== 'stopping') return undefined;
    return refuse(this.#state === 'starting' ? 'it is not up yet' : `it is ${unit.state}`);
  }

  #become(state: HostState, reason?: string): void {
    this.#state = state;
    const { events, logger } = this.#settings.kernel.internals.runtime;
    logger.debug('host_state', { state, ...(reason === undefined ? {} : { reason }) });
    events.emit('host.state', { state, ...(reason === undefined ? {} : { reason }) });
  }
}
