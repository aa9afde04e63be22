import type { StepRetry } from '../engine/verbs.js';
import type { Flow } from '../flow/flow.js';

/** Anything a container can bind. */
export type Token<T = unknown> = string | symbol | (abstract new (...args: never[]) => T);

/** An orchestrator by class or name, where a declaration refers to it. */
export type DependencyRef = string | (abstract new (...args: never[]) => unknown);

/** Any class without required constructor parameters: what validates an operation's params. */
export type DtoClass = new () => object;

/** What `@orchestrator` may be told. */
export interface OrchestratorOptions {
  /** @default the class name without `Orchestrator`, in snake_case */
  readonly name?: string;
  readonly description?: string;
  /** Started before this one, beside what the constructor injects. */
  readonly dependsOn?: readonly DependencyRef[];
  /** `lazy` starts with the first call. @default 'eager' */
  readonly startup?: 'eager' | 'lazy';
  /** Whether a chain of calls may come back to it. @default false */
  readonly reentrant?: boolean;
  /** Calls that run at the same time; further ones wait. @default unbounded @minimum 1 */
  readonly maxConcurrency?: number;
  /** Calls that wait beyond maxConcurrency; further ones fail with `service_overloaded`. @default 100 @minimum 0 */
  readonly maxWaiting?: number;
  /** For each operation that has none of its own. */
  readonly timeoutMs?: number;
  /** Every operation runs on the host's engine. @default false */
  readonly durable?: boolean;
  /** @default the host's startup.hookTimeoutMs */
  readonly startTimeoutMs?: number;
  /** @default the host's shutdown.hookTimeoutMs */
  readonly stopTimeoutMs?: number;
  /** Whether the host is unhealthy without it; an optional one only degrades it. @default true */
  readonly required?: boolean;
  /** The declared flow: what its operation `run` does. */
  readonly flow?: Flow<never, unknown, never>;
  /** Validates what the declared flow is called with. */
  readonly params?: DtoClass;
}

/** What `@operation` may be told. */
export interface OperationOptions {
  /** @default the method's name */
  readonly name?: string;
  readonly description?: string;
  /** Used for params without an `operation`. An only operation is the default by itself. */
  readonly default?: boolean;
  /** Validates the params. @default the method's second parameter type, if it has class-validator metadata */
  readonly params?: DtoClass;
  readonly timeoutMs?: number;
  /** Name of a policy, understood by the resilience interceptor. */
  readonly policy?: string;
  /** Runs on the host's engine. @default the orchestrator's */
  readonly durable?: boolean;
}

/** How a background task that failed is run again; times in ms. */
export interface RestartOptions {
  /** @default 5 @minimum 0 */
  readonly maxRestarts?: number;
  /** @default 30,000 */
  readonly withinMs?: number;
  /** Pause before the first restart, doubled for each further one. @default 200 */
  readonly baseMs?: number;
  /** @default 10,000 */
  readonly capMs?: number;
  /** What happens past the intensity. @default 'degrade' */
  readonly then?: 'degrade' | 'stop-host';
}

/** When a background task runs; times in ms. */
export interface BackgroundOptions {
  /** Pause from the end of a run to the next. @minimum 1 */
  readonly everyMs: number;
  /** @default 0 */
  readonly initialDelayMs?: number;
  /** Each pause is varied by up to this share, to both sides. From 0 to 1. @default 0.1 */
  readonly jitterRatio?: number;
  /** Longest run; its signal fires and it counts as failed. */
  readonly timeoutMs?: number;
  readonly restart?: RestartOptions;
}

/** What a full queue does with another item. */
export type QueueOverflow = 'reject' | 'drop-oldest' | 'block';

export interface QueueOptions {
  /** @default 1,000 @minimum 1 */
  readonly capacity?: number;
  /** @default 'reject' */
  readonly overflow?: QueueOverflow;
}

/** Which queue a method consumes, and how; with the options of that queue. */
export interface ConsumesOptions extends QueueOptions {
  readonly queue: string;
  /** Most items handed over at once, all of one tenant. @default 1 @minimum 1 */
  readonly batchSize?: number;
  /** Batches in work at the same time. @default 1 @minimum 1 */
  readonly concurrency?: number;
  /**
   * A batch that failed is handed over again, whole, after a pause; by the rules of a step's `retry`. It keeps its place
   * meanwhile: with a concurrency of 1 what came after it waits, and the order stays. What a handler has done for items of a batch
   * before it failed it will be asked to do again. Without it a batch is handed over once.
   */
  readonly retry?: StepRetry;
}
