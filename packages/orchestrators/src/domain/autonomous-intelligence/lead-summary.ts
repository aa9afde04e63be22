import type { ContentDocument, SummarySentence } from './model.js';
import { timeOf } from './time-of.js';

/** Shorter sentences are greetings and names. */
const MIN_SENTENCE_LENGTH = 40;
const MAX_QUOTE_LENGTH = 2_000;

/**
 * The first sentences of a document that are long enough to say something: what is left of a summary where the
 * text cannot be read by the language model. Scores only keep the order.
 */
export function leadSummary(document: ContentDocument, sentences: number): readonly SummarySentence[] {
  const splitter = new Intl.Segmenter(undefined, { granularity: 'sentence' });
  const found: SummarySentence[] = [];
  let sentence = 0;
  for (const segment of document.segments) {
    for (const { segment: raw, index } of splitter.segment(segment.text)) {
      const quote = raw.trim();
      if (segment.kind !== 'heading' && quote.length >= MIN_SENTENCE_LENGTH) {
        const startMs = timeOf(segment, index + raw.length - raw.trimStart().length);
        found.push({
          segment: segment.index,
          sentence,
          quote: quote.slice(0, MAX_QUOTE_LENGTH),
          ...(segment.speaker === undefined ? {} : { speaker: segment.speaker }),
          ...(startMs === undefined ? {} : { startMs }),
          score: 1 - found.length / sentences,
        });
        if (found.length === sentences) return found;
      }
      sentence += 1;
    }
  }
  return found;
}
