export {
  AUTONOMY_ENDINGS,
  type AutonomyEnding,
  type AutonomyMetrics,
  type AutonomyProbeCounts,
} from './autonomy-counters.js';
export { AutonomyError, type AutonomyErrorCode } from './autonomy-error.js';
export {
  ENHANCED_AUTONOMOUS_OPTIONS,
  type EnhancedAutonomousOptions,
  type EnhancedAutonomousSettings,
} from './autonomy-options.js';
export {
  AUTONOMY_PREFERENCES,
  type AutonomyPreference,
  EnhancedAnalyzeParams,
  GetCapabilitiesParams,
  GetPathHistoryParams,
} from './autonomy-params.js';
export { AUTONOMY_PATHS, type AutonomyPath, type AutonomyStep } from './autonomy-path.js';
export {
  AUTONOMY_PROBES,
  type AutonomyCapability,
  type AutonomyProbe,
  type AutonomyProbeAnswer,
  type LackKind,
  type ProbeablePort,
  type ProbeRequest,
} from './autonomy-probe.js';
export {
  type AutonomyReport,
  autonomyReportOf,
  type MissingNeed,
  type PathAttempt,
  renderAutonomyReport,
  type StageMark,
} from './autonomy-report.js';
export type { PathChoice } from './choose-path.js';
export {
  type AutonomyCapabilities,
  type AutonomyHistory,
  EnhancedAutonomousOrchestrator,
} from './enhanced-autonomous-orchestrator.js';
export type { PathFigures } from './path-history.js';
export type { PathStatistics, RunOutcome } from './path-statistics.js';
