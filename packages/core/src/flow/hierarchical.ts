import type { CallOptions, OrchestratorRef, ParamsOf, ResultOf } from '../facade/references.js';
import type {
  Flow,
  FlowFunction,
  FlowPayload,
  FlowValue,
  FlowValues,
  NewName,
  NoSteps,
  WithStep,
} from './flow.js';
import { type AnyDelegateOptions, childrenOf, delegateNode } from './delegate-node.js';
import { checkConcurrency, checkFunction, checkNeeds } from './flow-definition.js';
import type { FlowNode } from './flow-run.js';
import type { AnyFlowFunction } from './flow-step.js';
import type { ParallelStepOptions } from './parallel.js';
import { namesOf, PlannedFlow } from './planned-flow.js';
import { type AnyNodeOptions, nextInLine, type NodePlace, stepNode } from './step-node.js';

/** How the children and steps of a hierarchical flow are run. */
export interface HierarchicalFlowOptions {
  /**
   * How many children and steps run at the same time. With it each begins as soon as its needs are over and sees
   * nothing but them; without it they run in the order of declaration.
   *
   * @minimum 1
   */
  readonly concurrency?: number;
}

/** Whether the nodes of a hierarchical flow run in the order of declaration or by their needs. */
export type HierarchicalFlowOrder = 'declared' | 'by-needs';

/** What a child of a hierarchical flow is given, and when it is called. */
export interface DelegateOptions<Values, W extends boolean, K extends string, O extends boolean> extends Pick<
  CallOptions,
  'timeoutMs' | 'policy'
> {
  /** What it sees of the steps and children declared before. @default all of it, or with concurrency nothing */
  readonly needs?: readonly K[];
  /** The flow goes on without it when it fails or skips: its value is `undefined`, its failure a warning. @default false */
  readonly optional?: O;
  /** As for a step: where it answers false the child is not called and its value is `undefined`. */
  readonly when?: (values: Values) => W;
}

/** What a node sees where it names no needs. */
type DefaultNeeds<Steps, Order extends HierarchicalFlowOrder> = Order extends 'declared'
  ? keyof Steps & string
  : never;

/** A hierarchical flow before its `aggregate`. `Steps` are the values of its children and steps, by name. */
export interface HierarchicalFlow<Input, Self, Steps, Order extends HierarchicalFlowOrder> {
  /**
   * With one more child: a call of `ref`, by class or name, with what `params` makes of the values. A required
   * child that fails ends the flow with that failure, and so does one that skips: its payload is needed.
   *
   * `Op` only keeps `operation` the literal that it is, from which the payload's type follows.
   *
   * @throws OrchestrationError `FLOW_INVALID` for a name that is taken or none, an unknown need, and options out
   * of bounds
   */
  delegate<
    N extends string,
    R extends OrchestratorRef,
    P extends ParamsOf<R>,
    K extends keyof Steps & string = DefaultNeeds<Steps, Order>,
    W extends boolean = never,
    O extends boolean = false,
    Op extends string = never,
  >(
    name: N & NewName<N, Steps>,
    ref: R,
    params: (values: FlowValues<Input, Pick<Steps, K>>) => P | (P & { readonly operation?: Op }),
    options?: DelegateOptions<FlowValues<Input, Pick<Steps, K>>, W, K, O>,
  ): HierarchicalFlow<
    Input,
    Self,
    WithStep<Steps, N, FlowValue<ResultOf<R, P>, W> | (O extends false ? never : undefined)>,
    Order
  >;

  /** With one more step of its own. Errors as for {@link delegate}. */
  step<
    N extends string,
    R,
    K extends keyof Steps & string = DefaultNeeds<Steps, Order>,
    W extends boolean = never,
  >(
    name: N & NewName<N, Steps>,
    fn: FlowFunction<FlowValues<Input, Pick<Steps, K>>, Self, R>,
    options?: ParallelStepOptions<FlowValues<Input, Pick<Steps, K>>, FlowPayload<R>, W, K>,
  ): HierarchicalFlow<Input, Self, WithStep<Steps, N, FlowValue<R, W>>, Order>;

  /**
   * The finished flow: `fn` makes its output of the input and all values, after the last of them and outside of
   * any step. It may return a result, which then stands for the flow.
   */
  aggregate<R>(
    fn: (values: FlowValues<Input, Steps>) => R,
  ): Flow<Input, FlowPayload<R>, Self> & { readonly kind: 'hierarchical' };
}

/**
 * Delegates to child orchestrators and makes one answer of theirs. Each child is called with a child context:
 * the time left, the signal and the depth of its parent's call + 1.
 *
 * The result's `metadata.children` tells of each child that ran its `name`, `orchestrator`, `status` and `depth`.
 * Skipped and uncertain children and steps as in `sequential`.
 */
export function hierarchical<Input, Self = unknown>(
  options: HierarchicalFlowOptions & { readonly concurrency: number },
): Pick<HierarchicalFlow<Input, Self, NoSteps, 'by-needs'>, 'delegate' | 'step'>;
export function hierarchical<Input, Self = unknown>(): Pick<
  HierarchicalFlow<Input, Self, NoSteps, 'declared'>,
  'delegate' | 'step'
>;
export function hierarchical(options: HierarchicalFlowOptions = {}): never {
  checkConcurrency('hierarchical', options.concurrency);
  // The class knows nothing of the types that the interface keeps track of.
  return new HierarchicalBuilder([], options.concurrency) as never;
}

class HierarchicalBuilder {
  readonly #nodes: readonly FlowNode[];
  readonly #concurrency: number | undefined;

  constructor(nodes: readonly FlowNode[], concurrency: number | undefined) {
    this.#nodes = nodes;
    this.#concurrency = concurrency;
    Object.freeze(this);
  }

  delegate(
    name: string,
    ref: OrchestratorRef,
    params: (values: never) => unknown,
    options: AnyDelegateOptions & { readonly needs?: readonly string[] } = {},
  ): HierarchicalBuilder {
    return this.#with(delegateNode(this.#place(name, options.needs), name, ref, params, options));
  }

  step(
    name: string,
    fn: AnyFlowFunction,
    options: AnyNodeOptions & { readonly needs?: readonly string[] } = {},
  ): HierarchicalBuilder {
    return this.#with(stepNode(this.#place(name, options.needs), name, fn, options));
  }

  aggregate(fn: (values: never) => unknown): PlannedFlow {
    checkFunction('The function given to aggregate', fn);
    return new PlannedFlow({
      kind: 'hierarchical',
      plan: { nodes: this.#nodes, concurrency: this.#concurrency ?? 1, stopAtFailure: true },
      output: fn,
      metadata: (run, context) => ({ children: childrenOf(this.#nodes, run, context) }),
    });
  }

  #with(node: FlowNode): HierarchicalBuilder {
    return new HierarchicalBuilder([...this.#nodes, node], this.#concurrency);
  }

  #place(name: string, wanted: readonly string[] | undefined): NodePlace {
    const declared = namesOf(this.#nodes);
    const line = nextInLine('hierarchical', declared);
    if (this.#concurrency === undefined) {
      return wanted === undefined ? line : { ...line, sees: checkNeeds(name, wanted, declared) };
    }
    const needs = checkNeeds(name, wanted ?? [], declared);
    return { kind: 'hierarchical', declared, after: needs, sees: needs, needs };
  }
}
