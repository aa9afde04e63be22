import { sanitize } from '../logging/redact.js';
import type { Runtime } from '../facade/runtime.js';
import type { LifecyclePhase, OrchestratorState } from '../events/events.js';
import { attach, detach } from '../orchestrator/attachment.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { bindOperations, unbindOperations } from '../orchestrator/compile-operations.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, StepResult } from '../step-result.js';
import { outsideOfCalls } from '../tasks/outside-of-calls.js';
import { type HookOutcome, runHook } from './hook.js';
import { UnitAttachment } from './unit-attachment.js';
import { UnitWorkers } from './unit-workers.js';

/** One thing that went wrong while stopping. */
export interface StopFailure {
  readonly orchestrator: string;
  readonly phase: LifecyclePhase;
  readonly kind: 'error' | 'timeout';
  readonly error: unknown;
}

export interface UnitLifecycleSettings {
  /** Builds the instance, or gives the one there is. */
  construct(): OrchestratorProtocol;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Starts what this one depends on, where it is started by a call. */
  startDependencies?(): Promise<FailedResult | undefined>;
  /** Why a call cannot start it now; `undefined` where it can. */
  refuseStart?(): FailedResult | undefined;
  /** Gives up a start that a call asked for. */
  startSignal?(): AbortSignal | undefined;
  /** A call has brought it up. */
  startedOnDemand?(): void;
  /** Whether it is not up yet but will be without being asked. */
  isComing?(): boolean;
  onStopHost?(reason: string): void;
}

const AT_ONCE: HookOutcome = { ok: true, durationMs: 0 };

/** What a consumer gets to end by itself once its time is over. */
const CONSUMER_GRACE_MS = 1_000;

/** Builds, starts and stops one orchestrator, each once, whoever asks and however often. */
export class UnitLifecycle {
  readonly #unit: OrchestratorUnit;
  readonly #runtime: Runtime;
  readonly #settings: UnitLifecycleSettings;
  #workers: UnitWorkers | undefined;
  #starting: Promise<HookOutcome> | undefined;
  #onDemand: Promise<FailedResult | undefined> | undefined;
  #stopping: Promise<StopFailure[]> | undefined;
  /** Gives up the start hook that runs. */
  #startAbort: AbortController | undefined;
  /** A start hook that was given up and has not ended. */
  #straggler: OrchestratorProtocol | undefined;
  #waiting: ((failure: FailedResult | undefined) => void)[] | undefined;
  #isAttached = false;
  #undelivered = 0;

  constructor(unit: OrchestratorUnit, runtime: Runtime, settings: UnitLifecycleSettings) {
    this.#unit = unit;
    this.#runtime = runtime;
    this.#settings = settings;
  }

  get workers(): UnitWorkers | undefined {
    return this.#workers;
  }

  /** Items its queues held when it stopped. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** Takes an instance in: from the container's activation, or made here. Does nothing for the one it has. */
  enrol(instance: OrchestratorProtocol): void {
    const unit = this.#unit;
    if (unit.instance === instance) return;
    unit.instance = instance;
    // Whoever starts it has built it just now: that run goes on.
    const starting = this.#starting;
    const onDemand = this.#onDemand;
    this.#forgetRuns();
    if (unit.state === 'starting') {
      this.#starting = starting;
      this.#onDemand = onDemand;
    }
    this.#attach(instance);
  }

  #attach(instance: OrchestratorProtocol): void {
    const unit = this.#unit;
    const { definition } = unit;
    const hasWork =
      definition !== undefined && (definition.background.size > 0 || definition.consumes.size > 0);
    this.#workers = hasWork
      ? new UnitWorkers(unit, this.#runtime, instance, (task, then) => {
          this.#gaveUp(task, then);
        })
      : undefined;
    attach(instance, new UnitAttachment(unit, this.#runtime, this.#workers));
    bindOperations(unit, instance);
    this.#isAttached = true;
  }

  /** Forgets its instance, so that the next one is built anew. */
  forget(): void {
    const unit = this.#unit;
    this.release();
    unit.instance = undefined;
    unit.state = 'registered';
    unit.callable = false;
    this.#forgetRuns();
  }

  #forgetRuns(): void {
    this.#starting = undefined;
    this.#onDemand = undefined;
    this.#stopping = undefined;
    this.#straggler = undefined;
    this.#undelivered = 0;
  }

  /** The instance, built on first use. */
  instance(): OrchestratorProtocol {
    const { instance } = this.#unit;
    if (instance !== undefined) return instance;
    const built = this.#settings.construct();
    this.enrol(built);
    return built;
  }

  /** The instance, where it can be had now. */
  tryInstance(): OrchestratorProtocol | undefined {
    try {
      return this.instance();
    } catch {
      return undefined;
    }
  }

  /** Runs the start hook. Side by side callers share one run; after a failure the next one tries again. */
  start(signal?: AbortSignal): Promise<HookOutcome> {
    this.#starting ??= this.#start(signal);
    return this.#starting;
  }

  async #start(signal: AbortSignal | undefined): Promise<HookOutcome> {
    const unit = this.#unit;
    const runtime = this.#runtime;
    const { startTimeoutMs } = this.#settings;
    this.#become('starting');
    let instance: OrchestratorProtocol;
    try {
      instance = this.instance();
      if (!this.#isAttached) this.#attach(instance);
    } catch (error) {
      this.#starting = undefined;
      this.#down('failed');
      return { ok: false, kind: 'error', error, durationMs: 0 };
    }
    const hook = hookOf(instance, 'start');
    if (hook === undefined) {
      this.#up();
      return AT_ONCE;
    }
    const abort = (this.#startAbort = new AbortController());
    const onOuter = (): void => {
      abort.abort(signal?.reason);
    };
    if (signal?.aborted === true) onOuter();
    else signal?.addEventListener('abort', onOuter, { once: true });
    const run = runHook(
      runtime.clock,
      `The start of ${unit.name}`,
      unit.options.startTimeoutMs ?? startTimeoutMs,
      hook,
      abort.signal,
    );
    const outcome = await run.outcome;
    signal?.removeEventListener('abort', onOuter);
    if (this.#startAbort === abort) this.#startAbort = undefined;
    this.#tell('start', outcome);
    if (unit.instance !== instance) {
      // It was let go of meanwhile: nobody would ever stop it.
      if (outcome.ok) void this.#undo(instance);
    } else if (outcome.ok) {
      this.#up();
      return outcome;
    } else {
      this.#starting = undefined;
      this.#down('failed');
    }
    if (!outcome.ok && outcome.kind !== 'error') {
      // One that comes up after all is taken down again at once: nobody waits for it any more.
      this.#straggler = instance;
      void run.settled.then(async (succeeded) => {
        if (succeeded) await this.#undo(instance);
        if (this.#straggler === instance) this.#straggler = undefined;
      });
    }
    return outcome;
  }

  /** Cleans up an instance that came up when nobody waited for it any more. */
  async #undo(instance: OrchestratorProtocol): Promise<void> {
    const hook = hookOf(instance, 'cleanup');
    if (hook !== undefined) await this.#hook('cleanup', this.#settings.stopTimeoutMs, hook);
  }

  #up(): void {
    this.#become('running');
    this.#unit.callable = true;
    this.#workers?.start();
    this.#answerWaiting(undefined);
  }

  #down(state: 'failed' | 'stopped'): void {
    this.#become(state);
    this.#answerWaiting(this.#refusal(`it is ${state}`));
  }

  /** Waits until it can take calls, also where it is about to start; a failed result says why it does not. */
  whenUp(): Promise<FailedResult | undefined> {
    if (this.#unit.callable || this.#settings.isComing?.() !== true) return this.ensureStarted(this.#runtime);
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve));
  }

  /** Tells whoever waits for it that it will not come. */
  giveUpWaiting(reason: string): void {
    this.#answerWaiting(this.#refusal(reason));
  }

  #answerWaiting(failure: FailedResult | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) for (const answer of waiting) answer(failure);
  }

  #refusal(why: string): FailedResult {
    return new FailedResult(`${this.#unit.name} takes no calls: ${why}. Try again later.`, {
      errorCategory: 'service_unavailable',
    });
  }

  /** Runs the ready hook, once the whole host is up. */
  async becomeReady(signal?: AbortSignal): Promise<HookOutcome> {
    const { instance, name, options } = this.#unit;
    const hook = instance === undefined ? undefined : hookOf(instance, 'ready');
    if (hook === undefined) return AT_ONCE;
    const outcome = await runHook(
      this.#runtime.clock,
      `The ready hook of ${name}`,
      options.startTimeoutMs ?? this.#settings.startTimeoutMs,
      hook,
      signal,
    ).outcome;
    this.#tell('ready', outcome);
    return outcome;
  }

  /** Makes it able to take calls, where a call may do that. A failed result says why not. */
  ensureStarted(_runtime: Runtime): Promise<FailedResult | undefined> {
    const { callable, state } = this.#unit;
    if (callable) return Promise.resolve(undefined);
    const refusal = this.#settings.refuseStart?.();
    if (refusal !== undefined) return Promise.resolve(refusal);
    if (state === 'draining' || state === 'stopping' || state === 'stopped') {
      return Promise.resolve(this.#refusal(`it is ${state}`));
    }
    if (this.#straggler !== undefined) {
      return Promise.resolve(this.#refusal('its last start was given up and has not ended yet'));
    }
    // What it starts outlives the call that happened to be the first.
    this.#onDemand ??= outsideOfCalls(() => this.#startOnDemand()).finally(() => {
      if (!this.#unit.callable) this.#onDemand = undefined;
    });
    return this.#onDemand;
  }

  async #startOnDemand(): Promise<FailedResult | undefined> {
    const failed = await this.startApart(this.#settings.startSignal?.());
    if (failed === undefined) this.#settings.startedOnDemand?.();
    return failed;
  }

  /** Starts it when the host is up already: what it needs, itself, its ready hook. */
  async startApart(signal: AbortSignal | undefined): Promise<FailedResult | undefined> {
    const failed = await this.#settings.startDependencies?.();
    if (failed !== undefined) return failed;
    let outcome = await this.start(signal);
    if (outcome.ok) {
      outcome = await this.becomeReady(signal);
      if (outcome.ok) return undefined;
      await this.cleanup(this.#settings.stopTimeoutMs);
      this.#starting = undefined;
      this.#become('failed');
    }
    const cause = StepResult.fromError(outcome.error);
    return new FailedResult(
      `${this.#unit.name} could not be started: ${cause.status === 'failed' ? cause.error : cause.reason} Mend it; the next call tries again.`,
      { errorCategory: 'initialization_error', cause: outcome.error },
    );
  }

  /** Tells it that no new calls come. */
  async drain(timeoutMs: number): Promise<StopFailure | undefined> {
    const { instance } = this.#unit;
    if (!this.#isUp || this.#unit.state === 'draining') return undefined;
    this.#become('draining');
    const hook = instance === undefined ? undefined : hookOf(instance, 'drain');
    return hook === undefined ? undefined : this.#hook('drain', timeoutMs, hook);
  }

  /** Ends background tasks; those that do not end in time are named. */
  async stopTasks(timeoutMs: number): Promise<StopFailure | undefined> {
    const workers = this.#workers;
    if (workers === undefined || !workers.hasTasks) return undefined;
    return this.#hook('tasks', timeoutMs, () => workers.stopTasks());
  }

  /**
   * Lets queues be worked off for `timeoutMs`, then aborts what is in work, and counts what is left. A consumer that
   * does not end even then is named.
   */
  async stopQueues(timeoutMs: number, graceMs = CONSUMER_GRACE_MS): Promise<StopFailure | undefined> {
    const workers = this.#workers;
    if (workers === undefined || !workers.hasQueues) return undefined;
    const { name } = this.#unit;
    const { clock } = this.#runtime;
    const begun = clock.monotonic();
    const abort = new AbortController();
    const reason = new DOMException(
      `The queues of ${name} had ${timeoutMs} ms to be worked off.`,
      'TimeoutError',
    );
    const timer = clock.setTimeout(
      () => {
        abort.abort(reason);
      },
      Math.max(1, timeoutMs),
    );
    await workers.drainQueues(abort.signal);
    clock.clearTimeout(timer);
    const stuck = await workers.endConsumers(reason, Math.max(0, graceMs));
    this.#undelivered += workers.giveUpQueues();
    const durationMs = clock.monotonic() - begun;
    if (stuck.length === 0) {
      this.#tell('queues', { ok: true, durationMs });
      return undefined;
    }
    const error = new DOMException(
      `The consumer of ${stuck.map((queue) => `queue "${queue}"`).join(' and ')} of ${name} did not end when it was told to.`,
      'TimeoutError',
    );
    this.#tell('queues', { ok: false, kind: 'timeout', error, durationMs });
    return { orchestrator: name, phase: 'queues', kind: 'timeout', error };
  }

  /**
   * Everything that stopping one orchestrator takes: for unregister, replace, a container's deactivation and a start
   * that is undone. `limitMs` is asked before each phase.
   */
  stop(limitMs: () => number = () => this.#settings.stopTimeoutMs): Promise<StopFailure[]> {
    this.#stopping ??= this.#stop(limitMs);
    return this.#stopping;
  }

  async #stop(limitMs: () => number): Promise<StopFailure[]> {
    const unit = this.#unit;
    const failures: StopFailure[] = [];
    if (unit.state === 'starting') {
      this.#startAbort?.abort(new DOMException(`${unit.name} is being stopped.`, 'AbortError'));
      await this.#starting;
    }
    if (!this.#isUp) {
      if (unit.state !== 'stopped' && unit.state !== 'stopping') this.#down('stopped');
      this.release();
      return failures;
    }
    const note = (failure: StopFailure | undefined): void => {
      if (failure !== undefined) failures.push(failure);
    };
    note(await this.drain(limitMs()));
    note(await this.stopTasks(limitMs()));
    note(await this.stopQueues(limitMs(), Math.min(CONSUMER_GRACE_MS, limitMs())));
    note(await this.cleanup(limitMs()));
    return failures;
  }

  get #isUp(): boolean {
    const { state } = this.#unit;
    return state === 'running' || state === 'degraded' || state === 'draining';
  }

  /** Runs the cleanup hook of an orchestrator that is up, once. */
  async cleanup(timeoutMs: number): Promise<StopFailure | undefined> {
    const unit = this.#unit;
    const { instance } = unit;
    if (instance === undefined || !this.#isUp) return undefined;
    this.#become('stopping');
    unit.callable = false;
    this.#workers?.abort();
    const hook = hookOf(instance, 'cleanup');
    const failure = hook === undefined ? undefined : await this.#hook('cleanup', timeoutMs, hook);
    if (unit.instance === instance) {
      this.#down('stopped');
      this.release();
    }
    return failure;
  }

  /** The guide's clean-up after every call: the hook alone, the orchestrator stays up. */
  async cleanupAfterCall(_runtime: Runtime): Promise<void> {
    const { instance, name } = this.#unit;
    const hook = instance === undefined ? undefined : hookOf(instance, 'cleanup');
    if (hook === undefined) return;
    const failure = await this.#hook('cleanup', this.#settings.stopTimeoutMs, hook, false);
    if (failure !== undefined) {
      this.#runtime.logger.warn('orchestrator_cleanup_failed', {
        orchestrator: name,
        error: sanitize(failure.error),
      });
    }
  }

  /** Lets go of the instance. */
  release(): void {
    const { instance } = this.#unit;
    if (instance === undefined || !this.#isAttached) return;
    this.#unit.callable = false;
    this.#isAttached = false;
    unbindOperations(this.#unit);
    detach(instance);
  }

  async #hook(
    phase: LifecyclePhase,
    timeoutMs: number,
    hook: (signal: AbortSignal) => unknown,
    tell = true,
  ): Promise<StopFailure | undefined> {
    const { name, options } = this.#unit;
    const limit = Math.min(timeoutMs, options.stopTimeoutMs ?? this.#settings.stopTimeoutMs);
    const outcome = await runHook(this.#runtime.clock, `The ${phase} of ${name}`, Math.max(1, limit), hook)
      .outcome;
    if (tell) this.#tell(phase, outcome);
    if (outcome.ok) return undefined;
    return {
      orchestrator: name,
      phase,
      kind: outcome.kind === 'timeout' ? 'timeout' : 'error',
      error: outcome.error,
    };
  }

  #gaveUp(task: string, then: 'degrade' | 'stop-host'): void {
    if (this.#unit.state === 'running') this.#become('degraded');
    if (then === 'stop-host')
      this.#settings.onStopHost?.(`background task ${this.#unit.name}.${task} gave up`);
  }

  #become(state: OrchestratorState): void {
    const unit = this.#unit;
    unit.state = state;
    const { events } = this.#runtime;
    if (events.active)
      events.emit('orchestrator.state', { orchestrator: unit.name, layer: unit.layer, state });
  }

  #tell(phase: LifecyclePhase, outcome: HookOutcome): void {
    const { name: orchestrator, layer } = this.#unit;
    const { events, logger } = this.#runtime;
    if (outcome.ok) {
      events.emit('lifecycle.done', { orchestrator, layer, phase, durationMs: outcome.durationMs });
      return;
    }
    const failure = StepResult.fromError(outcome.error);
    const error = failure.status === 'failed' ? failure.error : failure.reason;
    const kind = outcome.kind === 'timeout' ? 'timeout' : 'error';
    logger.error(phase === 'cleanup' ? 'orchestrator_cleanup_failed' : `orchestrator_${phase}_failed`, {
      orchestrator,
      layer,
      kind,
      error: sanitize(error),
    });
    events.emit('lifecycle.failed', { orchestrator, layer, phase, kind, error });
  }
}

/** A hook of an instance. One that cannot even be read fails like one that throws. */
function hookOf(
  instance: OrchestratorProtocol,
  name: 'start' | 'ready' | 'drain' | 'cleanup',
): ((signal: AbortSignal) => unknown) | undefined {
  try {
    const hook = instance[name];
    return typeof hook === 'function' ? (signal) => hook.call(instance, signal) : undefined;
  } catch (thrown) {
    return () => {
      throw thrown;
    };
  }
}
