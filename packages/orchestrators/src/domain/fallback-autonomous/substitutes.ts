import type { TextModel } from '../autonomous-intelligence/analysis/index.js';
import type { AnalysisPart, DepthPlan } from '../autonomous-intelligence/depth-plan.js';
import { leadSummary } from '../autonomous-intelligence/lead-summary.js';
import type { Analysis, ContentDocument, Keyword } from '../autonomous-intelligence/model.js';

interface SubstituteInput {
  readonly document: ContentDocument;
  readonly plan: DepthPlan;
  readonly text: TextModel;
}

/** What makes a part of the analysis where the stage that should does not, and how that is told. */
export const SUBSTITUTES: {
  readonly [K in AnalysisPart]?: {
    readonly make: (input: SubstituteInput) => Analysis[K];
    readonly reason: string;
  };
} = {
  summary: {
    make: ({ document, plan }) => leadSummary(document, plan.summarySentences),
    reason: 'The first sentences',
  },
  keywords: {
    make: ({ text, plan }) => frequentWords(text, plan.keywords),
    reason: 'The most frequent words',
  },
};

/** Content words by how often they occur, the most frequent first; the score is the share of the first one's count. */
export function frequentWords(text: TextModel, limit: number): readonly Keyword[] {
  const counts = new Map<string, number>();
  for (const { tokens } of text.sentences) {
    for (const { lemma, isContent } of tokens) {
      if (isContent) counts.set(lemma, (counts.get(lemma) ?? 0) + 1);
    }
  }
  const sorted = [...counts].sort(([a, some], [b, more]) => more - some || (a < b ? -1 : 1)).slice(0, limit);
  const most = sorted[0]?.[1] ?? 1;
  return sorted.map(([term, count]) => ({ term, score: count / most, count }));
}
