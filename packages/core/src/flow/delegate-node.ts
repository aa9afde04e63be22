import type { OrchestratorRef } from '../facade/references.js';
import { kindOf } from '../json-data.js';
import { defaultOrchestratorName } from '../naming.js';
import type { OperationContext } from '../operation-context.js';
import { definitionOf } from '../orchestrator/metadata.js';
import { StepResult } from '../step-result.js';
import { checkFunction, checkName, checkStepOptions, flowInvalid } from './flow-definition.js';
import type { FlowNode, FlowRun, Values } from './flow-run.js';
import { pure } from './flow-step.js';
import type { NodePlace } from './step-node.js';

/** What a hierarchical flow tells of a child that ran. */
export interface ChildReport {
  /** Of the child in the flow. */
  readonly name: string;
  /** Of the orchestrator that was called. */
  readonly orchestrator: string;
  readonly status: StepResult['status'];
  /** Depth of its call; 0 is the first call of a request. */
  readonly depth: number;
}

/** @internal Options of a child, with their types forgotten. */
export interface AnyDelegateOptions {
  readonly timeoutMs?: number;
  readonly policy?: string;
  readonly optional?: boolean;
  readonly when?: ((values: never) => boolean) | undefined;
}

/** @internal A child as a node. @throws OrchestrationError `FLOW_INVALID` */
export function delegateNode(
  place: NodePlace,
  name: string,
  ref: OrchestratorRef,
  params: (values: never) => unknown,
  options: AnyDelegateOptions,
): FlowNode {
  checkName(place.kind, name, place.declared);
  if (typeof ref !== 'function' && (typeof ref !== 'string' || ref === '')) {
    throw flowInvalid(
      `Child "${name}" must be an orchestrator class or its name, got ${ref === '' ? 'an empty string' : kindOf(ref)}.`,
      'Pass the class, or the name where the import would be circular.',
    );
  }
  checkFunction(`The params of child "${name}"`, params);
  checkStepOptions(name, options);
  const { timeoutMs, policy, optional = false, when } = options;
  const callOptions = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(policy === undefined ? {} : { policy }),
  };
  return Object.freeze({
    info: Object.freeze({
      name,
      needs: place.needs,
      hasCompensation: false,
      conditional: when !== undefined,
      optional,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      delegatesTo: ref,
    }),
    after: place.after,
    sees: place.sees,
    ...(when === undefined ? {} : { when: when as (values: Values) => boolean }),
    execute: async ({ context, values }) => {
      const made = pure(() => params(values as never));
      const result: StepResult = await context.call(ref, made as never, callOptions);
      if (result.status !== 'skipped' || optional) return result;
      return StepResult.fail(
        `Child "${name}" (${nameOf(ref)}) skipped: ${result.reason} Make it optional if the flow can go on without it.`,
        { errorCategory: 'dependency', metadata: result.metadata, warnings: result.warnings },
      );
    },
  } satisfies FlowNode);
}

/** @internal The children that ran, in the order of declaration. */
export function childrenOf(
  nodes: readonly FlowNode[],
  run: FlowRun,
  context: OperationContext,
): readonly ChildReport[] {
  const depth = context.orchestrationDepth + 1;
  return nodes.flatMap(({ info: { name, delegatesTo } }) => {
    const status = run.results.get(name)?.status;
    if (delegatesTo === undefined || status === undefined) return [];
    return [{ name, orchestrator: nameOf(delegatesTo), status, depth }];
  });
}

/** Asked when it runs: the class may be decorated after the flow is built. */
function nameOf(ref: OrchestratorRef): string {
  if (typeof ref === 'string') return ref;
  return definitionOf(ref)?.options.name ?? defaultOrchestratorName(ref.name);
}
