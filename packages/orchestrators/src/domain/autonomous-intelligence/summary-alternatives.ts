import type { Sentence, TextModel } from './analysis/index.js';
import type { SummaryMeasure, SummaryMethod, SummarySentence, TextReference } from './model.js';

/** Sentences of other lengths are greetings, fragments and lists. */
const SHORTEST = 7;
const LONGEST = 60;

/** A summary, and the way it was made. */
export interface SummaryCandidate {
  readonly method: SummaryMethod;
  readonly sentences: readonly SummarySentence[];
}

/** The candidate that stands best for its text, and how all of them measure. */
export interface ComparedSummaries {
  readonly summary: readonly SummarySentence[];
  readonly measures: readonly SummaryMeasure[];
}

type Refer = (sentence: Sentence) => TextReference;

/** The first sentences that can stand alone. Scores only keep the order. */
export function leadSentences(text: TextModel, wanted: number, refer: Refer): readonly SummarySentence[] {
  return standing(text)
    .slice(0, wanted)
    .map((sentence, at) => ({ ...refer(sentence), score: 1 - at / Math.max(wanted, 1) }));
}

/**
 * Sentences by the mean frequency of their words, in the order of the text. With each choice the frequencies of its
 * words are squared, so that what was said counts less: SumBasic of Nenkova and Vanderwende ("The Impact of Frequency
 * on Summarization", MSR-TR-2005-101).
 */
export function frequentSentences(text: TextModel, wanted: number, refer: Refer): readonly SummarySentence[] {
  const sentences = standing(text);
  const words = sentences.map((sentence) => wordsIn(sentence, text));
  const frequency = distribution(words.flat());
  const weight = (at: number): number => {
    const own = words[at] ?? [];
    return own.length === 0 ? 0 : own.reduce((sum, word) => sum + (frequency.get(word) ?? 0), 0) / own.length;
  };
  const open = new Set(sentences.keys());
  const chosen: { readonly at: number; readonly weight: number }[] = [];
  while (chosen.length < wanted && open.size > 0) {
    let best = { at: -1, weight: -1 };
    for (const at of open) {
      const own = weight(at);
      if (own > best.weight) best = { at, weight: own };
    }
    open.delete(best.at);
    chosen.push(best);
    for (const word of new Set(words[best.at])) frequency.set(word, (frequency.get(word) ?? 0) ** 2);
  }
  const most = Math.max(...chosen.map((each) => each.weight), Number.MIN_VALUE);
  return chosen
    .sort((a, b) => a.at - b.at)
    .flatMap(({ at, weight: own }) => {
      const sentence = sentences[at];
      return sentence === undefined ? [] : [{ ...refer(sentence), score: own / most }];
    });
}

/**
 * Measures candidates by the Jensen–Shannon divergence of their words from those of the text, which is what agrees best
 * with human judgement where there is no model summary to compare with (Louis and Nenkova, "Automatically Assessing
 * Machine Summary Content Without a Gold Standard", Computational Linguistics 39(2), 2013). A longer summary would have
 * it easier, so each is measured over as many words as the shortest has. Of equal ones the first stands. A candidate
 * without sentences takes no part.
 */
export function compareSummaries(
  text: TextModel,
  candidates: readonly SummaryCandidate[],
): ComparedSummaries | undefined {
  const measured = candidates
    .filter(({ sentences }) => sentences.length > 0)
    .map((candidate) => ({
      ...candidate,
      words: candidate.sentences.flatMap(({ sentence: at }) => {
        const sentence = text.sentences[at];
        return sentence === undefined ? [] : wordsIn(sentence, text);
      }),
    }));
  const shortest = Math.min(...measured.map(({ words }) => words.length));
  const whole = distribution(text.sentences.flatMap((sentence) => wordsIn(sentence, text)));
  const rated = measured.map(({ words, ...candidate }) => ({
    ...candidate,
    divergence: divergence(distribution(words.slice(0, shortest)), whole),
  }));
  const [first] = rated;
  if (first === undefined) return undefined;
  const best = rated.reduce((least, each) => (each.divergence < least.divergence ? each : least), first);
  return {
    summary: best.sentences,
    measures: rated.map((each) => ({
      method: each.method,
      divergence: each.divergence,
      isChosen: each === best,
    })),
  };
}

/** Jensen–Shannon divergence in bits, 0 to 1; 1 where one of them is empty. */
export function divergence(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  if (a.size === 0 || b.size === 0) return 1;
  let sum = 0;
  for (const word of new Set([...a.keys(), ...b.keys()])) {
    const p = a.get(word) ?? 0;
    const q = b.get(word) ?? 0;
    const mean = (p + q) / 2;
    if (p > 0) sum += (p * Math.log2(p / mean)) / 2;
    if (q > 0) sum += (q * Math.log2(q / mean)) / 2;
  }
  return Math.min(1, Math.max(0, sum));
}

/** Shares of the words, adding up to 1. */
export function distribution(words: readonly string[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const word of words) shares.set(word, (shares.get(word) ?? 0) + 1 / words.length);
  return shares;
}

function standing(text: TextModel): readonly Sentence[] {
  const prose = text.sentences.filter(({ kind }) => kind !== 'heading');
  const fit = prose.filter(({ wordCount }) => wordCount >= SHORTEST && wordCount <= LONGEST);
  return fit.length > 0 ? fit : prose;
}

/** The words that carry content; in languages without a tagger, the longer ones. */
function wordsIn({ tokens }: Sentence, { isEnglish }: TextModel): readonly string[] {
  return isEnglish
    ? tokens.filter(({ isContent }) => isContent).map(({ lemma }) => lemma.toLowerCase())
    : tokens.filter(({ isWord, normal }) => isWord && normal.length > 3).map(({ normal }) => normal);
}
