import { setMaxListeners } from 'node:events';

import { OrchestrationError } from '../errors.js';
import type { DependencyGraph, GraphNode } from '../graph/dependency-graph.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { StepResult } from '../step-result.js';
import type { HookOutcome } from './hook.js';
import type { Runtime } from '../facade/runtime.js';
import type { StartupOptions } from './host.js';
import type { StopFailure } from './unit-lifecycle.js';

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
  const order = graph.order();
  const eager = eagerUnits(order, graph);
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
    await becomeReady(plan, abort);
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

/** All but the lazy ones that nothing eager needs. */
function eagerUnits(order: readonly OrchestratorUnit[], graph: DependencyGraph): OrchestratorUnit[] {
  const wanted = new Set<OrchestratorUnit>();
  for (const unit of [...order].reverse()) {
    if (unit.options.startup === 'lazy' && !wanted.has(unit)) continue;
    wanted.add(unit);
    for (const needed of (graph.nodes.get(unit) as GraphNode).needs) wanted.add(needed);
  }
  return order.filter((unit) => wanted.has(unit));
}

/** Bottom up, so that the container never builds deeper than one level. */
function build(units: readonly OrchestratorUnit[], graph: DependencyGraph): void {
  for (const unit of units) {
    try {
      unit.lifecycle.instance();
    } catch (cause) {
      const path = pathTo(unit, graph);
      throw failed(`${unit.name} could not be built${shownPath(path)}: ${messageOf(cause)}`, cause, path);
    }
  }
}

/** A node starts when its own dependencies are up; the first failure gives up the rest. */
function along(plan: StartPlan, units: readonly OrchestratorUnit[], abort: AbortController): Promise<void> {
  const { graph, startup, started } = plan;
  const missing = new Map<OrchestratorUnit, number>();
  const dependants = new Map<OrchestratorUnit, OrchestratorUnit[]>();
  for (const unit of units) {
    const { needs } = graph.nodes.get(unit) as GraphNode;
    missing.set(unit, needs.size);
    for (const needed of needs) {
      const list = dependants.get(needed);
      if (list === undefined) dependants.set(needed, [unit]);
      else list.push(unit);
    }
  }
  const waiting = units.filter((unit) => missing.get(unit) === 0);
  let at = 0;
  let running = 0;
  let up = 0;
  let failure: OrchestrationError | undefined;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      if (failure !== undefined) {
        if (running === 0) reject(failure);
      } else if (up === units.length) {
        resolve();
      }
    };
    const next = (): void => {
      while (failure === undefined && at < waiting.length && running < startup.concurrency) {
        const unit = waiting[at++] as OrchestratorUnit;
        if (abort.signal.aborted) {
          failure = givenUp(abort.signal, unit, graph);
          break;
        }
        running += 1;
        void unit.lifecycle.start(abort.signal).then((outcome) => {
          running -= 1;
          ended(unit, outcome);
        });
      }
      settle();
    };
    const ended = (unit: OrchestratorUnit, outcome: HookOutcome): void => {
      if (outcome.ok) {
        started.push(unit);
        up += 1;
        for (const dependant of dependants.get(unit) ?? []) {
          const left = (missing.get(dependant) as number) - 1;
          missing.set(dependant, left);
          if (left === 0) waiting.push(dependant);
        }
      } else if (failure === undefined) {
        failure =
          outcome.kind === 'aborted' ? givenUp(abort.signal, unit, graph) : failureOf(unit, graph, outcome);
        // The others are told to hurry; whoever does not listen is not waited for.
        if (!abort.signal.aborted) abort.abort(failure);
      }
      next();
    };
    next();
  });
}

async function becomeReady(plan: StartPlan, abort: AbortController): Promise<void> {
  const outcomes = await Promise.all(
    plan.started.map(async (unit) => ({ unit, outcome: await unit.lifecycle.becomeReady(abort.signal) })),
  );
  for (const { unit, outcome } of outcomes) {
    if (outcome.ok) continue;
    throw outcome.kind === 'aborted'
      ? givenUp(abort.signal, unit, plan.graph)
      : failureOf(unit, plan.graph, outcome);
  }
}

/** Stops what is up, the last first. Its own failures are attached, never hide the reason. */
async function rollBack(plan: StartPlan, reason: unknown): Promise<void> {
  const { runtime, rollbackTimeoutMs, hookTimeoutMs, started, undoFailures } = plan;
  const { clock } = runtime;
  runtime.admission = 'closed';
  runtime.admissionReason = 'the host did not start';
  for (const frame of runtime.liveFrames()) frame.abort('shutdown', 'the host did not start');
  const until = clock.monotonic() + rollbackTimeoutMs;
  const limitMs = (): number => Math.max(1, Math.min(hookTimeoutMs, until - clock.monotonic()));
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

function failureOf(
  unit: OrchestratorUnit,
  graph: DependencyGraph,
  outcome: HookOutcome & { ok: false },
): OrchestrationError {
  const path = pathTo(unit, graph);
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

function failed(what: string, cause: unknown, path: readonly string[]): OrchestrationError {
  return new OrchestrationError('HOST_START_FAILED', what, { cause, path });
}

function givenUp(
  signal: AbortSignal,
  unit: OrchestratorUnit | undefined,
  graph: DependencyGraph,
): OrchestrationError {
  const reason: unknown = signal.reason;
  if (OrchestrationError.is(reason)) return reason;
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  const path = unit === undefined ? [] : pathTo(unit, graph);
  const where = unit === undefined ? '' : ` while ${unit.name} was starting${shownPath(path)}`;
  return new OrchestrationError(
    isTimeout ? 'HOST_START_TIMEOUT' : 'HOST_START_ABORTED',
    `The start was given up${where}: ${messageOf(reason)}`,
    { cause: reason, path },
  );
}

/** From something nobody needs down to `unit`, along who needs it. */
function pathTo(unit: OrchestratorUnit, graph: DependencyGraph): string[] {
  const neededBy = new Map<OrchestratorUnit, OrchestratorUnit>();
  for (const [dependant, node] of graph.nodes) {
    for (const needed of node.needs) if (!neededBy.has(needed)) neededBy.set(needed, dependant);
  }
  const path: string[] = [];
  for (
    let at: OrchestratorUnit | undefined = unit;
    at !== undefined && path.length < 50;
    at = neededBy.get(at)
  ) {
    path.unshift(at.name);
  }
  return path;
}

function shownPath(path: readonly string[]): string {
  return path.length > 1 ? ` (${path.join(' → ')})` : '';
}

function messageOf(thrown: unknown): string {
  const failure = StepResult.fromError(thrown);
  return failure.status === 'failed' ? failure.error : failure.reason;
}
