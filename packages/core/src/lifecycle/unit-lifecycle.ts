import type { LifecyclePhase } from '../events/events.js';
import type { Runtime } from '../facade/runtime.js';
import { attach, type Attachment, type AttachmentHolder, detach } from '../orchestrator/attachment.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { bindOperations, unbindOperations } from '../orchestrator/compile-operations.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { FailedResult } from '../step-result.js';
import { type HookOutcome, runHook } from './hook.js';
import { OnDemandStart, refusal } from './on-demand-start.js';
import { stopQueues } from './queue-stop.js';
import { StartRun } from './start-run.js';
import type { StopFailure } from './stop-failure.js';
import { UnitAttachment } from './unit-attachment.js';
import { become, cleanUpAfterCall, type HookHost, hookOf, runStopHook, tellHook } from './unit-hooks.js';
import type { UnitLifecycleSettings } from './unit-lifecycle-settings.js';
import { UnitWorkers } from './unit-workers.js';

export type { UnitLifecycleSettings };

const AT_ONCE: HookOutcome = { ok: true, durationMs: 0 };
/** The start of one that is up: shared, since there are many. */
const UP: Promise<HookOutcome> = Promise.resolve(AT_ONCE);

/** What a consumer gets to end by itself once its time is over. */
const CONSUMER_GRACE_MS = 1_000;

/** Builds, starts and stops one orchestrator, each once, whoever asks and however often. */
export class UnitLifecycle implements HookHost, AttachmentHolder {
  readonly unit: OrchestratorUnit;
  readonly runtime: Runtime;
  readonly settings: UnitLifecycleSettings;
  #workers: UnitWorkers | undefined;
  #attachment: Attachment | undefined;
  #starting: Promise<HookOutcome> | undefined;
  #onDemand: OnDemandStart | undefined;
  #stopping: Promise<StopFailure[]> | undefined;
  /** The start hook that runs. */
  #startRun: StartRun | undefined;
  /** A start hook that was given up and has not ended. */
  #straggler: OrchestratorProtocol | undefined;
  #isAttached = false;
  /** Whether its ready hook has succeeded. */
  #isReady = false;
  #undelivered = 0;

  constructor(unit: OrchestratorUnit, runtime: Runtime, settings: UnitLifecycleSettings) {
    this.unit = unit;
    this.runtime = runtime;
    this.settings = settings;
  }

  get attachment(): Attachment {
    return (this.#attachment ??= new UnitAttachment(this.unit, this.runtime, this.#workers));
  }

  get workers(): UnitWorkers | undefined {
    return this.#workers;
  }

  /** Whether a start that was given up still runs. */
  get isStraggling(): boolean {
    return this.#straggler !== undefined;
  }

  /** Items its queues held when it stopped. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** Takes an instance in: from the container's activation, or made here. Does nothing for the one it has. */
  enrol(instance: OrchestratorProtocol): void {
    const unit = this.unit;
    if (unit.instance === instance) return;
    unit.instance = instance;
    const { name, layer, type } = unit;
    this.runtime.logger.debug('orchestrator_initialized', { name, layer, type });
    // Whoever starts it has built it just now: that run goes on.
    const starting = this.#starting;
    this.#forgetRuns();
    if (unit.state === 'starting') this.#starting = starting;
    else this.#onDemand?.forget();
    this.#attach(instance);
  }

  #attach(instance: OrchestratorProtocol): void {
    const unit = this.unit;
    this.#workers = unit.hasWorkers
      ? new UnitWorkers(unit, this.runtime, instance, (task, then) => {
          this.#gaveUp(task, then);
        })
      : undefined;
    this.#attachment = undefined;
    attach(instance, this);
    bindOperations(unit, instance);
    this.#isAttached = true;
  }

  /** Forgets its instance, so that the next one is built anew. */
  forget(): void {
    const unit = this.unit;
    this.release();
    unit.instance = undefined;
    unit.state = 'registered';
    unit.callable = false;
    this.#forgetRuns();
    this.#onDemand?.forget();
  }

  #forgetRuns(): void {
    this.#starting = undefined;
    this.#stopping = undefined;
    this.#straggler = undefined;
    this.#isReady = false;
    this.#undelivered = 0;
  }

  /** The instance, built on first use. */
  instance(): OrchestratorProtocol {
    const { instance } = this.unit;
    if (instance !== undefined) return instance;
    const built = this.settings.construct();
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
    if (this.#starting !== undefined) return this.#starting;
    const run = this.#start(signal);
    // One without a start hook is up by now, or has failed to be built.
    if (this.unit.state === 'starting') this.#starting = run;
    return run;
  }

  async #start(signal: AbortSignal | undefined): Promise<HookOutcome> {
    const unit = this.unit;
    become(this, 'starting');
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
    const run = (this.#startRun = new StartRun(this));
    const timeoutMs = unit.options.startTimeoutMs ?? this.settings.startTimeoutMs;
    const { outcome, settled } = await run.run(hook, timeoutMs, signal);
    if (this.#startRun === run) this.#startRun = undefined;
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
      void settled.then(async (succeeded) => {
        if (succeeded) await this.#undo(instance);
        if (this.#straggler === instance) this.#straggler = undefined;
      });
    }
    return outcome;
  }

  /** Cleans up an instance that came up when nobody waited for it any more. */
  async #undo(instance: OrchestratorProtocol): Promise<void> {
    const hook = hookOf(instance, 'cleanup');
    if (hook !== undefined) await this.#hook('cleanup', this.settings.stopTimeoutMs, hook);
  }

  #up(): void {
    this.#starting = UP;
    become(this, 'running');
    this.unit.callable = true;
    this.#workers?.start();
    this.#onDemand?.answer(undefined);
  }

  #down(state: 'failed' | 'stopped'): void {
    become(this, state);
    this.#onDemand?.answer(refusal(this.unit, `it is ${state}`));
  }

  /** Waits until it can take calls, also where it is about to start; a failed result says why it does not. */
  whenUp(): Promise<FailedResult | undefined> {
    return this.#demand().whenUp();
  }

  /** Tells whoever waits for it that it will not come. */
  giveUpWaiting(reason: string): void {
    this.#onDemand?.answer(refusal(this.unit, reason));
  }

  /** Makes it able to take calls, where a call may do that. A failed result says why not. */
  ensureStarted(_runtime: Runtime): Promise<FailedResult | undefined> {
    return this.#demand().ensureStarted();
  }

  /** Made for the first who asks: most are started by a host, for nobody in particular. */
  #demand(): OnDemandStart {
    return (this.#onDemand ??= new OnDemandStart(this, this.settings));
  }

  /** Runs the ready hook, once the whole host is up. */
  async becomeReady(signal?: AbortSignal): Promise<HookOutcome> {
    const { instance, name, options } = this.unit;
    const hook = instance === undefined || this.#isReady ? undefined : hookOf(instance, 'ready');
    if (hook === undefined) return AT_ONCE;
    const outcome = await runHook(
      this.runtime.clock,
      `The ready hook of ${name}`,
      options.startTimeoutMs ?? this.settings.startTimeoutMs,
      hook,
      signal,
    ).outcome;
    tellHook(this, 'ready', outcome);
    this.#isReady = outcome.ok;
    return outcome;
  }

  /** Starts it when the host is up already: what it needs, itself, its ready hook. */
  startApart(signal: AbortSignal | undefined): Promise<FailedResult | undefined> {
    return this.#demand().startApart(signal);
  }

  /** Takes it down again after a ready hook that failed; the next start tries again. */
  async undoStart(): Promise<void> {
    await this.cleanup(this.settings.stopTimeoutMs);
    this.#starting = undefined;
    become(this, 'failed');
  }

  /** Tells it that no new calls come. */
  async drain(timeoutMs: number): Promise<StopFailure | undefined> {
    const { instance } = this.unit;
    if (!this.#isUp || this.unit.state === 'draining') return undefined;
    become(this, 'draining');
    const hook = instance === undefined ? undefined : hookOf(instance, 'drain');
    if (hook === undefined) return undefined;
    return this.#hook('drain', timeoutMs, (signal) => this.runtime.ownWork.run(() => hook(signal)));
  }

  /** Ends background tasks; those that do not end in time are named. */
  async stopTasks(timeoutMs: number): Promise<StopFailure | undefined> {
    const workers = this.#workers;
    if (workers === undefined || !workers.hasTasks) return undefined;
    return this.#hook('tasks', timeoutMs, () => workers.stopTasks());
  }

  /** Works queues off as {@link stopQueues} does, and keeps how many items are left. */
  async stopQueues(
    timeoutMs: number,
    graceMs = CONSUMER_GRACE_MS,
    quiet?: Promise<unknown>,
  ): Promise<StopFailure | undefined> {
    const workers = this.#workers;
    if (workers === undefined || !workers.hasQueues) return undefined;
    const { undelivered, failure } = await stopQueues(this, workers, { timeoutMs, graceMs, quiet });
    this.#undelivered += undelivered;
    return failure;
  }

  /**
   * Everything that stopping one orchestrator takes: for unregister, replace, a container's deactivation and a start
   * that is undone. `limitMs` is asked before each phase.
   */
  stop(limitMs: () => number = () => this.settings.stopTimeoutMs): Promise<StopFailure[]> {
    this.#stopping ??= this.#stop(limitMs);
    return this.#stopping;
  }

  async #stop(limitMs: () => number): Promise<StopFailure[]> {
    const unit = this.unit;
    const failures: StopFailure[] = [];
    if (unit.state === 'starting') {
      this.#startRun?.giveUp(new DOMException(`${unit.name} is being stopped.`, 'AbortError'));
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
    const { state } = this.unit;
    return state === 'running' || state === 'degraded' || state === 'draining';
  }

  /** Runs the cleanup hook of an orchestrator that is up, once. */
  async cleanup(timeoutMs: number): Promise<StopFailure | undefined> {
    const unit = this.unit;
    const { instance } = unit;
    if (instance === undefined || !this.#isUp) return undefined;
    become(this, 'stopping');
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
  cleanupAfterCall(_runtime: Runtime): Promise<void> {
    return cleanUpAfterCall(this, this.#stopLimit(this.settings.stopTimeoutMs));
  }

  /** Lets go of the instance. */
  release(): void {
    const { instance } = this.unit;
    if (instance === undefined || !this.#isAttached) return;
    this.unit.callable = false;
    this.#isAttached = false;
    unbindOperations(this.unit);
    detach(instance);
  }

  /** What a hook of a stop may take: never longer than the options say. */
  #stopLimit(timeoutMs: number): number {
    return Math.min(timeoutMs, this.unit.options.stopTimeoutMs ?? this.settings.stopTimeoutMs);
  }

  #hook(
    phase: LifecyclePhase,
    timeoutMs: number,
    hook: (signal: AbortSignal) => unknown,
  ): Promise<StopFailure | undefined> {
    return runStopHook(this, phase, this.#stopLimit(timeoutMs), hook);
  }

  #gaveUp(task: string, then: 'degrade' | 'stop-host'): void {
    if (this.unit.state === 'running') become(this, 'degraded');
    if (then === 'stop-host') this.settings.onStopHost?.(`background task ${this.unit.name}.${task} gave up`);
  }
}
