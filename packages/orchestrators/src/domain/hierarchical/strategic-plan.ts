import type { HierarchicalSettings } from './hierarchical-options.js';
import { HierarchicalError } from './hierarchical-error.js';
import type { Objective, SessionBudget } from './objective.js';
import { ROUNDING } from './session-budget.js';
import { criticalPathOf, phasesOf, type TaskSchedule } from './task-graph.js';

/** From this priority on a task is critical. */
export const CRITICAL_PRIORITY = 8;

/** What counts as a success. */
export const SUCCESS_TARGETS = { completion: 0.95, timeline: 0.9, resources: 0.85 } as const;

/** Tasks that may run side by side, after those of the phases before. */
export interface PlanPhase {
  /** From 1. */
  readonly phase: number;
  readonly taskIds: readonly string[];
  /** The longest of its tasks. */
  readonly estimatedMs: number;
}

/** How likely a plan is to be late, and why. */
export interface PlanRisk {
  readonly level: 'low' | 'medium' | 'high';
  /** What makes it so, in words. */
  readonly factors: readonly string[];
}

/** How the objectives of a session are to be reached. */
export interface StrategicPlan {
  readonly phases: readonly PlanPhase[];
  /** By the critical path method. */
  readonly criticalPath: readonly string[];
  /** How long it takes at least, with as many agents as could be used. */
  readonly criticalPathMs: number;
  /** All estimates together: how long one agent alone would need. */
  readonly totalWorkMs: number;
  readonly schedule: Readonly<Record<string, TaskSchedule>>;
  /** Tasks whose estimate is the default. */
  readonly assumedEstimates: readonly string[];
  readonly estimatedCost: number;
  readonly risk: PlanRisk;
  readonly successTargets: typeof SUCCESS_TARGETS;
}

/**
 * The plan of objectives, in phases.
 *
 * @throws HierarchicalError `HIERARCHICAL_OBJECTIVES_INVALID`, `HIERARCHICAL_CYCLE`, or
 * `HIERARCHICAL_BUDGET_TOO_SMALL` where the estimates are above the budget already
 */
export function planOf(
  objectives: readonly Objective[],
  budget: SessionBudget,
  settings: Pick<HierarchicalSettings, 'defaultEstimateMs'>,
): StrategicPlan {
  const tasks = objectives.map((objective) => ({
    id: objective.id,
    dependencies: objective.dependencies,
    priority: objective.priority,
    estimatedMs: objective.estimatedDurationMs ?? settings.defaultEstimateMs,
  }));
  const phases = phasesOf(tasks);
  const { schedule, path, lengthMs } = criticalPathOf(phases);
  const estimatedCost = sum(objectives.map((objective) => objective.estimatedCost));
  refuseTooSmall(budget, estimatedCost, lengthMs);
  return {
    phases: phases.map((phase, index) => ({
      phase: index + 1,
      taskIds: phase.map(({ id }) => id),
      estimatedMs: Math.max(...phase.map(({ estimatedMs }) => estimatedMs)),
    })),
    criticalPath: path,
    criticalPathMs: lengthMs,
    totalWorkMs: sum(tasks.map(({ estimatedMs }) => estimatedMs)),
    schedule,
    assumedEstimates: objectives
      .filter(({ estimatedDurationMs }) => estimatedDurationMs === undefined)
      .map(({ id }) => id),
    estimatedCost,
    risk: riskOf(objectives),
    successTargets: SUCCESS_TARGETS,
  };
}

/** High above 3 critical tasks or 5 dependencies, medium above 1 or 2. */
export function riskOf(objectives: readonly Pick<Objective, 'priority' | 'dependencies'>[]): PlanRisk {
  const critical = objectives.filter(({ priority }) => priority >= CRITICAL_PRIORITY).length;
  const dependencies = sum(objectives.map((objective) => objective.dependencies.length));
  const level =
    critical > 3 || dependencies > 5 ? 'high' : critical > 1 || dependencies > 2 ? 'medium' : 'low';
  return {
    level,
    factors: [
      ...(critical > 1 ? [`${critical} tasks have a priority of ${CRITICAL_PRIORITY} or more`] : []),
      ...(dependencies > 2 ? [`${dependencies} dependencies between tasks`] : []),
    ],
  };
}

function refuseTooSmall(budget: SessionBudget, cost: number, lengthMs: number): void {
  const short = [
    ...(budget.cost !== undefined && cost > budget.cost + ROUNDING
      ? [`the estimated cost is ${cost}, the budget ${budget.cost}`]
      : []),
    ...(budget.timeMs !== undefined && lengthMs > budget.timeMs
      ? [`the critical path takes ${lengthMs} ms, the budget is ${budget.timeMs} ms`]
      : []),
  ];
  if (short.length === 0) return;
  throw new HierarchicalError(
    'HIERARCHICAL_BUDGET_TOO_SMALL',
    `The objectives do not fit the budget: ${short.join('; ')}. Leave objectives out, or raise it.`,
    { details: { estimatedCost: cost, criticalPathMs: lengthMs, budget } },
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
