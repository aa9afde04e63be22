import type { Runtime } from '../facade/runtime.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, StepResult } from '../step-result.js';
import { outsideOfCalls } from '../tasks/outside-of-calls.js';
import type { HookOutcome } from './hook.js';
import type { UnitLifecycleSettings } from './unit-lifecycle-settings.js';

/** What can be started when it is asked for. */
export interface Startable {
  readonly unit: OrchestratorUnit;
  readonly runtime: Runtime;
  /** Whether a start that was given up still runs. */
  readonly isStraggling: boolean;
  start(signal: AbortSignal | undefined): Promise<HookOutcome>;
  becomeReady(signal: AbortSignal | undefined): Promise<HookOutcome>;
  /** Takes it down again after a ready hook that failed. */
  undoStart(): Promise<void>;
}

/** The start of one orchestrator for those who want it now: calls, and lazy references that wait for it. */
export class OnDemandStart {
  readonly #startable: Startable;
  readonly #settings: UnitLifecycleSettings;
  #run: Promise<FailedResult | undefined> | undefined;
  #waiting: ((failure: FailedResult | undefined) => void)[] = [];

  constructor(startable: Startable, settings: UnitLifecycleSettings) {
    this.#startable = startable;
    this.#settings = settings;
  }

  /** Waits until it can take calls, also where it is about to start; a failed result says why it does not. */
  whenUp(): Promise<FailedResult | undefined> {
    if (this.#startable.unit.callable || this.#settings.isComing?.() !== true) return this.ensureStarted();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Makes it able to take calls, where a call may do that. A failed result says why not. */
  ensureStarted(): Promise<FailedResult | undefined> {
    const { unit, isStraggling } = this.#startable;
    const { callable, state } = unit;
    if (callable) return Promise.resolve(undefined);
    const refused = this.#settings.refuseStart?.();
    if (refused !== undefined) return Promise.resolve(refused);
    if (state === 'draining' || state === 'stopping' || state === 'stopped') {
      return Promise.resolve(refusal(unit, `it is ${state}`));
    }
    if (isStraggling) {
      return Promise.resolve(refusal(unit, 'its last start was given up and has not ended yet'));
    }
    // What it starts outlives the call that happened to be the first.
    this.#run ??= outsideOfCalls(() => this.#start()).finally(() => {
      if (!unit.callable) this.#run = undefined;
    });
    return this.#run;
  }

  async #start(): Promise<FailedResult | undefined> {
    const failed = await this.startApart(this.#settings.startSignal?.());
    if (failed === undefined) this.#settings.startedOnDemand?.();
    return failed;
  }

  /** What it needs, itself, its ready hook. A failed result says what did not come up. */
  async startApart(signal: AbortSignal | undefined): Promise<FailedResult | undefined> {
    const startable = this.#startable;
    const failed = await this.#settings.startDependencies?.();
    if (failed !== undefined) return failed;
    let outcome = await startable.start(signal);
    if (outcome.ok) {
      outcome = await startable.becomeReady(signal);
      if (outcome.ok) return undefined;
      await startable.undoStart();
    }
    const cause = StepResult.fromError(outcome.error);
    return new FailedResult(
      `${startable.unit.name} could not be started: ${cause.status === 'failed' ? cause.error : cause.reason} Mend it; the next call tries again.`,
      { errorCategory: 'initialization_error', cause: outcome.error },
    );
  }

  /** Tells those who wait: it is up, or why it will not be. */
  answer(failure: FailedResult | undefined): void {
    for (const tell of this.#waiting.splice(0)) tell(failure);
  }

  /** Another instance is to be started in its turn. */
  forget(): void {
    this.#run = undefined;
  }
}

/** Why an orchestrator does not take a call now. */
export function refusal(unit: OrchestratorUnit, why: string, next = 'Try again later.'): FailedResult {
  return new FailedResult(`${unit.name} takes no calls: ${why}. ${next}`, {
    errorCategory: 'service_unavailable',
  });
}
