import type { Clock } from '../clock/clock.js';
import type { OrchestrationContext, OrchestrationContextJSON } from '../context.js';
import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import type { OperationContext } from '../operation-context.js';
import type { StepResult } from '../step-result.js';

/**
 * Sees the work that a facade runs, and has no say in it: where tracers and meters sit. What it does not name is not
 * watched and costs nothing. Each method is called before the work begins and returns what accompanies it, or nothing
 * where this one is not of interest. What a watcher throws is ignored.
 */
export interface Watcher {
  /** A call that was admitted, its own time limit and params not yet checked. */
  call?(call: WatchedCall): WorkScope | undefined;
  /** One attempt of a `context.step` in process; an engine tells of its own steps. */
  step?(step: WatchedStep): WorkScope | undefined;
  /** One batch that a queue hands to its consumer. */
  batch?(batch: WatchedBatch): WorkScope | undefined;
  /** One run of a background task. */
  task?(task: WatchedTask): WorkScope | undefined;
}

/** What accompanies a piece of work from its begin to its end. */
export interface WorkScope {
  /** The scopes of several watchers, where it stands for them. */
  readonly parts?: readonly WorkScope[];
  /** Calls `fn` once, at once, and returns what it returns: for what belongs to the work's async context. */
  run?<T>(fn: () => T): T;
  /** Called once: with the answer of a call, though its body may run on; with what a step, batch or run came to. */
  end(result: StepResult): void;
  /** What a run on an engine takes along in its context, so that what it does there is known to belong to this. */
  carry?(): Pick<OrchestrationContextJSON, 'traceId' | 'traceParent' | 'traceState'> | undefined;
}

/** An operation; the same object for all its calls, so that it may be the key of what is prepared once. */
export interface WatchedOperation {
  readonly orchestrator: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly operation: string;
  /** `Class.method`, where the operation is a method of a class with a name. */
  readonly functionName: string | undefined;
}

/** A call that was admitted, from then until its answer. */
export interface WatchedCall {
  readonly identity: WatchedOperation;
  readonly context: OperationContext;
  /** The context of the call that made this one. */
  readonly caller: OrchestrationContext | undefined;
  /**
   * When it began, in milliseconds of the monotonic time of `clock`; to be asked at the begin. A call that has a limit noted
   * the time already, which saves whoever has the same clock another look at it.
   */
  startedOn(clock: Clock): number;
  /** The run id, where somebody gave or asked for one; to ask the context would make one. */
  readonly knownRunId: string | undefined;
}

/** An attempt of a step. */
export interface WatchedStep {
  readonly call: WatchedCall;
  readonly step: string;
  /** Counted from 1. */
  readonly attempt: number;
}

/** Items of a queue that a consumer was handed. */
export interface WatchedBatch {
  readonly orchestrator: string;
  readonly layer: OrchestrationLayer;
  readonly queue: string;
  readonly items: number;
  /** What the items were offered in, where that is one context. */
  readonly context: OrchestrationContext | undefined;
}

/** A background task, while a run of it goes on. */
export interface WatchedTask {
  readonly orchestrator: string;
  readonly layer: OrchestrationLayer;
  readonly task: string;
}
