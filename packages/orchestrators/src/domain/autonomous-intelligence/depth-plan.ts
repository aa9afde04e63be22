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

/** What one depth runs, and how much of it. */
export interface DepthPlan {
  readonly parts: readonly AnalysisPart[];
  /** Whether the claims are compared with the knowledge. */
  readonly verifies: boolean;
  /** Whether a language model, where one is configured, writes a narrative. */
  readonly narrates: boolean;
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
 * | depth         | parts of the analysis                  | verification | narrative | sentences | claims |
 * | ------------- | -------------------------------------- | ------------ | --------- | --------- | ------ |
 * | quick         | summary, keywords, sentiment           | no           | no        | 3         | 0      |
 * | standard      | all ten                                | yes          | no        | 5         | 20     |
 * | deep          | all ten                                | yes          | yes       | 8         | 40     |
 * | comprehensive | all ten                                | yes          | yes       | 12        | 100    |
 */
export const DEPTH_PLANS: Readonly<Record<Depth, DepthPlan>> = {
  quick: {
    parts: ['summary', 'keywords', 'sentiment'],
    verifies: false,
    narrates: false,
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
    summarySentences: 12,
    keywords: 30,
    topics: 12,
    claims: 100,
    sentimentSlices: 20,
    relatedStatements: 5,
  },
};
