import type { HostState } from '../events/events.js';
import type { UnitLifecycleSettings } from '../lifecycle/unit-lifecycle-settings.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { FailedResult } from '../step-result.js';

/** How the units of a kernel live. */
export interface KernelSettings {
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly startDependenciesOf?: (unit: OrchestratorUnit) => Promise<FailedResult | undefined>;
  readonly refuseStartOf?: (unit: OrchestratorUnit) => FailedResult | undefined;
  readonly startSignal?: () => AbortSignal | undefined;
  readonly startedOnDemand?: (unit: OrchestratorUnit) => void;
  readonly isComing?: (unit: OrchestratorUnit) => boolean;
  readonly onStopHost?: (reason: string) => void;
  /** Of the host that has the kernel. */
  readonly hostState?: () => HostState;
}

/** What a unit asks of its kernel. */
export interface UnitKeeper {
  readonly settings: KernelSettings;
  construct(token: unknown): OrchestratorProtocol;
  startDirectDependencies(unit: OrchestratorUnit): Promise<FailedResult | undefined>;
}

/** The settings of one unit, read from its kernel when they are needed: a host may say them anew. */
export class KeptUnitSettings implements UnitLifecycleSettings {
  readonly #keeper: UnitKeeper;
  /** Under which the container has the instance. */
  token: unknown;
  unit!: OrchestratorUnit;

  constructor(keeper: UnitKeeper, token: unknown) {
    this.#keeper = keeper;
    this.token = token;
  }

  get startTimeoutMs(): number {
    return this.#keeper.settings.startTimeoutMs;
  }

  get stopTimeoutMs(): number {
    return this.#keeper.settings.stopTimeoutMs;
  }

  construct(): OrchestratorProtocol {
    return this.#keeper.construct(this.token);
  }

  startDependencies(): Promise<FailedResult | undefined> {
    const { settings } = this.#keeper;
    return settings.startDependenciesOf?.(this.unit) ?? this.#keeper.startDirectDependencies(this.unit);
  }

  refuseStart(): FailedResult | undefined {
    return this.#keeper.settings.refuseStartOf?.(this.unit);
  }

  startSignal(): AbortSignal | undefined {
    return this.#keeper.settings.startSignal?.();
  }

  startedOnDemand(): void {
    this.#keeper.settings.startedOnDemand?.(this.unit);
  }

  isComing(): boolean {
    return this.#keeper.settings.isComing?.(this.unit) ?? false;
  }

  onStopHost(reason: string): void {
    this.#keeper.settings.onStopHost?.(reason);
  }
}
