import type { StepResult } from '../step-result.js';
import type {
  Flow,
  FlowFunction,
  FlowPayload,
  FlowStepOptions,
  FlowValue,
  FlowValues,
  NewName,
  NoSteps,
  WithStep,
} from './flow.js';
import { checkConcurrency, checkFunction, checkNeeds, flowInvalid } from './flow-definition.js';
import type { FlowNode, FlowPlan } from './flow-run.js';
import type { AnyFlowFunction } from './flow-step.js';
import { namesOf, PlannedFlow } from './planned-flow.js';
import { type AnyNodeOptions, stepNode } from './step-node.js';

/** `fail-fast` aborts the other steps at the first failure; `settle` runs whatever can run. */
export type ParallelFlowMode = 'fail-fast' | 'settle';

/** How many steps of a parallel flow run at once, and what a failure does to the others. */
export interface ParallelFlowOptions {
  /** How many steps run at the same time; the first declared go first. @default all @minimum 1 */
  readonly concurrency?: number;
  /** @default 'fail-fast' */
  readonly mode?: ParallelFlowMode;
}

/** Those of any step, and what it waits for. */
export interface ParallelStepOptions<
  Values,
  Payload,
  W extends boolean,
  K extends string,
> extends FlowStepOptions<Values, Payload, W> {
  /** Steps declared before whose values this one uses; it begins as soon as they are over. @default none */
  readonly needs?: readonly K[];
}

/** What a parallel flow gives: the values, or in `settle` mode the results, by step. */
export type ParallelOutput<Steps, Mode extends ParallelFlowMode> = Mode extends 'settle'
  ? { readonly [K in keyof Steps]: StepResult<Steps[K]> }
  : Steps;

/** A parallel flow that more steps can be added to. `Steps` are the values of its steps, by name. */
export interface ParallelFlow<Input, Self, Steps, Mode extends ParallelFlowMode> extends Flow<
  Input,
  ParallelOutput<Steps, Mode>,
  Self
> {
  readonly kind: 'parallel';

  /**
   * The flow with one more step, which sees the input and the values of what it needs. A step can only need what
   * is declared before it, so there are no cycles.
   *
   * @throws OrchestrationError `FLOW_INVALID` for a name that is taken or none, an unknown need, and options out
   * of bounds
   */
  step<N extends string, R, K extends keyof Steps & string = never, W extends boolean = never>(
    name: N & NewName<N, Steps>,
    fn: FlowFunction<FlowValues<Input, Pick<Steps, K>>, Self, R>,
    options?: ParallelStepOptions<FlowValues<Input, Pick<Steps, K>>, FlowPayload<R>, W, K>,
  ): ParallelFlow<Input, Self, WithStep<Steps, N, FlowValue<R, W>>, Mode>;

  /**
   * The finished flow with an output of its own. `fn` sees the input and what the flow would give without it,
   * runs after the last step and outside of any, and may return a result, which then stands for the flow.
   */
  returns<R>(
    fn: (values: FlowValues<Input, ParallelOutput<Steps, Mode>>) => R,
  ): Flow<Input, FlowPayload<R>, Self> & { readonly kind: 'parallel' };
}

/**
 * Steps side by side, each as soon as the steps it needs are over.
 *
 * In `fail-fast` mode the first failure is the result, and the signals of the other steps fire. In `settle` mode
 * everything that can run does: what needs a failed step is skipped with the reason, each failure is a warning,
 * and the output holds a result for each step. Skipped and uncertain steps as in {@link sequential}.
 */
export function parallel<Input, Self = unknown>(
  options: ParallelFlowOptions & { readonly mode: 'settle' },
): Pick<ParallelFlow<Input, Self, NoSteps, 'settle'>, 'step'>;
export function parallel<Input, Self = unknown>(
  options?: ParallelFlowOptions & { readonly mode?: 'fail-fast' },
): Pick<ParallelFlow<Input, Self, NoSteps, 'fail-fast'>, 'step'>;
export function parallel(options: ParallelFlowOptions = {}): never {
  const { concurrency, mode = 'fail-fast' } = options;
  checkConcurrency('parallel', concurrency);
  if (mode !== 'fail-fast' && mode !== 'settle') {
    throw flowInvalid(
      `The mode of a parallel flow must be 'fail-fast' or 'settle', got ${String(mode)}.`,
      'Correct the option.',
    );
  }
  // The class knows nothing of the types that the interface keeps track of.
  return new ParallelBuilder({
    nodes: [],
    concurrency: concurrency ?? Infinity,
    stopAtFailure: mode === 'fail-fast',
  }) as never;
}

class ParallelBuilder extends PlannedFlow {
  readonly #plan: FlowPlan;

  constructor(plan: FlowPlan) {
    super({ kind: 'parallel', plan });
    this.#plan = plan;
    Object.freeze(this);
  }

  step(
    name: string,
    fn: AnyFlowFunction,
    options: AnyNodeOptions & { readonly needs?: readonly string[] } = {},
  ): ParallelBuilder {
    const declared = namesOf(this.#plan.nodes);
    const needs = checkNeeds(name, options.needs ?? [], declared);
    const place = { kind: 'parallel', declared, after: needs, sees: needs, needs } as const;
    const nodes: readonly FlowNode[] = [...this.#plan.nodes, stepNode(place, name, fn, options)];
    return new ParallelBuilder({ ...this.#plan, nodes });
  }

  returns(fn: (values: never) => unknown): PlannedFlow {
    checkFunction('The function given to returns', fn);
    return new PlannedFlow({ kind: 'parallel', plan: this.#plan, output: fn });
  }
}
