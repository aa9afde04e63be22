import type { Sentiment, SentimentScore } from '../model.js';
import { countOption } from './analysis-option-error.js';
import type { Sentence, TextModel } from './text-model.js';

export interface SentimentOptions {
  /**
   * Into how many equal parts the text is cut; fewer where it has fewer sentences.
   *
   * @minimum 1
   * @default 10
   */
  readonly slices?: number;
}

/**
 * Means nearer to zero than this are neutral. Twice the customary threshold of VADER (Hutto and Gilbert, "VADER: A
 * Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014), which is one for single
 * sentences: over longer texts words lean to the positive side whatever they speak of (Dodds and others, "Human
 * language reveals a universal positivity bias", PNAS 112, 2015).
 */
export const NEUTRAL_BELOW = 0.1;
/**
 * The same for one sentence, falling with the root of how many there are: a single coloured word in a single sentence
 * may be chance. From seven sentences on, {@link NEUTRAL_BELOW} holds. Chosen on the development sentences of
 * tests/quality and on the ratings that came with VADER.
 */
const NEUTRAL_ALONE = 0.25;

/**
 * How positive or negative the text is: the polarity of each sentence (the word lexicon of wink-nlp with negation, -1
 * to 1), averaged with the words as weights over the whole, each speaker and each slice. Headings do not count.
 *
 * A negative mean is a negative number, never its size. The lexicon is English: for any other language, and for an
 * empty text, every score is zero over `sentences: 0`, which says that nothing was scored.
 *
 * @throws AnalysisOptionError when `slices` is not an integer of at least 1
 */
export function scoreSentiment(text: TextModel, options: SentimentOptions = {}): Sentiment {
  const slices = countOption('slices', options.slices, 10);
  const scored = text.isEnglish
    ? text.sentences.filter((sentence) => sentence.kind !== 'heading' && sentence.wordCount > 0)
    : [];
  return {
    overall: scoreOf(scored),
    bySpeaker: speakerScores(scored),
    overTime: sliceScores(scored, slices),
  };
}

function scoreOf(sentences: readonly Sentence[]): SentimentScore {
  const words = sentences.reduce((sum, sentence) => sum + sentence.wordCount, 0);
  const weighed = sentences.reduce((sum, sentence) => sum + sentence.polarity * sentence.wordCount, 0);
  const polarity = weighed === 0 ? 0 : Math.min(1, Math.max(-1, weighed / words));
  const band = Math.max(NEUTRAL_BELOW, NEUTRAL_ALONE / Math.sqrt(Math.max(1, sentences.length)));
  const label = polarity <= -band ? 'negative' : polarity >= band ? 'positive' : 'neutral';
  return { polarity, label, sentences: sentences.length };
}

/** In order of first appearance. */
function speakerScores(sentences: readonly Sentence[]): Sentiment['bySpeaker'] {
  const turns = new Map<string, Sentence[]>();
  for (const sentence of sentences) {
    if (sentence.speaker === undefined) continue;
    const own = turns.get(sentence.speaker);
    if (own === undefined) turns.set(sentence.speaker, [sentence]);
    else own.push(sentence);
  }
  return [...turns].map(([speaker, own]) => ({ speaker, ...scoreOf(own) }));
}

function sliceScores(sentences: readonly Sentence[], wanted: number): Sentiment['overTime'] {
  const slices = Math.min(wanted, sentences.length);
  return Array.from({ length: slices }, (_, slice) => {
    const from = Math.floor((slice * sentences.length) / slices);
    const part = sentences.slice(from, Math.floor(((slice + 1) * sentences.length) / slices));
    const startMs = part[0]?.startMs;
    return { slice, ...(startMs === undefined ? {} : { startMs }), ...scoreOf(part) };
  });
}
