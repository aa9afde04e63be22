import type { AgentExecutor, AgentRegistration } from '../hierarchical/agent.js';
import type { ObjectiveInput } from '../hierarchical/objective.js';
import { MissionError } from './mission-error.js';
import type { MissionAgents } from './mission-agent.js';
import type { MissionPlan } from './mission-plan.js';
import { STAGE_PRIORITIES } from './mission-stages.js';

/** What `hierarchical` knows an agent of missions under. */
export function agentIdOf(agent: string): string {
  return `mission.${agent}`;
}

/** The stages of a plan as objectives. A mission goes on without those that are not critical. */
export function objectivesOf(plan: MissionPlan): readonly ObjectiveInput[] {
  return plan.stages.map((stage) => ({
    id: stage.id,
    title: stage.title,
    priority: STAGE_PRIORITIES[stage.priority],
    dependencies: stage.needs,
    capabilities: [agentIdOf(stage.agent)],
    estimatedDurationMs: stage.estimatedMs,
    estimatedCost: stage.budgetUsd,
    optional: stage.priority !== 'critical',
  }));
}

/** Stands for the stage of planning, which the orchestrator of missions does itself. */
export const CONFIRMED: AgentExecutor = () => undefined;

/** What is done around the executors. */
export interface StageHooks {
  /** Does the stage of planning, unless another agent is bound for it. */
  readonly confirm: AgentExecutor;
  /** A stage has ended, one way or another. */
  readonly onEnd: (tenantId: string, sessionId: string, stage: string) => void;
}

/** The agents of a plan, as they are registered. */
export function registrationsOf(
  plan: MissionPlan,
  agents: MissionAgents,
  hooks: StageHooks,
): readonly AgentRegistration[] {
  return plan.agents.map((name) => {
    const agent = agents[name];
    if (agent === undefined || agent === false) {
      throw new MissionError(
        'MISSION_CAPABILITY_MISSING',
        `The agent "${name}" of the plan is not bound any more. Bind it under MISSION_AGENTS, or plan another mission.`,
        {
          missing: [
            { name, reason: 'It is not bound any more.', fix: `Bind "${name}" under MISSION_AGENTS.` },
          ],
        },
      );
    }
    const work = agent.execute === CONFIRMED ? hooks.confirm : agent.execute;
    const execute: AgentExecutor = async (task, run) => {
      try {
        return await work(task, run);
      } finally {
        hooks.onEnd(run.tenantId, task.sessionId, task.taskId);
      }
    };
    return {
      agentId: agentIdOf(name),
      capabilities: [agentIdOf(name)],
      ...(agent.capacity === undefined ? {} : { capacity: agent.capacity }),
      execute,
    };
  });
}
