import type { OperationContext } from '../operation-context.js';
import type { StepResult } from '../step-result.js';
import type { Flow, FlowKind, FlowStepInfo } from './flow.js';
import { flowInvalid, INPUT } from './flow-definition.js';
import { concluded, endedEarly, notesOf } from './flow-outcome.js';
import { type FlowNode, type FlowPlan, FlowRun } from './flow-run.js';

/** @internal What a combinator makes of its nodes. */
export interface PlannedFlowInit {
  readonly kind: FlowKind;
  readonly plan: FlowPlan;
  /** The output from the input and what the steps gave; without it, what the steps gave. */
  readonly output?: (values: never) => unknown;
  /** What else the result's metadata tells of a run. */
  readonly metadata?: (run: FlowRun, context: OperationContext) => Readonly<Record<string, unknown>>;
}

/** @internal A flow of nodes: all combinators but the adaptive one. */
export class PlannedFlow implements Flow<unknown, unknown> {
  readonly kind: FlowKind;
  readonly steps: readonly FlowStepInfo[];
  readonly #init: PlannedFlowInit;

  constructor(init: PlannedFlowInit) {
    this.kind = init.kind;
    this.steps = Object.freeze(init.plan.nodes.map((node) => node.info));
    this.#init = init;
    if (new.target === PlannedFlow) Object.freeze(this);
  }

  async run(context: OperationContext, input: unknown, self?: unknown): Promise<StepResult> {
    const { kind, plan, output, metadata } = this.#init;
    if (plan.nodes.length === 0)
      throw flowInvalid(`A ${kind} flow without steps was run.`, 'Give it a step.');
    const run = new FlowRun(plan, context, input, self);
    const end = await run.toEnd();
    const notes = notesOf(plan, run, metadata?.(run, context));
    if (end !== undefined) return endedEarly(end, notes);
    const given = plan.stopAtFailure ? run.values() : run.allResults();
    return concluded(
      () => (output === undefined ? given : output({ [INPUT]: input, ...given } as never)),
      notes,
    );
  }
}

/** @internal The names of nodes, in the order of declaration. */
export function namesOf(nodes: readonly FlowNode[]): readonly string[] {
  return nodes.map((node) => node.info.name);
}
