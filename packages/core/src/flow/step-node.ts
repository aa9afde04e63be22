import type { FlowKind } from './flow.js';
import { checkFunction, checkName, checkStepOptions } from './flow-definition.js';
import type { FlowNode, Values } from './flow-run.js';
import { type AnyFlowFunction, type AnyStepOptions, infoOf, runStep } from './flow-step.js';

/** @internal Options of a step of a planned flow, with its types forgotten. */
export type AnyNodeOptions = AnyStepOptions & { readonly when?: ((values: never) => boolean) | undefined };

/** @internal Where a node stands among the others. */
export interface NodePlace {
  readonly kind: FlowKind;
  /** The names before it. */
  readonly declared: readonly string[];
  readonly after: readonly string[];
  readonly sees: FlowNode['sees'];
  /** The needs that are told; `after` where nothing else is said. */
  readonly needs: readonly string[];
}

/** @internal A step as a node. @throws OrchestrationError `FLOW_INVALID` */
export function stepNode(
  place: NodePlace,
  name: string,
  fn: AnyFlowFunction,
  options: AnyNodeOptions,
): FlowNode {
  checkName(place.kind, name, place.declared);
  checkFunction(`The function of step "${name}"`, fn);
  checkStepOptions(name, options);
  const { when } = options;
  return Object.freeze({
    info: Object.freeze({
      name,
      needs: place.needs,
      ...infoOf(options),
      conditional: when !== undefined,
      optional: false,
    }),
    after: place.after,
    sees: place.sees,
    ...(when === undefined ? {} : { when: when as (values: Values) => boolean }),
    execute: ({ context, values, self }) => runStep(context, name, fn, options, values, self),
  } satisfies FlowNode);
}

/** @internal Where the next node of a flow stands that runs in the order of declaration. */
export function nextInLine(kind: FlowKind, declared: readonly string[]): NodePlace {
  return { kind, declared, after: [], sees: 'earlier', needs: Object.freeze(declared.slice(-1)) };
}
