import type { FeedbackContext } from '../feedback-signal.js';
import { textHash } from './text-hash.js';

/** Turns what is known of a choice into numbers; the same for the same context. */
export type FeatureEncoder = (context: FeedbackContext, dimensions: number) => ArrayLike<number>;

/** What is known only afterwards. A choice cannot depend on it, so nothing is predicted from it. */
const OUTCOMES: ReadonlySet<string> = new Set([
  'accuracy',
  'chunks',
  'costUsd',
  'decisionId',
  'durationMs',
  'durationS',
  'efficiency',
  'errorHandling',
  'latencyMs',
  'numResults',
  'overallScore',
  'quality',
  'qualityScore',
  'queryId',
  'relevance',
  'relevanceScore',
  'reward',
  'success',
  'trajectoryId',
  'value',
]);

/** What a number of that name is divided by. */
const SCALES: Readonly<Record<string, number>> = Object.freeze({ tokens: 10_000, length: 20, hour: 24 });

/**
 * Numbers and claims by their name, texts by name and value, each in one of the places after the first, which is 1
 * for everything. Numbers are bent into −1 to 1 by tanh. Names share places without harm while they are few: the
 * hashing trick of Weinberger et al., "Feature hashing for large scale multitask learning" (2009).
 */
export const encodeContext: FeatureEncoder = (context, dimensions) => {
  const features = new Array<number>(dimensions).fill(0);
  features[0] = 1;
  const places = dimensions - 1;
  for (const key of Object.keys(context)) {
    if (OUTCOMES.has(key)) continue;
    const value = context[key];
    let hash: number;
    let number: number;
    if (typeof value === 'number') {
      hash = textHash(key);
      number = Math.tanh(value / (Object.hasOwn(SCALES, key) ? (SCALES[key] as number) : 1));
    } else if (typeof value === 'boolean') {
      hash = textHash(key);
      number = value ? 1 : -1;
    } else if (typeof value === 'string') {
      hash = textHash(value, textHash(key));
      number = 1;
    } else {
      continue;
    }
    const place = 1 + (hash % places);
    features[place] = (features[place] as number) + ((hash & 0x4000_0000) === 0 ? number : -number);
  }
  return features;
};
