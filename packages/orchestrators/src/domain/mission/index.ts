export type { CapabilityReport, MissingCapability } from './capability-check.js';
export { type BriefingDigest, DEFAULT_MISSION_AGENTS } from './default-agents.js';
export {
  MISSION_AGENTS,
  MISSION_PROBES,
  type MissionAgent,
  type MissionAgents,
  type MissionBrief,
  type MissionCapabilityProbe,
  type MissionContent,
  type ProbeAnswer as MissionProbeAnswer,
} from './mission-agent.js';
export {
  BUDGET_CATEGORIES,
  type BudgetCategory,
  type DepthTable,
  MISSION_DEPTH_TABLES,
  MISSION_DEPTHS,
  type MissionDepth,
} from './mission-depth.js';
export { MissionError, type MissionErrorCode } from './mission-error.js';
export { MISSION_OPTIONS, type MissionOptions } from './mission-options.js';
export { MissionOrchestrator } from './mission-orchestrator.js';
export {
  CancelMissionParams,
  GetMissionParams,
  ListMissionsParams,
  PlanMissionParams,
  RunMissionParams,
} from './mission-params.js';
export type { LeftOutStage, MissionEstimate, MissionPlan, PlannedStage } from './mission-plan.js';
export {
  type Mission,
  MISSION_STATUSES,
  type MissionOutcome,
  type MissionStatus,
  type MissionSummary,
  type StageOutcome,
} from './mission-record.js';
export { MISSION_STAGES, type MissionStage, type StagePriority } from './mission-stages.js';
export type { StageTiming } from './stage-history.js';
