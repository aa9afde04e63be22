import { setMaxListeners } from 'node:events';

import { OrchestrationError } from '../errors.js';
import type { DependencyGraph } from '../graph/dependency-graph.js';
import type { GraphNode } from '../graph/graph-node.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { HookOutcome } from './hook.js';
import type { Runtime } from '../facade/runtime.js';
import type { StartupOptions } from './host-options.js';
import { failureOf, givenUp, messageOf, notBuilt } from './start-failure.js';
import type { StopFailure } from './stop-failure.js';

export interface StartPlan {
  readonly graph: DependencyGraph;
  readonly runtime: Runtime;
  readonly startup: StartupOptions;
  /** The rollback's own budget: never what the start left over. */
  readonly rollbackTimeoutMs: number;
  readonly hookTimeoutMs: number;
  /** Gives the start up. */
  readonly signal: AbortSignal;
  /** Filled with what is up, in the order it came up. */
  readonly started: OrchestratorUnit[];
  /** Filled with what failed while the start was undone. */
  readonly undoFailures: StopFailure[];
}

/** Builds everything, starts it along the graph, then runs the ready hooks. Undoes itself where that fails. */
export async function startAll(plan: StartPlan): Promise<void> {
  const { graph, runtime, startup, signal } = plan;
  const { clock } = runtime;
  const eager = eagerNodes(graph);
  const abort = new AbortController();
  // Every hook that runs listens to it.
  setMaxListeners(0, abort.signal);
  const onOuter = (): void => {
    abort.abort(signal.reason);
  };
  signal.addEventListener('abort', onOuter);
  const timer = clock.setTimeout(() => {
    abort.abort(new DOMException(`The start took longer than ${startup.totalTimeoutMs} ms.`, 'TimeoutError'));
  }, startup.totalTimeoutMs);
  try {
    if (signal.aborted) abort.abort(signal.reason);
    build(eager, graph);
    await along(plan, eager, abort);
    await becomeReady(plan, eager, abort);
    if (abort.signal.aborted) throw givenUp(abort.signal, undefined, graph);
  } catch (thrown) {
    if (!abort.signal.aborted) abort.abort(thrown);
    clock.clearTimeout(timer);
    await rollBack(plan, thrown);
    throw thrown;
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', onOuter);
  }
}

/** All but the lazy ones that nothing eager needs, each after what it needs. */
function eagerNodes({ order }: DependencyGraph): GraphNode[] {
  const wanted = new Set<GraphNode>();
  for (const node of [...order].reverse()) {
    if (node.unit.options.startup === 'lazy' && !wanted.has(node)) continue;
    wanted.add(node);
    for (const needed of node.needs) wanted.add(needed);
  }
  return order.filter((node) => wanted.has(node));
}

/** Bottom up, so that the container never builds deeper than one level. */
function build(nodes: readonly GraphNode[], graph: DependencyGraph): void {
  for (const node of nodes) {
    try {
      node.unit.lifecycle.instance();
    } catch (cause) {
      throw notBuilt(node, graph, cause);
    }
  }
}

/** A node starts when its own dependencies are up; the first failure gives up the rest. */
function along(plan: StartPlan, nodes: readonly GraphNode[], abort: AbortController): Promise<void> {
  const { graph, startup, started } = plan;
  const missing = new Map<GraphNode, number>();
  const dependants = new Map<GraphNode, GraphNode[]>();
  for (const node of nodes) {
    missing.set(node, node.needs.length);
    for (const needed of node.needs) {
      const list = dependants.get(needed);
      if (list === undefined) dependants.set(needed, [node]);
      else list.push(node);
    }
  }
  const waiting = nodes.filter((node) => node.needs.length === 0);
  let at = 0;
  let running = 0;
  let up = 0;
  let failure: OrchestrationError | undefined;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      if (failure !== undefined) {
        if (running === 0) reject(failure);
      } else if (up === nodes.length) {
        resolve();
      }
    };
    const next = (): void => {
      while (failure === undefined && at < waiting.length && running < startup.concurrency) {
        const node = waiting[at++] as GraphNode;
        if (abort.signal.aborted) {
          failure = givenUp(abort.signal, node, graph);
          break;
        }
        running += 1;
        void node.unit.lifecycle.start(abort.signal).then((outcome) => {
          running -= 1;
          ended(node, outcome);
        });
      }
      settle();
    };
    const ended = (node: GraphNode, outcome: HookOutcome): void => {
      if (outcome.ok) {
        started.push(node.unit);
        up += 1;
        for (const dependant of dependants.get(node) ?? []) {
          const left = (missing.get(dependant) as number) - 1;
          missing.set(dependant, left);
          if (left === 0) waiting.push(dependant);
        }
      } else if (failure === undefined) {
        failure =
          outcome.kind === 'aborted' ? givenUp(abort.signal, node, graph) : failureOf(node, graph, outcome);
        // The others are told to hurry; whoever does not listen is not waited for.
        if (!abort.signal.aborted) abort.abort(failure);
      }
      next();
    };
    next();
  });
}

/** Runs the ready hooks side by side; the first failure gives up the rest. */
async function becomeReady(
  { graph }: StartPlan,
  nodes: readonly GraphNode[],
  abort: AbortController,
): Promise<void> {
  let failure: OrchestrationError | undefined;
  await Promise.all(
    nodes.map(async (node) => {
      const outcome = await node.unit.lifecycle.becomeReady(abort.signal);
      if (outcome.ok || failure !== undefined) return;
      failure =
        outcome.kind === 'aborted' ? givenUp(abort.signal, node, graph) : failureOf(node, graph, outcome);
      if (!abort.signal.aborted) abort.abort(failure);
    }),
  );
  if (failure !== undefined) throw failure;
}

/** Stops what is up, the last first. Its own failures are attached, never hide the reason. */
async function rollBack(plan: StartPlan, reason: unknown): Promise<void> {
  const { runtime, rollbackTimeoutMs, hookTimeoutMs, started, undoFailures } = plan;
  const { clock } = runtime;
  runtime.admission = 'closed';
  runtime.admissionReason = 'the host did not start';
  for (const frame of runtime.liveFrames()) frame.abort('shutdown', 'the host did not start');
  const until = clock.monotonic() + rollbackTimeoutMs;
  // Half of what is left, so that hooks that hang leave real time to those after them.
  const limitMs = (): number =>
    Math.max(1, Math.min(hookTimeoutMs, (until - clock.monotonic()) * (started.length === 0 ? 0.8 : 0.5)));
  for (let unit = started.pop(); unit !== undefined; unit = started.pop()) {
    undoFailures.push(...(await unit.lifecycle.stop(limitMs)));
  }
  if (undoFailures.length === 0 || !OrchestrationError.is(reason)) return;
  const errors = undoFailures.map(
    ({ orchestrator, phase, error }) =>
      new OrchestrationError(
        'HOST_START_FAILED',
        `While undoing the start, the ${phase} of ${orchestrator} failed: ${messageOf(error)}`,
        { cause: error, path: [orchestrator] },
      ),
  );
  Object.defineProperty(reason, 'errors', { value: [...reason.errors, ...errors], enumerable: true });
}
