import type { Container } from 'inversify';

import type { Kernel } from '../container/kernel.js';
import { OrchestrationError } from '../errors.js';
import { graphInvalid } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { HostGraph } from './host-graph.js';

export interface ReplacementPlan {
  readonly kernel: Kernel;
  readonly container: Container;
  readonly name: string;
  readonly target: AnyClass;
  /** Gives the start of the new one up. */
  readonly signal: AbortSignal;
  /** Throws where the host does not run, or no longer. */
  readonly mustRun: () => void;
  readonly graph: HostGraph;
}

/**
 * Starts a new orchestrator beside the old one and puts it in its place. The old one is left running, for the calls
 * that it has. Where the new one does not come up, nothing of it is left.
 *
 * @throws OrchestrationError `ORCHESTRATOR_NOT_REGISTERED`, `ORCHESTRATOR_NOT_DECORATED`,
 * `ORCHESTRATOR_ALREADY_REGISTERED`, `GRAPH_INVALID`, `HOST_START_FAILED` or what `mustRun` throws (rejects)
 */
export async function bringUpReplacement(
  plan: ReplacementPlan,
): Promise<{ readonly old: OrchestratorUnit; readonly unit: OrchestratorUnit }> {
  const { kernel, container, name, target, signal, mustRun } = plan;
  const old = kernel.internals.registry.byName(name);
  if (old === undefined) {
    throw new OrchestrationError(
      'ORCHESTRATOR_NOT_REGISTERED',
      `Orchestrator '${String(name)}' is not registered.`,
    );
  }
  mustRun();
  const unit = kernel.prepareReplacement(old, target, container);
  try {
    unit.dependencies = checked(plan, old, unit);
    const failure = await unit.lifecycle.startApart(signal);
    if (failure !== undefined) {
      throw new OrchestrationError(
        'HOST_START_FAILED',
        `${target.name}, which was to replace ${name}, did not start: ${failure.error}`,
        { cause: failure.cause ?? failure, path: [name] },
      );
    }
    mustRun();
  } catch (thrown) {
    await unit.lifecycle.stop();
    await kernel.dropReplacement(unit, container);
    throw thrown;
  }
  kernel.completeReplacement(old, unit, container);
  return { old, unit };
}

/** Checks the graph as it would be, for what was not wrong before. Returns the names of what the new one needs. */
function checked(plan: ReplacementPlan, old: OrchestratorUnit, unit: OrchestratorUnit): string[] {
  const { kernel } = plan;
  const before = new Set(plan.graph.problems().map((each) => each.message));
  const units = [...kernel.units.filter((each) => each !== old), unit];
  const standIns = new Map(kernel.standIns);
  for (const [replaced, standIn] of standIns) if (standIn === old) standIns.set(replaced, unit);
  if (old.target !== undefined) standIns.set(old.target, unit);
  const graph = plan.graph.of(units, standIns);
  const errors = graph.problems.filter((each) => each.severity === 'error' && !before.has(each.message));
  if (errors.length > 0) throw graphInvalid(errors);
  const node = graph.nodes.find((each) => each.unit === unit);
  return (node?.needs ?? []).map((needed) => needed.unit.name);
}
