export {
  type BanditAnswer,
  type BanditDesk,
  BanditModelRouter,
  type BanditQuestion,
} from './bandit-model-router.js';
export type { ComponentState } from './component-track.js';
export { FeedbackError, type FeedbackErrorCode } from './feedback-error.js';
export { UNIFIED_FEEDBACK_OPTIONS, type UnifiedFeedbackOptions } from './feedback-options.js';
export {
  HealthParams as FeedbackHealthParams,
  MAX_BATCH as MAX_FEEDBACK_BATCH,
  RecommendParams as FeedbackRecommendParams,
  SubmitAgentParams,
  SubmitBatchParams,
  SubmitFeedbackParams,
  SubmitRagParams,
  type SubmittedSignal,
  SubmitToolParams,
  SubmitTrajectoryParams,
} from './feedback-params.js';
export {
  type ConsolidationRequest,
  FEEDBACK_AGENT_ROUTER,
  FEEDBACK_FEATURE_ENGINEER,
  FEEDBACK_MODEL_ROUTER,
  FEEDBACK_PORTS,
  FEEDBACK_PROMPT_LIBRARY,
  FEEDBACK_RAG_CONSOLIDATOR,
  FEEDBACK_RAG_FEEDBACK,
  FEEDBACK_SHADOW_DEPLOYER,
  FEEDBACK_THRESHOLD_BANDIT,
  FEEDBACK_TOOL_ROUTER,
  type FeatureEngineerPort,
  type FeedbackLearnerPort,
  type FeedbackPortName,
  type FeedbackPorts,
  lazyPort,
  type LearnerChoice,
  type LearnerRequest,
  type RagConsolidatorPort,
  type ShadowDeployerPort,
} from './feedback-ports.js';
export type {
  FeedbackComponentHealth,
  FeedbackHealth,
  FeedbackMetrics,
  RecommendedComponent,
  SubmittedFeedback,
  SubmittedFeedbacks,
} from './feedback-report.js';
export {
  FEEDBACK_COMPONENTS,
  FEEDBACK_SOURCES,
  type FeedbackComponent,
  type FeedbackContext,
  type FeedbackSignal,
  type FeedbackSource,
} from './feedback-signal.js';
export { encodeContext, type FeatureEncoder } from './learning/context-features.js';
export type {
  FeedbackRecommendation,
  FeedbackRequest,
  MemoryAdvice,
  PromptTarget,
  RankedComponent,
} from './learning/learner.js';
export { PROMPT_KINDS } from './learning/prompt-tester.js';
export type { ShadowReport } from './learning/shadow-comparison.js';
export type { FeedbackPortReport, FeedbackPortState } from './port-desk.js';
export type { FeedbackTrajectory, TrajectoryTool } from './read-trajectory.js';
export type { RetrievedChunk } from './read-signal.js';
export { UnifiedFeedbackOrchestrator } from './unified-feedback-orchestrator.js';
