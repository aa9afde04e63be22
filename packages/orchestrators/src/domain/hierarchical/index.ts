export {
  AGENT_ROLES,
  type AgentCall,
  type AgentExecutor,
  type AgentRegistration,
  type AgentRole,
  type AgentRun,
  type AgentTask,
  type Escalation,
  GENERAL_CAPABILITY,
  HIERARCHICAL_AGENTS,
  type SupervisorDecision,
  type SupervisorFunction,
} from './agent.js';
export type { AgentReport } from './agent-pool.js';
export {
  HierarchicalError,
  type HierarchicalErrorCode,
  type HierarchicalErrorInit,
} from './hierarchical-error.js';
export { HIERARCHICAL_OPTIONS, type HierarchicalOptions } from './hierarchical-options.js';
export { HierarchicalOrchestrator } from './hierarchical-orchestrator.js';
export type { CreatedSession, RecoveredSession, RegisteredAgent } from './session-answers.js';
export {
  CancelSessionParams,
  CreateSessionParams,
  HeartbeatParams as AgentHeartbeatParams,
  RecoverSessionParams,
  RegisterAgentParams,
  SessionParams as HierarchicalSessionParams,
} from './hierarchical-params.js';
export type { ObjectiveInput, SessionBudget } from './objective.js';
export {
  type FailureAnalysis,
  RECOVERY_STRATEGIES,
  type RecoveryChoice,
  type RecoveryStrategy,
} from './recovery.js';
export {
  type EscalationRecord,
  type RoutingRecord,
  SESSION_STATUSES,
  type SessionStatus,
  type TaskFailure,
  type TaskStatus,
} from './session-record.js';
export type {
  Advice as SessionAdvice,
  Bottleneck as SessionBottleneck,
  SessionMetrics,
  SessionMonitor,
  SessionOutcome,
  TargetReport as SessionTarget,
  TaskReport as SessionTaskReport,
} from './session-reports.js';
export { type PlanPhase, type PlanRisk, SUCCESS_TARGETS, type StrategicPlan } from './strategic-plan.js';
export type { HierarchicalStatus, SessionSummary } from './system-status.js';
export {
  type CriticalPath,
  criticalPathOf,
  type GraphTask,
  phasesOf,
  type TaskSchedule,
} from './task-graph.js';
