import { languageName } from '../language-name.js';
import type { Analysis } from '../model.js';
import type { TextModel } from './text-model.js';

/** A part of an analysis that says less than usual about a text, and why. */
export interface AnalysisLimit {
  readonly part: keyof Analysis;
  readonly reason: string;
}

const ENGLISH_ONLY = ['sentiment', 'claims', 'fallacies', 'persuasion'] as const;
const ENGLISH_MADE = ['entities', 'readability', 'keywords'] as const;

/**
 * Parts that are reduced for a text: in other languages than English, sentiment scores nothing, claims and cues are
 * empty, entities hold only values, keywords are single words, and readability uses formulas made for English. None
 * for English. What comes out can be told to a reader as it is.
 */
export function analysisLimits(text: TextModel): readonly AnalysisLimit[] {
  if (text.isEnglish) return [];
  const language = `the language is ${languageName(text.language)} and the model is English`;
  return [
    ...ENGLISH_ONLY.map((part) => ({ part, reason: `Not analysed: ${language}.` })),
    ...ENGLISH_MADE.map((part) => ({ part, reason: `Reduced: ${language}.` })),
  ];
}
