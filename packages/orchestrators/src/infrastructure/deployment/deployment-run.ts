import type { Clock, Logger } from '@kapelle/core';
import { boundedWork } from './bounded-work.js';
import type {
  DeploymentDriver,
  DeploymentGoal,
  DriverCall,
  DriverNotes,
  ReleaseStatus,
  TrafficSource,
} from './deployment-driver.js';
import { DeploymentError, deploymentError } from './deployment-error.js';
import { planDeployment, type DeploymentPlan, type PlanStep } from './deployment-plan.js';
import {
  type DeploymentFault,
  type DeploymentPhase,
  type DeploymentRecord,
  DEPLOYMENT_PHASES,
  type PhaseRecord,
  type StepRecord,
} from './deployment-record.js';
import { rollBack } from './roll-back.js';
import { StepWatch } from './step-watch.js';
import { NO_TRAFFIC } from './traffic.js';

/** What a deployment runs in. */
export interface DeploymentWorld {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly driver: DeploymentDriver;
  readonly traffic: TrafficSource | undefined;
  readonly pollMs: number;
  readonly graceMs: number;
  readonly rollbackTimeoutMs: number;
  /** Stores the record as it is now; its failure does not end the deployment. */
  readonly save: (record: DeploymentRecord) => Promise<void>;
  /** How far it is, from 0 to 1, and what has just ended. */
  readonly onProgress?: (ratio: number, message: string) => void;
  /** A call of the driver that was given up has ended after all: what it did has to be looked at. */
  readonly onLate: () => void;
}

/**
 * One deployment: five phases, each bounded, the gates after each step of traffic, and the way back. Runs by
 * itself, whoever waits for it; {@link DeploymentRun.cancel} ends it, and the state before is restored before
 * `done` resolves. Never rejects.
 */
export class DeploymentRun {
  readonly #world: DeploymentWorld;
  readonly #abort = new AbortController();
  readonly #plan: DeploymentPlan;
  readonly #watch: StepWatch;
  #record: DeploymentRecord;
  /** What was last asked of the driver, for a way back where it does not tell what is there. */
  #asked: DeploymentGoal | undefined;
  #isFinishing = false;
  readonly done: Promise<DeploymentRecord>;
  readonly #phases = new Map<DeploymentPhase, PromiseWithResolversOf<void>>();

  constructor(record: DeploymentRecord, world: DeploymentWorld) {
    this.#record = record;
    this.#world = world;
    const { order, previous, version } = record;
    const { exchange, shares } = world.driver;
    this.#plan = planDeployment({
      ...order,
      next: { ...releaseOf(record), replicas: order.replicas },
      ...(previous === undefined ? {} : { previous }),
      exchange,
      shares,
    });
    this.#watch = new StepWatch({
      clock: world.clock,
      target: record,
      source: world.traffic,
      gates: order.gates,
      version,
      previous: previous?.version,
      soakMs: order.soakMs,
      pollMs: world.pollMs,
    });
    for (const phase of DEPLOYMENT_PHASES) this.#phases.set(phase, withResolvers());
    this.done = this.#run();
  }

  get record(): DeploymentRecord {
    return this.#record;
  }

  /** Resolves when the phase is over; rejects where the deployment ended before that was. */
  phase(phase: DeploymentPhase): Promise<void> {
    return (this.#phases.get(phase) as PromiseWithResolversOf<void>).promise;
  }

  /** Ends it. Does nothing once every gate has let it pass. */
  cancel(reason: DeploymentError): void {
    if (!this.#isFinishing) this.#abort.abort(reason);
  }

  async #run(): Promise<DeploymentRecord> {
    // The caller has the object before anything happens.
    await Promise.resolve();
    const { clock } = this.#world;
    const { order } = this.#record;
    const timer = clock.setTimeout(
      () => this.cancel(overdue('The deployment', order.timeoutMs)),
      order.timeoutMs,
    );
    try {
      await this.#change({ status: 'in_progress' });
      this.#log('info', 'deployment_started', {
        strategy: order.strategy,
        previous: this.#record.previous?.version,
      });
      await this.#watch.begin(this.#abort.signal);
      for (const phase of DEPLOYMENT_PHASES) await this.#inPhase(phase);
      this.#abort.signal.throwIfAborted();
      await this.#finish();
      await this.#end({ status: 'completed' });
      this.#log('info', 'deployment_completed', {});
    } catch (thrown) {
      await this.#failed(deploymentError(thrown, 'The deployment'));
    } finally {
      clock.clearTimeout(timer);
    }
    return this.#record;
  }

  async #inPhase(phase: DeploymentPhase): Promise<void> {
    const { clock, graceMs, onLate } = this.#world;
    const timeoutMs = this.#record.order.phaseTimeoutsMs[phase];
    const began = clock.monotonic();
    const over = (status: PhaseRecord['status'], notes?: DriverNotes): Promise<void> =>
      this.#changePhase(phase, {
        status,
        durationMs: elapsed(clock, began),
        ...(notes === undefined ? {} : { notes }),
      });
    await this.#change({
      phases: [...this.#record.phases, { phase, status: 'in_progress', startedAt: clock.now(), steps: [] }],
    });
    try {
      const notes = await boundedWork((signal) => this.#work[phase](signal), {
        clock,
        signal: this.#abort.signal,
        timeoutMs,
        timeout: () => overdue(`The phase ${phase}`, timeoutMs),
        graceMs,
        onLate,
      });
      await over('completed', notes);
      this.#log('info', 'deployment_phase_completed', { phase, durationMs: elapsed(clock, began) });
      this.#phases.get(phase)?.resolve();
      this.#progress(`${phase} completed`);
    } catch (thrown) {
      await over('failed');
      throw deploymentError(thrown, `The phase ${phase} of the deployment`);
    }
  }

  readonly #work: Readonly<Record<DeploymentPhase, (signal: AbortSignal) => Promise<DriverNotes>>> = {
    infrastructure: (signal) => this.#world.driver.prepare(this.#record, this.#plan.finish.goal, { signal }),
    service_mesh: (signal) => this.#world.driver.connect(this.#record, this.#record.order.mesh, { signal }),
    application: async (signal) => {
      for (const step of this.#plan.application) await this.#step('application', step, signal);
      return { steps: this.#plan.application.length };
    },
    quality_gates: (signal) => this.#watch.ready(signal),
    traffic: async (signal) => {
      for (const step of this.#plan.traffic) await this.#step('traffic', step, signal);
      return { steps: this.#plan.traffic.length };
    },
  };

  async #step(phase: DeploymentPhase, step: PlanStep, signal: AbortSignal): Promise<void> {
    const { clock } = this.#world;
    const began = clock.monotonic();
    const from = step.isGated ? ((await this.#watch.mark(signal)) ?? NO_TRAFFIC) : undefined;
    const releases = await this.#apply(step.goal, { signal });
    const seen = step.isGated ? await this.#watch.watch(from, signal) : undefined;
    signal.throwIfAborted();
    const record: StepRecord = {
      name: step.name,
      durationMs: elapsed(clock, began),
      releases,
      ...(seen === undefined ? {} : { gates: seen.gates }),
      ...(seen?.traffic === undefined ? {} : { traffic: seen.traffic }),
    };
    const at = this.#record.phases.find((each) => each.phase === phase);
    await this.#changePhase(phase, { steps: [...(at?.steps ?? []), record] });
    this.#log('info', 'deployment_step_completed', { phase, step: step.name, durationMs: record.durationMs });
    if (seen?.isGood !== false) {
      this.#progress(`${step.name} completed`);
      return;
    }
    const blocking = seen.gates.filter(({ mayPass }) => !mayPass);
    const failed = blocking.filter(({ verdict }) => verdict === 'failed');
    // Where one has failed the others were not waited for.
    const stopping = failed.length > 0 ? failed : blocking;
    for (const { gate, reason, value } of stopping) {
      this.#log('warn', 'deployment_gate_failed', { step: step.name, gate, reason, value });
    }
    throw new DeploymentError(
      failed.length > 0 ? 'DEPLOYMENT_GATE_FAILED' : 'DEPLOYMENT_GATE_UNMEASURED',
      `Version ${this.#record.version} of "${this.#record.service}" did not pass at "${step.name}": ${stopping
        .map(({ gate, reason }) => `${gate}: ${reason}`)
        .join(' ')} Mend the version, or change the gate.`,
      { details: { gates: stopping.map(({ gate }) => gate) } },
    );
  }

  /**
   * All gates have let it pass: from here on nothing is taken back. What is left of the old version is a
   * warning.
   */
  async #finish(): Promise<void> {
    this.#isFinishing = true;
    const { clock, rollbackTimeoutMs: timeoutMs, graceMs, onLate } = this.#world;
    try {
      await boundedWork((signal) => this.#apply(this.#plan.finish.goal, { signal }), {
        clock,
        signal: new AbortController().signal,
        timeoutMs,
        timeout: () => overdue('Removing the old version', timeoutMs),
        graceMs,
        onLate,
      });
    } catch (thrown) {
      const { message } = deploymentError(thrown, 'Removing the old version');
      this.#log('warn', 'deployment_old_version_left', { error: message });
      await this.#change({ warnings: [...this.#record.warnings, message] });
    }
  }

  async #apply(goal: DeploymentGoal, call: DriverCall): Promise<readonly ReleaseStatus[]> {
    this.#asked = goal;
    return this.#world.driver.apply(this.#record, goal, call);
  }

  async #failed(error: DeploymentError): Promise<void> {
    const phase = this.#record.phases.at(-1);
    const fault: DeploymentFault = {
      code: error.code,
      message: error.message,
      ...(phase?.status === 'failed' ? { phase: phase.phase } : {}),
    };
    for (const { reject } of this.#phases.values()) reject(error);
    await this.#change({ fault });
    this.#log('warn', 'deployment_failing', { code: error.code, error: error.message });
    if (!this.#record.order.rollbackOnFailure && error.code !== 'DEPLOYMENT_CANCELLED') {
      await this.#end({ status: 'failed' });
      this.#log('error', 'deployment_failed', { code: error.code, error: error.message });
      return;
    }
    const isUntouched = this.#asked === undefined;
    const rollback = isUntouched
      ? { performed: true, reason: error.message, durationMs: 0, steps: [] }
      : await rollBack(this.#record, this.#asked, this.#world);
    await this.#end({ status: rollback.performed ? 'rolled_back' : 'failed', rollback });
    if (rollback.performed) this.#log('warn', 'deployment_rolled_back', { reason: rollback.reason });
    else this.#log('error', 'deployment_rollback_failed', { error: rollback.error });
  }

  #progress(message: string): void {
    const { phases } = this.#record;
    const { application, traffic } = this.#plan;
    const done = phases.reduce(
      (sum, { status, steps }) => sum + steps.length + (status === 'completed' ? 1 : 0),
      0,
    );
    const all = DEPLOYMENT_PHASES.length + application.length + traffic.length;
    this.#world.onProgress?.(Math.min(1, done / all), message);
  }

  async #end(change: Pick<DeploymentRecord, 'status'> & Partial<DeploymentRecord>): Promise<void> {
    await this.#change({ ...change, endedAt: this.#world.clock.now() });
  }

  async #changePhase(phase: DeploymentPhase, change: Partial<PhaseRecord>): Promise<void> {
    await this.#change({
      phases: this.#record.phases.map((each) => (each.phase === phase ? { ...each, ...change } : each)),
    });
  }

  async #change(change: Partial<DeploymentRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.#world.save(this.#record);
  }

  #log(level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>): void {
    const { id, service, version, environment } = this.#record;
    this.#world.logger[level](event, { deploymentId: id, service, version, environment, ...fields });
  }
}

interface PromiseWithResolversOf<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolversOf<void> {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  // Nobody may be waiting for it.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** The release that a record is about. */
export function releaseOf({ version, artifact }: DeploymentRecord): { version: string; artifact?: string } {
  return { version, ...(artifact === undefined ? {} : { artifact }) };
}

/** Whole milliseconds since `began`. */
export function elapsed(clock: Clock, began: number): number {
  return Math.round(clock.monotonic() - began);
}

/** What is thrown when something took too long. */
export function overdue(what: string, timeoutMs: number): DeploymentError {
  return new DeploymentError(
    'DEPLOYMENT_TIMEOUT',
    `${what} took longer than ${timeoutMs} ms. Find out what it waited for, or allow more time.`,
  );
}
