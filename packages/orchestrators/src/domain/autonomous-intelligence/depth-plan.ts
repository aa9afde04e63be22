import type { Analysis, Depth } from './model.js';

/** A part of the analysis that reads the text by itself. */
export type AnalysisPart = keyof Analysis;

/** In the order of their worth to a reader: where things go wrong, the first ones are tried first. */
export const ANALYSIS_PARTS = [
  'summary',
  'keywords',
  'sentiment',
  'claims',
  'entities',
  'topics',
  'fallacies',
  'persuasion',
  'readability',
  'quality',
] as const satisfies readonly AnalysisPart[];

/** Stages of the depth `experimental` alone; a briefing without them is one of `comprehensive`. */
export const EXTRA_STAGES = ['alternatives', 'crosscheck', 'revision', 'grounding'] as const;
export type ExtraStage = (typeof EXTRA_STAGES)[number];

/** What one depth runs, and how much of it. */
export interface DepthPlan {
  readonly parts: readonly AnalysisPart[];
  /** Whether the claims are compared with the knowledge. */
  readonly verifies: boolean;
  /** Whether a language model, where one is configured, writes a narrative. */
  readonly narrates: boolean;
  /**
   * Whether the model checks its narrative against the material and writes it again, and the one of the two stands
   * that holds less which the material does not.
   */
  readonly revises: boolean;
  /** Whether the text is summarised in several ways, of which the best stands. */
  readonly compares: boolean;
  /** Whether the claims are compared with what briefings of other sources say. */
  readonly crossChecks: boolean;
  readonly summarySentences: number;
  readonly keywords: number;
  readonly topics: number;
  readonly claims: number;
  readonly sentimentSlices: number;
  /** Statements shown beside a claim without a verdict. */
  readonly relatedStatements: number;
}

/**
 * Which stages each depth runs. Every depth acquires, parses, reads the text, makes a briefing and stores it.
 *
 * | depth         | parts of the analysis        | verification | narrative | sentences | claims |
 * | ------------- | ---------------------------- | ------------ | --------- | --------- | ------ |
 * | quick         | summary, keywords, sentiment | no           | no        | 3         | 0      |
 * | standard      | all ten                      | yes          | no        | 5         | 20     |
 * | deep          | all ten                      | yes          | yes       | 8         | 40     |
 * | comprehensive | all ten                      | yes          | yes       | 12        | 100    |
 * | experimental  | all ten                      | yes          | revised   | 16        | 200    |
 *
 * `experimental` adds to `comprehensive` what costs more and is not known to be worth it for every content:
 *
 * - `alternatives`: the text is summarised in three ways, and the one whose words diverge least from those of the text
 *   is the summary (see `compareSummaries`)
 * - `crosscheck`: the claims are compared with the statements of the tenant's briefings of other sources
 * - `revision`: the model writes its narrative again, told what in it the material does not hold
 * - `grounding`: draft and revision are compared with the material, and the one with fewer unfounded sentences stands
 */
export const DEPTH_PLANS: Readonly<Record<Depth, DepthPlan>> = {
  quick: {
    parts: ['summary', 'keywords', 'sentiment'],
    verifies: false,
    narrates: false,
    revises: false,
    compares: false,
    crossChecks: false,
    summarySentences: 3,
    keywords: 10,
    topics: 0,
    claims: 0,
    sentimentSlices: 5,
    relatedStatements: 0,
  },
  standard: {
    parts: ANALYSIS_PARTS,
    verifies: true,
    narrates: false,
    revises: false,
    compares: false,
    crossChecks: false,
    summarySentences: 5,
    keywords: 15,
    topics: 6,
    claims: 20,
    sentimentSlices: 10,
    relatedStatements: 3,
  },
  deep: {
    parts: ANALYSIS_PARTS,
    verifies: true,
    narrates: true,
    revises: false,
    compares: false,
    crossChecks: false,
    summarySentences: 8,
    keywords: 20,
    topics: 8,
    claims: 40,
    sentimentSlices: 12,
    relatedStatements: 3,
  },
  comprehensive: {
    parts: ANALYSIS_PARTS,
    verifies: true,
    narrates: true,
    revises: false,
    compares: false,
    crossChecks: false,
    summarySentences: 12,
    keywords: 30,
    topics: 12,
    claims: 100,
    sentimentSlices: 20,
    relatedStatements: 5,
  },
  experimental: {
    parts: ANALYSIS_PARTS,
    verifies: true,
    narrates: true,
    revises: true,
    compares: true,
    crossChecks: true,
    summarySentences: 16,
    keywords: 40,
    topics: 16,
    claims: 200,
    sentimentSlices: 30,
    relatedStatements: 8,
  },
};

/** What is done once more, in a smaller form, where the whole did not work. */
export function simplified(plan: DepthPlan): DepthPlan {
  const { summarySentences, keywords, topics, claims, sentimentSlices, relatedStatements } =
    DEPTH_PLANS.quick;
  return {
    ...plan,
    summarySentences,
    keywords,
    topics: Math.min(plan.topics, Math.max(topics, 3)),
    claims: Math.min(plan.claims, Math.max(claims, 10)),
    sentimentSlices,
    relatedStatements,
  };
}
