import type { OrchestrationContext } from '../context.js';
import type { StepResult } from '../step-result.js';
import type { CallOptions, OrchestratorRef } from './references.js';

/** What is known of a run. */
export interface RunInfo {
  readonly runId: string;
  readonly orchestrator: string;
  readonly operation: string;
  readonly tenantId: string;
  readonly requestId: string;
  readonly status: 'running' | 'ok' | 'skipped' | 'uncertain' | 'failed';
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly progress?: { readonly ratio: number; readonly message?: string };
  readonly result?: StepResult;
}

/** A run that somebody holds on to. */
export interface RunHandle<T = unknown> {
  readonly runId: string;
  /** The result, when it is there. Never rejects. */
  result(): Promise<StepResult<T>>;
  info(): RunInfo | undefined;
  cancel(reason?: string): Promise<StepResult<undefined>>;
  signal(name: string, payload?: unknown): Promise<StepResult<undefined>>;
}

/** Runs by id. */
export interface Runs {
  /** Starts a run and hands out its handle at once. The same id attaches to the same run. */
  submit<T = unknown>(
    ref: OrchestratorRef,
    context: OrchestrationContext,
    params?: unknown,
    options?: CallOptions,
  ): RunHandle<T>;
  /** A handle of a run that is known, finished or not. */
  attach<T = unknown>(runId: string): RunHandle<T> | undefined;
  get(runId: string): RunInfo | undefined;
  cancel(runId: string, reason?: string): Promise<StepResult<undefined>>;
  /** Delivers an event to `context.waitForEvent(name)` of the run; kept until somebody waits. */
  signal(runId: string, name: string, payload?: unknown): Promise<StepResult<undefined>>;
  /** Newest first. */
  list(filter?: {
    readonly tenantId?: string;
    readonly orchestrator?: string;
    readonly status?: RunInfo['status'];
  }): RunInfo[];
}
