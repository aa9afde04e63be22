import type { OrchestrationContextJSON } from '../context.js';
import type { StepResult } from '../step-result.js';
import type { RunVerbs } from './run-verbs.js';

/** What an engine may offer beyond running operations. */
export type EngineCapability =
  /** Finished steps are recorded and not run again. */
  | 'durable-steps'
  /** `waitForEvent` and `runs.signal`. */
  | 'signals'
  /** Running work can be cancelled. */
  | 'cancel'
  /** Sleeps survive a restart. */
  | 'durable-timers';

/** All that crosses a process: plain JSON. */
export interface RunEnvelope {
  readonly runId: string;
  readonly orchestrator: string;
  readonly operation: string;
  readonly params: unknown;
  readonly context: OrchestrationContextJSON;
}

/** What a started engine calls to run an operation with its own verbs. */
export type ExecuteRun = (envelope: RunEnvelope, verbs: RunVerbs) => Promise<StepResult>;

/** The port to an execution engine. The one in process needs none of it. */
export interface ExecutionEngine {
  readonly name: string;
  readonly capabilities: readonly EngineCapability[];
  /** Before any orchestrator starts. */
  start(
    execute: ExecuteRun,
    durable: readonly { readonly orchestrator: string; readonly operations: readonly string[] }[],
  ): Promise<void> | void;
  /** Runs, or attaches to the run with this id. Rejects only where the engine cannot be reached. */
  run(envelope: RunEnvelope, options: { readonly signal: AbortSignal }): Promise<StepResult>;
  /** `runs.signal`: an event for `waitForEvent`. An unknown run is a failed result. Rejects as {@link run}. */
  signal?(runId: string, name: string, payload: unknown): Promise<StepResult>;
  /** `runs.cancel`, also of runs that another process has begun. Answers as {@link signal}. */
  cancel?(runId: string, reason: string): Promise<StepResult>;
  stop(): Promise<void> | void;
}
