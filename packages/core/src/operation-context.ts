import type { ChildContextOverrides } from './context.js';
import { OrchestrationContext } from './context.js';
import type { Step, StepOptions } from './engine/verbs.js';
import type { CallOptions, NotGiven, OrchestratorRef, ParamsOf, ResultOf } from './facade/references.js';
import type { FailedResult, OkResult, SkippedResult, StepResult, UncertainResult } from './step-result.js';

/** How the branches of `context.parallel` are run. */
export interface ParallelOptions {
  /** How many run at the same time. @default all @minimum 1 */
  readonly concurrency?: number;
  /** `fail-fast` aborts the others at the first failure; `settle` waits for all. @default 'fail-fast' */
  readonly mode?: 'fail-fast' | 'settle';
}

type Branches = Readonly<Record<string, () => unknown>>;

/** The payload of a branch: a result is unwrapped, anything else is itself. */
export type BranchValue<F> = F extends () => infer R
  ? Awaited<R> extends StepResult<infer T>
    ? T
    : Awaited<R>
  : never;

/** What `parallel` gives: the payload of each branch. */
export type ParallelValues<B extends Branches> = { readonly [K in keyof B]: BranchValue<B[K]> };
/** What `parallel` gives in `settle` mode: the result of each branch. */
export type ParallelResults<B extends Branches> = { readonly [K in keyof B]: StepResult<BranchValue<B[K]>> };

/**
 * What an operation gets: its context, and its one door to the world. Everything done through it is named,
 * timed, traced, cancelled with the call, and recorded where the operation runs on a durable engine.
 */
export abstract class OperationContext extends OrchestrationContext {
  /** Name of the orchestrator this operation belongs to. */
  abstract readonly orchestrator: string;
  /** Name of the operation. */
  abstract readonly operation: string;
  /** Of this execution; the same for every attempt of a durable run. */
  abstract readonly runId: string;

  /**
   * Runs `fn` as a named step. A thrown error or a returned failed result is a failure; after the last attempt
   * it throws {@link StepFailure}, which the invoker turns back into that result. Names are unique within a run.
   */
  abstract step<T>(
    name: string,
    fn: (step: Step) => T,
    options?: StepOptions<StepValue<T>>,
  ): Promise<StepValue<T>>;

  /**
   * Calls another orchestrator with a child context. Throws nothing. Typed by class and by the names of
   * {@link OrchestratorMap}; for another name `T` says what the payload is.
   */
  abstract call<R extends OrchestratorRef, P extends ParamsOf<R>, Op extends string = never>(
    ref: R,
    // The second part keeps `operation` a literal without making arrays readonly, as `const P` would.
    params?: P | (P & { readonly operation?: Op }),
    options?: CallOptions & ChildContextOverrides,
  ): Promise<StepResult<ResultOf<R, P>>>;
  abstract call<T = NotGiven>(
    ref: [T] extends [NotGiven] ? never : OrchestratorRef,
    params?: unknown,
    options?: CallOptions & ChildContextOverrides,
  ): Promise<StepResult<T>>;

  /** As {@link call}. @throws StepFailure for a failed or skipped result. */
  abstract callOrThrow<R extends OrchestratorRef, P extends ParamsOf<R>, Op extends string = never>(
    ref: R,
    params?: P | (P & { readonly operation?: Op }),
    options?: CallOptions & ChildContextOverrides,
  ): Promise<ResultOf<R, P>>;
  abstract callOrThrow<T = NotGiven>(
    ref: [T] extends [NotGiven] ? never : OrchestratorRef,
    params?: unknown,
    options?: CallOptions & ChildContextOverrides,
  ): Promise<T>;

  /** Runs branches side by side, typed by key. A failed result counts as a failure. */
  abstract parallel<B extends Branches>(
    branches: B,
    options: ParallelOptions & { readonly mode: 'settle' },
  ): Promise<ParallelResults<B>>;
  abstract parallel<B extends Branches>(branches: B, options?: ParallelOptions): Promise<ParallelValues<B>>;

  /** Ends early, by throwing, when the call is aborted. */
  abstract sleep(ms: number): Promise<void>;

  /** Epoch milliseconds; the same again on replay. */
  abstract now(): number;

  /** From 0 to 1, 1 excluded; the same again on replay. */
  abstract random(): number;

  /** Waits for `facade.runs.signal(runId, name, payload)`; a failed result with `timeout` when none comes. */
  abstract waitForEvent<T = unknown>(
    name: string,
    options?: { readonly timeoutMs?: number },
  ): Promise<StepResult<T>>;

  /** Tells how far the operation is, `ratio` from 0 to 1. */
  abstract progress(ratio: number, message?: string): void;
}

/** What a step hands on: the payload of a result, or the value itself. What fails does not come back. */
export type StepValue<T> = ValueOf<Awaited<T>>;
type ValueOf<R> = R extends OkResult<infer D> | UncertainResult<infer D>
  ? D
  : R extends FailedResult | SkippedResult
    ? never
    : R;
