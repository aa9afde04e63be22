import { setMaxListeners } from 'node:events';

import { type Container } from 'inversify';

import { bindingReader } from '../container/inspect.js';
import type { Kernel } from '../container/kernel.js';
import { OrchestrationError } from '../errors.js';
import type { HostState } from '../events/events.js';
import type { OrchestrationFacade } from '../facade/orchestration-facade.js';
import { drainUnit } from '../facade/orchestration-facade.js';
import { claimGlobalFacade, releaseGlobalFacade } from '../facade/global-facade.js';
import { DependencyGraph } from '../graph/dependency-graph.js';
import { GraphView } from '../graph/graph-view.js';
import { graphInvalid, type Problem } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult } from '../step-result.js';
import { engineProblems, startEngine, stopEngine } from './engine-lifecycle.js';
import { type HostHealth, hostHealth } from './health.js';
import { HostControls, provideControls } from './host-controls.js';
import { bringUpReplacement } from './replacement.js';
import { startAll } from './start-sequence.js';
import { stopAll, type StopReport } from './stop-sequence.js';
import type { StopFailure } from './unit-lifecycle.js';

export interface StartupOptions {
  /** Longest time of one start or ready hook. @default 15,000 */
  readonly hookTimeoutMs: number;
  /** Longest time of the whole start. @default 60,000 */
  readonly totalTimeoutMs: number;
  /** Start hooks that run at the same time. @default unbounded */
  readonly concurrency: number;
}

export interface ShutdownOptions {
  /** How long running calls, and then queues, may go on. @default 15,000 */
  readonly drainTimeoutMs: number;
  /** Longest time of one drain or cleanup hook. @default 10,000 */
  readonly hookTimeoutMs: number;
  /** Longest time of the whole stop. @default 25,000 */
  readonly totalTimeoutMs: number;
}

export interface HostSettings {
  readonly kernel: Kernel;
  readonly container: Container;
  readonly startup: StartupOptions;
  readonly shutdown: ShutdownOptions;
  /** Whether `shutdown.totalTimeoutMs` is not the default. */
  readonly isTotalTimeoutGiven: boolean;
  readonly strictParams: boolean;
  /** Loads what the host owns anew, for a second start. */
  readonly reload: () => Promise<void>;
  /** Whether its facade is the process-wide one while it lives. */
  readonly global: boolean;
}

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
  settled: boolean;
}

/** Starts orchestrators in the order of their dependencies and stops them in reverse, with nothing lost. */
export class OrchestrationHost {
  readonly #settings: HostSettings;
  readonly #controls: HostControls;
  #state: HostState = 'created';
  #ready: Deferred = deferred();
  #graph: DependencyGraph | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  #startAbort: AbortController | undefined;
  readonly #started: OrchestratorUnit[] = [];
  readonly #undoFailures: StopFailure[] = [];
  /** Gives up the starts that calls and replacements have asked for. */
  #lateStarts = new AbortController();
  /** The replacements that are under way, one after the other. */
  #replacing: Promise<unknown> = Promise.resolve();
  /** What was replaced and is not down yet. */
  readonly #retiring = new Set<Promise<unknown>>();
  #isStopping = false;
  #startedBefore = false;

  constructor(settings: HostSettings) {
    this.#settings = settings;
    this.#controls = new HostControls(settings.shutdown, settings.isTotalTimeoutGiven);
    provideControls(this, this.#controls);
    if (settings.global) claimGlobalFacade(this, settings.kernel.facade);
    settings.kernel.useSettings({
      startTimeoutMs: settings.startup.hookTimeoutMs,
      stopTimeoutMs: settings.shutdown.hookTimeoutMs,
      startDependenciesOf: (unit) => this.#startDependencies(unit),
      refuseStartOf: (unit) => this.#refuseStart(unit),
      startSignal: () => this.#lateStarts.signal,
      startedOnDemand: (unit) => {
        this.#started.push(unit);
      },
      isComing: (unit) => this.#state === 'starting' && unit.options.startup !== 'lazy',
      onStopHost: (reason) => {
        if (this.#stopping === undefined) this.#controls.noteTask();
        void this.stop(reason);
      },
    });
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
    this.#graph = undefined;
    return this.#problems();
  }

  /** The graph as it is declared, with the state of each orchestrator. */
  graph(): GraphView {
    const { kernel } = this.#settings;
    return new GraphView(kernel.units, this.#dependencyGraph().edges);
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
    if (this.#ready.settled) this.#ready = deferred();
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
    const replaced = this.#replacing.then(() => this.#replace(name, target));
    this.#replacing = replaced.catch(() => undefined);
    return replaced;
  }

  async #replace(name: string, target: AnyClass): Promise<void> {
    const { kernel, container, shutdown } = this.#settings;
    const { runtime } = kernel.internals;
    const { old, unit } = await bringUpReplacement({
      kernel,
      container,
      name,
      target,
      signal: this.#lateStarts.signal,
      mustRun: () => {
        if (this.#state === 'running') return;
        throw new OrchestrationError(
          'HOST_STATE',
          `The host is ${this.#state}; only a running one can replace.`,
        );
      },
      problemsNow: () => this.#problems(),
      graphOf: (units, standIns) => this.#graphOf(units, standIns),
    });
    const at = this.#started.indexOf(old);
    if (at !== -1) this.#started.splice(at, 1);
    this.#started.push(unit);
    this.#graph = undefined;
    runtime.events.emit('orchestrator.replaced', { orchestrator: name, layer: unit.layer });
    const graph = this.#dependencyGraph();
    this.#noteDependencies(graph);
    // What needs it came up before it; a stop goes by what needs what.
    const rank = new Map(graph.order().map((each, index) => [each, index]));
    this.#started.sort((one, other) => (rank.get(one) ?? Infinity) - (rank.get(other) ?? Infinity));
    const retired = drainUnit(runtime, old, shutdown.drainTimeoutMs).then(() => old.lifecycle.stop());
    this.#retiring.add(retired);
    await retired;
    this.#retiring.delete(retired);
  }

  #dependencyGraph(): DependencyGraph {
    const { kernel } = this.#settings;
    this.#graph ??= this.#graphOf(kernel.units, kernel.standIns);
    return this.#graph;
  }

  #graphOf(
    units: readonly OrchestratorUnit[],
    standIns: ReadonlyMap<AnyClass, OrchestratorUnit>,
  ): DependencyGraph {
    const { kernel, container, strictParams } = this.#settings;
    const { layerRule } = kernel.internals.runtime;
    return new DependencyGraph(units, bindingReader(container), layerRule, strictParams, standIns);
  }

  #noteDependencies(graph: DependencyGraph): void {
    for (const [unit, node] of graph.nodes) unit.dependencies = [...node.needs].map((needed) => needed.name);
  }

  #problems(): Problem[] {
    const all = [
      ...this.#settings.kernel.problems,
      ...this.#dependencyGraph().problems,
      ...engineProblems(this.#settings.kernel),
    ];
    return [
      ...all.filter((each) => each.severity === 'error'),
      ...all.filter((each) => each.severity === 'warning'),
    ];
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
      runtime.admission = 'closed';
      runtime.admissionReason = 'the host did not start';
      const wasGivenUp = OrchestrationError.is(thrown) && thrown.code === 'HOST_START_ABORTED';
      this.#become(abort.signal.aborted && wasGivenUp ? 'stopped' : 'failed');
      for (const unit of kernel.units) unit.lifecycle.giveUpWaiting('the host did not start');
      this.#ready.reject(thrown);
      throw thrown;
    } finally {
      this.#startAbort = undefined;
    }
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { kernel, startup, global } = this.#settings;
    const { shutdown } = this.#controls;
    const { runtime } = kernel.internals;
    if (this.#startedBefore) {
      if (global) claimGlobalFacade(this, kernel.facade);
      await this.#settings.reload();
    }
    this.#startedBefore = true;
    this.#graph = undefined;
    this.#started.length = 0;
    this.#undoFailures.length = 0;
    kernel.bindLazyOf(this.#dependencyGraph().services, this.#settings.container);
    const errors = this.#problems().filter((each) => each.severity === 'error');
    if (errors.length > 0) throw graphInvalid(errors);
    const graph = this.#dependencyGraph();
    this.#noteDependencies(graph);
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
    runtime.admission = 'closed';
    runtime.admissionReason = 'the host is stopped';
    if (!this.#ready.settled) {
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
      graph: this.#dependencyGraph(),
      started: this.#started,
      retired: Promise.all(this.#retiring),
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
    runtime.logger[report.clean ? 'info' : 'warn']('host_stopped', {
      reason,
      clean: report.clean,
      failures: report.failures.map((each) => `${each.orchestrator}: ${each.phase} ${each.kind}`),
      undelivered: report.undelivered,
      abandoned: report.abandoned,
      aborted: report.aborted,
    });
    return report;
  }

  async #startDependencies(unit: OrchestratorUnit): Promise<FailedResult | undefined> {
    // A turn of its own, so that a long chain of lazy ones does not nest that deep.
    await Promise.resolve();
    return this.#settings.kernel.startNamed(unit.dependencies);
  }

  #refuseStart(unit: OrchestratorUnit): FailedResult | undefined {
    const refuse = (why: string): FailedResult =>
      new FailedResult(`${unit.name} takes no calls: ${why}. Try again later.`, {
        errorCategory: 'service_unavailable',
      });
    if (this.#state === 'created') return refuse('the host has not been started');
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

function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever does not look at `ready` must not be ended by it.
  promise.catch(() => undefined);
  const made: Deferred = {
    promise,
    settled: false,
    resolve: () => {
      made.settled = true;
      resolve();
    },
    reject: (error) => {
      made.settled = true;
      reject(error);
    },
  };
  return made;
}
