export { FallbackAutonomousOrchestrator } from './fallback-autonomous-orchestrator.js';
export { FallbackParams } from './fallback-params.js';
export { FALLBACK_RUNGS, type FallbackRung } from './fallback-rung.js';
export {
  FALLBACK_QUALITIES,
  FALLBACK_STAGES,
  type FallbackQuality,
  type FallbackStage,
  type FallbackStageOutcome,
} from './five-stages.js';
