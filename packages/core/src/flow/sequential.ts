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
import { checkFunction } from './flow-definition.js';
import type { FlowNode } from './flow-run.js';
import type { AnyFlowFunction } from './flow-step.js';
import { namesOf, PlannedFlow } from './planned-flow.js';
import { type AnyNodeOptions, nextInLine, stepNode } from './step-node.js';

/** A sequential flow that more steps can be added to. `Steps` are the values of its steps, by name. */
export interface SequentialFlow<Input, Self, Steps> extends Flow<Input, Steps, Self> {
  readonly kind: 'sequential';

  /**
   * The flow with one more step, which sees the input and the values of all steps before it.
   *
   * @throws OrchestrationError `FLOW_INVALID` for a name that is taken or none, and for options out of bounds
   */
  step<N extends string, R, W extends boolean = never>(
    name: N & NewName<N, Steps>,
    fn: FlowFunction<FlowValues<Input, Steps>, Self, R>,
    options?: FlowStepOptions<FlowValues<Input, Steps>, FlowPayload<R>, W>,
  ): SequentialFlow<Input, Self, WithStep<Steps, N, FlowValue<R, W>>>;

  /**
   * The finished flow with an output of its own; without it the output is the record of all values. `fn` runs
   * after the last step and outside of any; it may return a result, which then stands for the flow.
   */
  returns<R>(
    fn: (values: FlowValues<Input, Steps>) => R,
  ): Flow<Input, FlowPayload<R>, Self> & { readonly kind: 'sequential' };
}

/**
 * Steps one after the other, up to the first failure, which is then the result. What finished steps did is undone
 * in reverse by their `compensate` when the run fails.
 *
 * A skipped step leaves `undefined` and is named in `metadata.skipped`; an uncertain one makes the whole result
 * uncertain, with its reason among the warnings; a failure names its step in `metadata.failedStep`.
 */
export function sequential<Input, Self = unknown>(): Pick<SequentialFlow<Input, Self, NoSteps>, 'step'> {
  // The class knows nothing of the types that the interface keeps track of.
  return new SequentialBuilder([]) as unknown as SequentialFlow<Input, Self, NoSteps>;
}

class SequentialBuilder extends PlannedFlow {
  readonly #nodes: readonly FlowNode[];

  constructor(nodes: readonly FlowNode[]) {
    super({ kind: 'sequential', plan: planOf(nodes) });
    this.#nodes = nodes;
    Object.freeze(this);
  }

  step(name: string, fn: AnyFlowFunction, options: AnyNodeOptions = {}): SequentialBuilder {
    const place = nextInLine('sequential', namesOf(this.#nodes));
    return new SequentialBuilder([...this.#nodes, stepNode(place, name, fn, options)]);
  }

  returns(fn: (values: never) => unknown): PlannedFlow {
    checkFunction('The function given to returns', fn);
    return new PlannedFlow({ kind: 'sequential', plan: planOf(this.#nodes), output: fn });
  }
}

function planOf(nodes: readonly FlowNode[]) {
  return { nodes, concurrency: 1, stopAtFailure: true };
}
