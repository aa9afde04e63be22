import { OrchestrationContext, type OrchestrationContextInit } from '../context.js';
import { checkCount } from '../clock/clock.js';

/** What is special about a context of a test. */
export interface AContextInit extends Partial<OrchestrationContextInit> {
  /** Calls that stand before it, by callers named `caller_1`, `caller_2` and so on. @default 0 */
  readonly depth?: number;
  /** The same with names, from the first orchestrator of the request to the direct parent. */
  readonly parents?: readonly string[];
}

/**
 * A context for a test: of tenant `test-tenant`, request `test-request`, and whatever is given.
 *
 * @throws RangeError where depth and parents contradict each other, OrchestrationError `CONTEXT_INVALID`
 */
export function aContext(init: AContextInit = {}): OrchestrationContext {
  const { depth, parents, ...own } = init;
  if (depth !== undefined) checkCount('depth', depth, 0);
  if (depth !== undefined && parents !== undefined && parents.length !== depth) {
    throw new RangeError(
      `depth (${depth}) and parents (${parents.join(', ')}) contradict each other. Give one of them.`,
    );
  }
  const names = parents ?? Array.from({ length: depth ?? 0 }, (_, index) => `caller_${index + 1}`);
  let context = new OrchestrationContext({ tenantId: 'test-tenant', requestId: 'test-request', ...own });
  for (const name of names) context = context.createChildContext(name);
  return context;
}
