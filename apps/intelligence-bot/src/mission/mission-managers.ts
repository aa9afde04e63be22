import type { ErrorCategory } from '@kapelle/core';
import type { AgentRegistration, Escalation, SupervisorDecision } from '@kapelle/orchestrators';

/** Failures that another attempt may get past. */
const MAY_PASS: readonly string[] = [
  'network',
  'timeout',
  'rate_limit',
  'service_unavailable',
  'service_overloaded',
  'circuit_breaker_open',
  'dependency_failure',
  'external_service_error',
] satisfies readonly ErrorCategory[];

/** Decides what a mission can do without; what it cannot is for the supervisor. */
function manage({ severity, errorCategory }: Escalation): SupervisorDecision | undefined {
  if (severity === 'critical') return undefined;
  return MAY_PASS.includes(errorCategory) ? 'retry' : 'give_up';
}

/** Gives what may pass one more attempt before the mission fails. */
function supervise({ errorCategory }: Escalation): SupervisorDecision {
  return MAY_PASS.includes(errorCategory) ? 'retry' : 'fail';
}

/** Who decides, for every tenant, about stages that have failed in spite of their retries. */
export const MISSION_MANAGERS: readonly AgentRegistration[] = [
  {
    agentId: 'mission.manager',
    role: 'workflow_manager',
    reportsTo: 'mission.supervisor',
    decide: manage,
  },
  { agentId: 'mission.supervisor', role: 'executive_supervisor', decide: supervise },
];
