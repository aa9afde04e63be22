export {
  type AnalysisBudgetLimits,
  type AnalysisBudgetReport,
  type AnalysisCost,
  type AnalysisPrices,
  COST_CATEGORIES,
  type CostCategory,
  DEPTH_BUDGETS,
} from './autonomous-intelligence/analysis-budget.js';
export {
  AnalyzeParams,
  GetParams,
  ListParams,
  SearchParams,
} from './autonomous-intelligence/analysis-params.js';
export {
  AUTONOMOUS_ERROR_CODES,
  type AutonomousErrorCode,
  AutonomousIntelligenceError,
} from './autonomous-intelligence/autonomous-error.js';
export { AutonomousIntelligenceOrchestrator } from './autonomous-intelligence/autonomous-intelligence-orchestrator.js';
export {
  AUTONOMOUS_INTELLIGENCE_OPTIONS,
  type AutonomousIntelligenceOptions,
} from './autonomous-intelligence/autonomous-options.js';
export {
  renderHtml,
  renderJson,
  renderMarkdown,
  renderTerminal,
  type SettledSentence,
  settledSummary,
  type TerminalOptions,
} from './autonomous-intelligence/briefing/index.js';
export {
  ANALYSIS_PARTS,
  type AnalysisPart,
  DEPTH_PLANS,
  type DepthPlan,
} from './autonomous-intelligence/depth-plan.js';
export type { FailedStage, FinishedWork } from './autonomous-intelligence/finished-work.js';
export { groundedIn, type GroundedText } from './autonomous-intelligence/ground-narrative.js';
export {
  type Analysis,
  type Briefing,
  type CheckedClaim,
  type Claim,
  type ClaimCrossCheck,
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
  type ExperimentFindings,
  type Keyword,
  type NarrativeGrounding,
  type ParsedContent,
  type ParseWarning,
  type QualityScore,
  type RawContent,
  type Readability,
  type Segment,
  type Sentiment,
  type SentimentScore,
  type StageNote,
  SUMMARY_METHODS,
  type SummaryMeasure,
  type SummaryMethod,
  type SummarySentence,
  type TextReference,
  type Topic,
  type UnfoundedSentence,
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
