import type { OrchestrationContext } from '../context.js';
import type { Step, StepOptions, StepRetry } from '../engine/verbs.js';
import type { OrchestratorRef } from '../facade/references.js';
import type { OperationContext } from '../operation-context.js';
import type { FailedResult, OkResult, SkippedResult, StepResult, UncertainResult } from '../step-result.js';

/** Which combinator made a flow; the orchestrator type of the same name declares it. */
export type FlowKind = 'sequential' | 'parallel' | 'hierarchical' | 'adaptive';

/**
 * Named, typed steps over the verbs of an operation context. Declare it with
 * `@orchestrator(layer, kind, { flow })`, or run it by hand in an operation. It awaits nothing but verbs, so the
 * same flow runs in process and on a durable engine.
 */
export interface Flow<in Input, out Output, in Self = unknown> {
  readonly kind: FlowKind;
  /** In the order of declaration. */
  readonly steps: readonly FlowStepInfo[];
  /**
   * Runs the flow once. A failed step, child or alternative is a failed result, and so is whatever a function of
   * the flow throws. Rejects only with what the engine throws to end a run: a cancellation, a passed deadline.
   *
   * @param self handed to the step functions; leave it out only where `Self` is `unknown`
   */
  // A property: as a method it would take any input and any orchestrator.
  readonly run: (context: OperationContext, input: Input, self?: Self) => Promise<StepResult<Output>>;
}

/** What can be told of a step without running it. */
export interface FlowStepInfo {
  readonly name: string;
  /** Steps that are over before this one starts. */
  readonly needs: readonly string[];
  readonly hasCompensation: boolean;
  /** Whether a condition decides if it runs. */
  readonly conditional: boolean;
  /** Whether the flow goes on without it when it fails. */
  readonly optional: boolean;
  /** As given; what is left out has the default of {@link StepRetry}. */
  readonly retry?: Pick<StepRetry, 'maxAttempts' | 'baseMs' | 'capMs'>;
  /** Of each attempt; of the whole call for a child. */
  readonly timeoutMs?: number;
  /** The child orchestrator it calls. */
  readonly delegatesTo?: OrchestratorRef;
}

/** What the function of a step gets beside the values. */
export interface FlowStep<Self = unknown> extends Step {
  /** The orchestrator that runs the flow. */
  readonly self: Self;
  /** Tenant, request, principal, metadata. Its verbs have no place inside a step. */
  readonly context: OrchestrationContext;
}

/** The function of a step. A returned result is unwrapped; a thrown error or a failed result fails the step. */
export type FlowFunction<Values, Self, R> = (values: Values, step: FlowStep<Self>) => R;

/** Options of a step that may be left out. `W` is `never` where there is no condition. */
export interface FlowStepOptions<Values, Payload, W extends boolean> extends StepOptions<Payload> {
  /**
   * The step is left out where this answers false: its value is `undefined` and the result's `metadata.skipped`
   * names it. Runs outside of any step, so it decides on the values alone.
   */
  readonly when?: (values: Values) => W;
}

/** The payload of what a step's function returns. */
export type FlowPayload<R> = PayloadOf<Awaited<R>>;

type PayloadOf<A> = A extends OkResult<infer T> | UncertainResult<infer T>
  ? T
  : A extends SkippedResult | FailedResult
    ? never
    : A;

/**
 * What later steps see of a step: its payload, and `undefined` where its function may return a skipped result or
 * a condition decides. A function that returns a whole `StepResult` may skip; `StepResult.unwrap` inside it, which
 * fails the step instead, leaves the plain payload.
 */
export type FlowValue<R, W extends boolean = never> =
  | FlowPayload<R>
  | ([Extract<Awaited<R>, SkippedResult>] extends [never] ? never : undefined)
  | ([W] extends [never] ? never : undefined);

/** The values a function sees: the input of the flow and those of steps. */
export type FlowValues<Input, Steps> = { readonly input: Input } & Steps;

/** Steps with one more. */
export type WithStep<Steps, N extends string, T> = {
  readonly [K in keyof Steps | N]: K extends N ? T : K extends keyof Steps ? Steps[K] : never;
};

/** No steps yet. */
export type NoSteps = Readonly<Record<never, never>>;

/** `never` where the name is taken, which makes the call an error. */
export type NewName<N extends string, Steps> = N extends (keyof Steps & string) | 'input' ? never : unknown;
