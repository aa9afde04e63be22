import { analysisTools } from './analysis-tools.js';
import type { TextModel } from './analysis/index.js';
import type { AnalysisPart, DepthPlan } from './depth-plan.js';
import type { Analysis, ContentDocument } from './model.js';

/** What every part of the analysis works from. */
export interface PartInput {
  readonly text: TextModel;
  readonly document: ContentDocument;
  readonly plan: DepthPlan;
}

type Tools = Awaited<ReturnType<typeof analysisTools.analysis>>;

const PARTS: { readonly [K in AnalysisPart]: (tools: Tools, input: PartInput) => Analysis[K] } = {
  summary: (tools, { text, plan }) => tools.summarise(text, { sentences: plan.summarySentences }),
  keywords: (tools, { text, plan }) => tools.extractKeywords(text, { limit: plan.keywords }),
  topics: (tools, { text, plan }) => tools.findTopics(text, { limit: plan.topics }),
  entities: (tools, { text }) => tools.findEntities(text),
  sentiment: (tools, { text, plan }) => tools.scoreSentiment(text, { slices: plan.sentimentSlices }),
  claims: (tools, { text, plan }) => tools.extractClaims(text, { limit: plan.claims }),
  fallacies: (tools, { text }) => tools.findFallacyCues(text),
  persuasion: (tools, { text }) => tools.findPersuasionCues(text),
  readability: (tools, { text }) => tools.scoreReadability(text),
  quality: (tools, { text, document }) => tools.scoreQuality(text, document),
};

/** Makes one part of the analysis. */
export async function makePart<K extends AnalysisPart>(part: K, input: PartInput): Promise<Analysis[K]> {
  return PARTS[part](await analysisTools.analysis(), input);
}
