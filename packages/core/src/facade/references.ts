import type { OrchestrationContext } from '../context.js';
import type { OperationContext } from '../operation-context.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { StepResult } from '../step-result.js';

/** Any class of an orchestrator. */
export type OrchestratorClass<O extends OrchestratorProtocol = OrchestratorProtocol> = abstract new (
  ...args: never[]
) => O;

/**
 * Names and their classes, for typed calls by name. Add to it by declaration merging:
 * `declare module '@kapelle/core' { interface OrchestratorMap { mission: typeof MissionOrchestrator } }`,
 * or with the instance type: `mission: MissionOrchestrator`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by users through declaration merging
export interface OrchestratorMap {}

/** An orchestrator by class or by registered name. */
export type OrchestratorRef = string | OrchestratorClass | (new (...args: never[]) => object);

/** @internal Stands for "no type argument was given". */
export interface NotGiven {
  readonly nothingWasGiven: never;
}

/** Of one call. */
export interface CallOptions {
  /**
   * Gives the run a name: the same id attaches to the same run, in its process while that is remembered, on an engine for
   * good. A call that never came to run (refused, cancelled while it waited, engine down) may be made again.
   */
  readonly runId?: string;
  /** As a run id, within tenant, orchestrator and operation; the run's id follows from it, the same in every process. */
  readonly idempotencyKey?: string;
  /** Overrides the operation's and the orchestrator's. */
  readonly timeoutMs?: number;
  /** Name of a policy, understood by the resilience interceptor. */
  readonly policy?: string;
}

type InstanceFor<R> = R extends keyof OrchestratorMap
  ? OrchestratorMap[R] extends abstract new (...args: never[]) => infer O
    ? O
    : OrchestratorMap[R]
  : R extends abstract new (...args: never[]) => infer O
    ? O
    : unknown;

/**
 * The operations of an orchestrator: public methods whose first parameter, if any, takes an operation context. The
 * types cannot tell a method without parameters from an operation without parameters, so they count.
 */
export type OperationNames<O> = {
  [K in keyof O]-?: O[K] extends (context: infer C, ...rest: never[]) => unknown
    ? K extends 'orchestrate' | 'canOrchestrate' | 'start' | 'ready' | 'drain' | 'cleanup' | 'health'
      ? never
      : OperationContext extends C
        ? K
        : never
    : never;
}[keyof O];

/** Those that take a context, and so are operations for certain. */
type ContextOperationNames<O> = {
  [K in OperationNames<O>]: O[K] extends (...args: infer A) => unknown
    ? A extends readonly []
      ? never
      : K
    : never;
}[OperationNames<O>];

/** Those that a call may mean which names none: a background task or a getter beside them is not meant. */
type UnnamedOperationNames<O> = [ContextOperationNames<O>] extends [never]
  ? OperationNames<O>
  : ContextOperationNames<O>;

/** `undefined` where the operation takes a context alone. */
type MethodParams<F> = F extends (...args: infer A) => unknown
  ? A['length'] extends 0 | 1
    ? undefined
    : A[1]
  : undefined;

/** The payload an operation's result carries. */
export type OperationPayload<F> = F extends (...args: never[]) => infer R
  ? Awaited<R> extends StepResult<infer T>
    ? unknown extends T
      ? PayloadOfUnion<Awaited<R>>
      : T
    : PayloadOfUnion<Awaited<R>>
  : never;

type PayloadOfUnion<R> = R extends { readonly status: 'ok' | 'uncertain'; readonly data: infer T }
  ? T
  : R extends { readonly status: 'skipped' | 'failed'; readonly success: boolean }
    ? never
    : R;

/** `resetAll` as `reset_all`: how operations are named beside the methods that they are. */
type SnakeCase<S, Done extends string = ''> = S extends `${infer First}${infer Rest}`
  ? SnakeCase<
      Rest,
      First extends Lowercase<First>
        ? `${Done}${First}`
        : `${Done}${Done extends '' ? '' : '_'}${Lowercase<First>}`
    >
  : Done;

/** The names that `@operation({ name })` may give a method without the types seeing it, and its own. */
type NamesOf<K> = K | SnakeCase<K>;

/** The methods that a name may mean. */
type MethodsNamed<O, N> = {
  [K in OperationNames<O>]: N extends NamesOf<K> ? K : never;
}[OperationNames<O>];

/** Params that name their operation. */
type NamedParams<O> = {
  [K in OperationNames<O>]: { readonly operation: NamesOf<K> } & (MethodParams<O[K]> extends object
    ? MethodParams<O[K]>
    : [MethodParams<O[K]>] extends [undefined]
      ? Readonly<Record<string, unknown>>
      : unknown);
}[OperationNames<O>];

/** Params that name none. Free where no operation says what it takes. */
type UnnamedParams<O> =
  MethodParams<O[UnnamedOperationNames<O>]> extends infer P
    ? [P] extends [undefined]
      ? unknown
      : P extends undefined
        ? Readonly<Record<string, never>> | undefined
        : P
    : never;

/** The params a call of `R` takes. Free where nothing is known of it. */
export type ParamsOf<R> =
  InstanceFor<R> extends infer O
    ? unknown extends O
      ? unknown
      : [OperationNames<O>] extends [never]
        ? unknown
        : NamedParams<O> | UnnamedParams<O>
    : unknown;

/**
 * Those that params `P` without an `operation` may be meant for. The types cannot see which one is the default, but it
 * is none that would not take them.
 */
type MeantNames<O, P> = 'operation' extends keyof P
  ? UnnamedOperationNames<O>
  : {
        [K in UnnamedOperationNames<O>]: P extends MethodParams<O[K]> ? K : never;
      }[UnnamedOperationNames<O>] extends infer K
    ? [K] extends [never]
      ? UnnamedOperationNames<O>
      : K & UnnamedOperationNames<O>
    : never;

/** The payload of a call of `R` with params `P`. */
export type ResultOf<R, P> =
  InstanceFor<R> extends infer O
    ? unknown extends O
      ? unknown
      : [OperationNames<O>] extends [never]
        ? unknown
        : P extends { readonly operation: infer N extends NamesOf<OperationNames<O>> }
          ? OperationPayload<O[MethodsNamed<O, N>]>
          : OperationPayload<O[MeantNames<O, P>]>
    : unknown;

/** One method per operation; each takes a plain context and returns a result. */
export type OrchestratorClient<O> = {
  readonly [K in OperationNames<O>]: (
    context: OrchestrationContext,
    ...params: undefined extends MethodParams<O[K]>
      ? [params?: MethodParams<O[K]>, options?: CallOptions]
      : [params: MethodParams<O[K]>, options?: CallOptions]
  ) => Promise<StepResult<OperationPayload<O[K]>>>;
};
