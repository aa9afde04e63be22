import type { SessionOutcome } from '../hierarchical/session-reports.js';
import { BUDGET_CATEGORIES, type BudgetCategory } from './mission-depth.js';
import { byCategory, type MissionPlan } from './mission-plan.js';
import type { MissionOutcome, MissionStatus, StageOutcome } from './mission-record.js';

/** What became of a mission, from what became of its session. */
export function missionStatusOf(
  session: SessionOutcome | undefined,
  plan: Pick<MissionPlan, 'degraded'>,
  isCancelled: boolean,
): MissionStatus {
  if (session?.status === 'completed') return session.degraded || plan.degraded ? 'degraded' : 'completed';
  return isCancelled || session?.status === 'cancelled' ? 'cancelled' : 'failed';
}

/** Per stage, spent beside planned. */
export function missionOutcomeOf(
  plan: MissionPlan,
  session: SessionOutcome,
  cancelled?: string,
): MissionOutcome {
  const stages = plan.stages.map((stage): StageOutcome => {
    const task = session.executionResults[stage.id];
    const isOver = task?.status === 'completed' || task?.status === 'failed' || task?.status === 'cancelled';
    return {
      stage: stage.id,
      agent: stage.agent,
      status: isOver ? task.status : 'open',
      ...(task?.outcome === undefined ? {} : { outcome: task.outcome }),
      attempts: task?.attempts ?? 0,
      ...(task?.durationMs === undefined ? {} : { durationMs: task.durationMs }),
      plannedUsd: stage.budgetUsd,
      spentUsd: task?.spent ?? 0,
      ...(stage.category === undefined ? {} : { category: stage.category }),
      ...(task?.failure === undefined ? {} : { error: task.failure.error }),
      ...(task?.reason === undefined ? {} : { reason: task.reason }),
    };
  });
  const planned = byCategory(stages, ({ plannedUsd }) => plannedUsd);
  const spent = byCategory(stages, ({ spentUsd }) => spentUsd);
  const failure = cancelled ?? session.failure?.error;
  return {
    stages,
    plannedUsd: plan.budget.plannedUsd,
    spentUsd: session.performanceMetrics.spent,
    byCategory: Object.fromEntries(
      BUDGET_CATEGORIES.map((category) => [
        category,
        { plannedUsd: planned[category], spentUsd: spent[category] },
      ]),
    ) as Record<BudgetCategory, { plannedUsd: number; spentUsd: number }>,
    estimatedMinutes: plan.estimate.minutes,
    minutes: session.performanceMetrics.executedMs / 60_000,
    ...(failure === undefined ? {} : { failure }),
  };
}

/** How long the completed stages have taken. */
export function measuredStages({ executionResults }: SessionOutcome): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(executionResults).flatMap(([stage, { status, durationMs }]) =>
      status === 'completed' && durationMs !== undefined ? [[stage, durationMs] as const] : [],
    ),
  );
}

/** What the completed stages have given. */
export function outputsOf({ executionResults }: SessionOutcome): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(executionResults).flatMap(([stage, { output }]) =>
      output === undefined ? [] : [[stage, output]],
    ),
  );
}
