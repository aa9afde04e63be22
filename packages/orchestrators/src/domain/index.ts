export {
  AnalyzeParams,
  GetParams,
  ListParams,
  SearchParams,
} from './autonomous-intelligence/analysis-params.js';
export { AutonomousIntelligenceOrchestrator } from './autonomous-intelligence/autonomous-intelligence-orchestrator.js';
export {
  renderHtml,
  renderJson,
  renderMarkdown,
  renderTerminal,
  type TerminalOptions,
} from './autonomous-intelligence/briefing/index.js';
export {
  ANALYSIS_PARTS,
  type AnalysisPart,
  DEPTH_PLANS,
  type DepthPlan,
} from './autonomous-intelligence/depth-plan.js';
export type { FailedStage, FinishedWork } from './autonomous-intelligence/finished-work.js';
export {
  type Analysis,
  type Briefing,
  type CheckedClaim,
  type Claim,
  CONTENT_FORMATS,
  type ContentDocument,
  type ContentFormat,
  type CueFinding,
  type Depth,
  DEPTHS,
  type Entity,
  ENTITY_KINDS,
  type EntityKind,
  type Evidence,
  type Keyword,
  type ParsedContent,
  type ParseWarning,
  type QualityScore,
  type RawContent,
  type Readability,
  type Segment,
  type Sentiment,
  type SentimentScore,
  type StageNote,
  type SummarySentence,
  type TextReference,
  type Topic,
  type Verdict,
  VERDICTS,
} from './autonomous-intelligence/model.js';
export { failureCode, portFailure } from './autonomous-intelligence/port-failure.js';
export {
  BRIEFING_STORE,
  type BriefingStore,
  type BriefingSummary,
  type Completion,
  type CompletionRequest,
  CONTENT_SOURCE,
  type ContentSource,
  KNOWLEDGE_SOURCE,
  type KnowledgeSource,
  LANGUAGE_MODEL,
  type LanguageModel,
  type Page,
  type PortError,
  type SearchHit,
  type Snippet,
} from './autonomous-intelligence/ports.js';
export {
  KnowledgeBase,
  KnowledgeError,
  type KnowledgeErrorCode,
  type Knowledge,
  type KnowledgeFact,
  type KnowledgeStatement,
  loadOfficeHolders,
  parseKnowledge,
} from './autonomous-intelligence/verification/index.js';
export { FallbackAutonomousOrchestrator } from './fallback-autonomous/fallback-autonomous-orchestrator.js';
export { FallbackParams } from './fallback-autonomous/fallback-params.js';
