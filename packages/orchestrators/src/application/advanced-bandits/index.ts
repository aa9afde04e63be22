export { AdvancedBanditsOrchestrator } from './advanced-bandits-orchestrator.js';
export type { AlgorithmSwitched, BanditEvaluation, BanditSummary, ModelImported } from './bandit-answers.js';
export {
  BANDIT_ALGORITHMS,
  type BanditAlgorithm,
  type BanditChoice,
  type BanditModel,
  type BanditObservation,
  type BanditShape,
} from './algorithms/bandit-model.js';
export {
  type BanditAlgorithmSettings,
  DEFAULT_BANDIT_SETTINGS,
  makeBanditModel,
} from './algorithms/make-bandit-model.js';
export type { DoublyRobustSettings } from './algorithms/doubly-robust.js';
export type { LinUcbSettings } from './algorithms/linucb.js';
export type { OffsetTreeSettings } from './algorithms/offset-tree.js';
export type { ThompsonGaussianSettings } from './algorithms/thompson-gaussian.js';
export { type BanditDomain, DEFAULT_BANDIT_DOMAINS } from './bandit-domains.js';
export { BanditError, type BanditErrorCode } from './bandit-error.js';
export { ADVANCED_BANDITS_OPTIONS, type AdvancedBanditsOptions } from './bandit-options.js';
export {
  BanditDomainParams,
  type BanditLogRow,
  EvaluatePolicyParams,
  ImportModelParams,
  MakeDecisionParams,
  MAX_LOG_ROWS,
  PerformanceSummaryParams,
  ProvideFeedbackParams,
  SwitchAlgorithmParams,
} from './bandit-params.js';
export {
  BANDIT_FORMAT_VERSION,
  type BanditDecision,
  type BanditDomainReport,
  type BanditFeedback,
} from './book/domain-book.js';
export type { BanditPerformance } from './book/performance.js';
export {
  evaluatePolicy,
  type EvaluationSettings,
  type IntervalMethod,
  type LoggedDecision,
  type PolicyEstimate,
  type PolicyEvaluation,
} from './evaluation/off-policy.js';
export { BanditRandom, type BanditRandomState } from './learning/bandit-random.js';
export type {
  BanditCategoryFeature,
  BanditFeature,
  BanditFeatures,
  BanditNumberFeature,
} from './learning/feature-encoder.js';
