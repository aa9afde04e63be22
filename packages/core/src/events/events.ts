import type { OrchestrationLayer } from '../layers.js';
import type { FailedResult, StepResult } from '../step-result.js';

/** The states of a host. */
export type HostState =
  /** Made, nothing runs. */
  | 'created'
  /** Start hooks run. */
  | 'starting'
  /** Everything is up, calls are taken. */
  | 'running'
  /** No new calls; running ones end. */
  | 'draining'
  /** Stop hooks run, in reverse. */
  | 'stopping'
  /** Everything is down; it may be started again. */
  | 'stopped'
  /** The start failed and what had started is down again. */
  | 'failed';

/** The states of one orchestrator. */
export type OrchestratorState =
  /** Known, not up: the host has not started, or it starts with its first call. */
  | 'registered'
  | 'starting'
  | 'running'
  /** Up, but a background task gave up. */
  | 'degraded'
  | 'draining'
  | 'stopping'
  | 'stopped'
  | 'failed';

/** A step of an orchestrator's life. */
export type LifecyclePhase =
  'construct' | 'start' | 'ready' | 'drain' | 'abort' | 'tasks' | 'queues' | 'cleanup';

interface Of {
  readonly orchestrator: string;
  readonly layer: OrchestrationLayer;
}

/** The ids of the call an event belongs to. */
export interface CallIds extends Of {
  readonly operation: string;
  readonly tenantId: string;
  readonly requestId: string;
  readonly traceId?: string;
  readonly parentOrchestrator?: string;
  readonly depth: number;
  /** Where somebody has asked for it. */
  readonly runId?: string;
}

/** Everything the framework says about itself, by type. */
export interface OrchestrationEvents {
  'orchestrator.registered': Of;
  'orchestrator.unregistered': Of;
  'orchestrator.replaced': Of;
  'orchestrator.state': Of & { readonly state: OrchestratorState };
  'host.state': { readonly state: HostState; readonly reason?: string };
  'lifecycle.done': Of & { readonly phase: LifecyclePhase; readonly durationMs: number };
  'lifecycle.failed': Of & {
    readonly phase: LifecyclePhase;
    readonly kind: 'error' | 'timeout';
    readonly error: string;
  };
  'call.started': CallIds;
  'call.ended': CallIds & { readonly result: StepResult; readonly durationMs?: number };
  /** It never reached an operation: unknown name, bad context, not running. */
  'call.refused': {
    readonly orchestrator: string;
    readonly tenantId?: string;
    readonly requestId?: string;
    readonly traceId?: string;
    readonly result: StepResult;
  };
  /** Its caller had been answered already; the result is dropped. */
  'call.late': CallIds & { readonly result: StepResult };
  'step.ended': CallIds & {
    readonly step: string;
    readonly attempt: number;
    readonly result: StepResult;
    readonly durationMs: number;
  };
  'step.retrying': CallIds & {
    readonly step: string;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: string;
  };
  'step.compensated': CallIds & { readonly step: string; readonly failure?: FailedResult };
  'run.progress': CallIds & { readonly ratio: number; readonly message?: string };
  'task.ended': Of & { readonly task: string; readonly durationMs: number };
  'task.failed': Of & {
    readonly task: string;
    readonly error: string;
    readonly restarts: number;
    readonly delayMs: number;
  };
  'task.gave_up': Of & {
    readonly task: string;
    readonly error: string;
    readonly then: 'degrade' | 'stop-host';
  };
  'queue.refused': Of & { readonly queue: string; readonly depth: number; readonly tenantId?: string };
  'queue.dropped': Of & { readonly queue: string; readonly depth: number; readonly tenantId?: string };
  /** A consumer failed for a batch, which it will be handed again after the pause. */
  'queue.retrying': Of & {
    readonly queue: string;
    readonly items: number;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: string;
    readonly tenantId?: string;
  };
  'queue.failed': Of & {
    readonly queue: string;
    readonly items: number;
    readonly error: string;
    readonly tenantId?: string;
  };
}

/** The name by which an event is listened to. */
export type OrchestrationEventType = keyof OrchestrationEvents;

/** One event: its type, when it happened (epoch ms), and its data. */
export type OrchestrationEvent = {
  readonly [K in OrchestrationEventType]: { readonly type: K; readonly at: number } & OrchestrationEvents[K];
}[OrchestrationEventType];
