import type { OperationContext } from '../operation-context.js';
import { type FailedResult, type SkippedResult, StepFailure, StepResult } from '../step-result.js';
import type { FlowStepInfo } from './flow.js';
import { INPUT } from './flow-definition.js';
import { pure } from './flow-step.js';

/** @internal Values by the name of their step, and the input. */
export type Values = Readonly<Record<string, unknown>>;

/** @internal What a node is run with. */
export interface NodeRun {
  readonly context: OperationContext;
  readonly values: Values;
  readonly self: unknown;
}

/** @internal A step or a child of a flow. */
export interface FlowNode {
  readonly info: FlowStepInfo;
  /** Nodes that must be over before this one begins; each is declared before it. */
  readonly after: readonly string[];
  /** Whose values it sees. */
  readonly sees: 'earlier' | readonly string[];
  readonly when?: (values: Values) => boolean;
  /** Fails by its result, not by throwing. */
  readonly execute: (run: NodeRun) => Promise<StepResult>;
}

/** @internal Nodes and how to run them. */
export interface FlowPlan {
  /** In the order of declaration, in which they begin. */
  readonly nodes: readonly FlowNode[];
  /** How many run at the same time. */
  readonly concurrency: number;
  /** Whether the first failure of a node that is not optional ends the run. */
  readonly stopAtFailure: boolean;
}

/** @internal What ended a run before all of it was over. */
export interface EarlyEnd {
  /** Where it ended, if that is known. */
  readonly step?: string;
  readonly result: FailedResult | SkippedResult;
}

/** @internal One run of a plan: begins each node as soon as the nodes before it are over. */
export class FlowRun {
  readonly #plan: FlowPlan;
  readonly #context: OperationContext;
  readonly #input: unknown;
  readonly #self: unknown;
  readonly #begun = new Set<FlowNode>();
  readonly #results = new Map<string, StepResult>();
  /** Failed nodes, and those that needed one. */
  readonly #lost = new Set<string>();
  #first = 0;
  #active = 0;
  #end: EarlyEnd | undefined;

  constructor(plan: FlowPlan, context: OperationContext, input: unknown, self: unknown) {
    this.#plan = plan;
    this.#context = context;
    this.#input = input;
    this.#self = self;
  }

  /** Results of the nodes that are over, in the order in which they ended. */
  get results(): ReadonlyMap<string, StepResult> {
    return this.#results;
  }

  /** Runs the nodes. Resolves with what ended the run early, if anything did. */
  async toEnd(): Promise<EarlyEnd | undefined> {
    try {
      await this.#work();
    } catch (thrown) {
      // Whatever else ends a run belongs to the engine.
      if (this.#end === undefined && !(thrown instanceof StepFailure)) throw thrown;
      this.#end ??= { result: (thrown as StepFailure).result };
    }
    return this.#end;
  }

  /** Values by name, in the order of declaration. */
  values(): Values {
    return this.#valuesOf(this.#plan.nodes.map((node) => node.info.name));
  }

  /** As {@link values}, with whole results. */
  allResults(): Values {
    return Object.fromEntries(this.#plan.nodes.map(({ info }) => [info.name, this.#results.get(info.name)]));
  }

  /**
   * Works until nothing is left to begin. Whoever ends a node begins what waited for it, side by side where that
   * is more than one: so nobody ever waits for another branch, only for verbs.
   */
  async #work(): Promise<void> {
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) {
        await this.#run(only);
        continue;
      }
      await this.#context.parallel(
        Object.fromEntries(
          batch.map((node) => [
            node.info.name,
            async () => {
              await this.#run(node);
              await this.#work();
            },
          ]),
        ),
      );
    }
  }

  /** The nodes that can begin now, first declared first. */
  #take(): readonly FlowNode[] {
    const { nodes, concurrency } = this.#plan;
    const batch: FlowNode[] = [];
    if (this.#end !== undefined) return batch;
    for (let index = this.#first; index < nodes.length && this.#active < concurrency; index += 1) {
      const node = nodes[index] as FlowNode;
      const isOpen = !this.#begun.has(node) && !this.#results.has(node.info.name);
      if (isOpen && node.after.every((name) => this.#results.has(name))) {
        this.#begun.add(node);
        this.#active += 1;
        batch.push(node);
      }
      if (index === this.#first && (!isOpen || this.#begun.has(node))) this.#first += 1;
    }
    return batch;
  }

  async #run(node: FlowNode): Promise<void> {
    const values = { [INPUT]: this.#input, ...this.#valuesOf(this.#seenBy(node)) };
    let result: StepResult;
    let isRun = false;
    try {
      isRun = meetsCondition(node, values);
      result = isRun
        ? await node.execute({ context: this.#context, values, self: this.#self })
        : StepResult.skip('Its condition did not hold.');
    } catch (thrown) {
      // A node fails by its result; this is an error in what was written around it, which nothing may survive.
      if (thrown instanceof StepFailure) this.#end ??= { step: node.info.name, result: thrown.result };
      throw thrown;
    } finally {
      this.#active -= 1;
    }
    this.#over(node, result, isRun);
  }

  #over(node: FlowNode, result: StepResult, isRun: boolean): void {
    const { name, optional } = node.info;
    this.#results.set(name, result);
    if (result.status === 'failed' && !optional) {
      if (this.#plan.stopAtFailure) {
        this.#end ??= { step: name, result };
        throw new StepFailure(result);
      }
      this.#lost.add(name);
      this.#report(name);
      this.#leaveOutDependants();
      return;
    }
    this.#report(isRun ? name : undefined);
  }

  /** Skips what can no longer run. Needs point backwards, so one pass finds all of it. */
  #leaveOutDependants(): void {
    for (const { info, after } of this.#plan.nodes) {
      const missing = after.find((name) => this.#lost.has(name));
      if (missing === undefined || this.#results.has(info.name)) continue;
      const failed = this.#results.get(missing)?.status === 'failed';
      this.#lost.add(info.name);
      this.#results.set(
        info.name,
        StepResult.skip(`It needs "${missing}", which ${failed ? 'failed' : 'was skipped'}.`),
      );
      this.#report();
    }
  }

  /** Without a name for what was left out: it brings the end nearer, but it has not been done. */
  #report(name?: string): void {
    this.#context.progress(this.#results.size / this.#plan.nodes.length, name);
  }

  #seenBy(node: FlowNode): readonly string[] {
    return node.sees === 'earlier' ? [...this.#results.keys()] : node.sees;
  }

  #valuesOf(names: readonly string[]): Values {
    const values: Record<string, unknown> = {};
    for (const name of names) values[name] = this.#results.get(name)?.data;
    return values;
  }
}

function meetsCondition(node: FlowNode, values: Values): boolean {
  const { when } = node;
  return when === undefined || pure(() => when(values));
}
