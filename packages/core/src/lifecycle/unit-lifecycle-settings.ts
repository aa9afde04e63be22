import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { FailedResult } from '../step-result.js';

/** What a unit's life depends on outside of it. */
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
