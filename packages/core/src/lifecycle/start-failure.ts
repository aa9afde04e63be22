import { OrchestrationError } from '../errors.js';
import type { DependencyGraph } from '../graph/dependency-graph.js';
import type { GraphNode } from '../graph/graph-node.js';
import { StepResult } from '../step-result.js';
import type { HookOutcome } from './hook.js';

/** A start or ready hook has failed, or was not over in time. */
export function failureOf(
  node: GraphNode,
  graph: DependencyGraph,
  outcome: HookOutcome & { ok: false },
): OrchestrationError {
  const { unit } = node;
  const path = pathTo(node, graph);
  const cause = outcome.error;
  if (outcome.kind !== 'timeout') {
    return failed(`${unit.name} failed to start${shownPath(path)}: ${messageOf(cause)}`, cause, path);
  }
  return new OrchestrationError(
    'HOST_START_TIMEOUT',
    `${unit.name} did not start in time${shownPath(path)}: ${messageOf(cause)}`,
    { cause, path },
  );
}

/** The constructor of an orchestrator, or of what it injects, has thrown. */
export function notBuilt(node: GraphNode, graph: DependencyGraph, cause: unknown): OrchestrationError {
  const path = pathTo(node, graph);
  const message = messageOf(cause);
  return failed(
    `${node.unit.name} could not be built${shownPath(path)}: ${message}`,
    cause,
    path,
    message.startsWith('Unexpected asynchronous service') ? INJECT_LAZILY : undefined,
  );
}

const INJECT_LAZILY =
  'Inject what is made asynchronously as Lazy<T> with @lazy(token) and await its get() in the start hook, or bind it when it is made.';

function failed(what: string, cause: unknown, path: readonly string[], fix?: string): OrchestrationError {
  return new OrchestrationError('HOST_START_FAILED', what, {
    cause,
    path,
    ...(fix === undefined ? {} : { fix }),
  });
}

/** The whole start is given up: because another failed, its time is over, or somebody stops the host. */
export function givenUp(
  signal: AbortSignal,
  node: GraphNode | undefined,
  graph: DependencyGraph,
): OrchestrationError {
  const reason: unknown = signal.reason;
  if (OrchestrationError.is(reason)) return reason;
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  const path = node === undefined ? [] : pathTo(node, graph);
  const where = node === undefined ? '' : ` while ${node.unit.name} was starting${shownPath(path)}`;
  return new OrchestrationError(
    isTimeout ? 'HOST_START_TIMEOUT' : 'HOST_START_ABORTED',
    `The start was given up${where}: ${messageOf(reason)}`,
    { cause: reason, path },
  );
}

/** From something nobody needs down to `node`, along who needs it. */
function pathTo(node: GraphNode, graph: DependencyGraph): string[] {
  const neededBy = new Map<GraphNode, GraphNode>();
  for (const dependant of graph.nodes) {
    for (const needed of dependant.needs) if (!neededBy.has(needed)) neededBy.set(needed, dependant);
  }
  const path: string[] = [];
  for (let at: GraphNode | undefined = node; at !== undefined && path.length < 50; at = neededBy.get(at)) {
    path.unshift(at.unit.name);
  }
  return path;
}

function shownPath(path: readonly string[]): string {
  return path.length > 1 ? ` (${path.join(' → ')})` : '';
}

export function messageOf(thrown: unknown): string {
  const failure = StepResult.fromError(thrown);
  return failure.status === 'failed' ? failure.error : failure.reason;
}
