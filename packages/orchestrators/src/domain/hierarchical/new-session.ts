import type { HierarchicalSettings } from './hierarchical-options.js';
import type { CreateSessionParams } from './hierarchical-params.js';
import { objectiveOf } from './objective.js';
import { SESSION_FORMAT, type SessionRecord, type TaskRecord } from './session-record.js';
import { planOf } from './strategic-plan.js';

/** A new session, planned. @throws HierarchicalError as `planOf` does */
export function newSession(
  params: CreateSessionParams,
  identity: { readonly sessionId: string; readonly now: number },
  settings: HierarchicalSettings,
): SessionRecord {
  const objectives = params.objectives.map(objectiveOf);
  const { cost, timeMs } = params.budget ?? {};
  const budget = { ...(cost === undefined ? {} : { cost }), ...(timeMs === undefined ? {} : { timeMs }) };
  const plan = planOf(objectives, budget, settings);
  const phases = new Map(plan.phases.flatMap(({ phase, taskIds }) => taskIds.map((id) => [id, phase])));
  const tasks = objectives.map((objective): [string, TaskRecord] => [
    objective.id,
    {
      objective,
      phase: phases.get(objective.id) ?? 1,
      estimatedMs: objective.estimatedDurationMs ?? settings.defaultEstimateMs,
      status: 'pending',
      attempts: 0,
      retryCount: 0,
      grantedRetries: 0,
      givenUp: false,
      spent: 0,
    },
  ]);
  return {
    formatVersion: SESSION_FORMAT,
    sessionId: identity.sessionId,
    name: params.name,
    missionContext: params.missionContext ?? null,
    ...(params.workspace === undefined ? {} : { workspace: params.workspace }),
    budget,
    plan,
    createdAt: identity.now,
    status: 'idle',
    executedMs: 0,
    spent: 0,
    degraded: false,
    tasks: Object.fromEntries(tasks),
    routing: [],
    escalations: [],
    recoveries: [],
  };
}
