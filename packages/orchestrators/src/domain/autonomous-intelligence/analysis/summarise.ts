import type { SummarySentence } from '../model.js';
import { countOption } from './analysis-option-error.js';
import { pageRank, similarityGraph } from './similarity-graph.js';
import { distinctTerms } from './extract-keywords.js';
import { centroid, cosine, project, termVectors } from './term-vectors.js';
import type { TermVector } from './term-vectors.js';
import { rankTerms } from './terms.js';
import { isQuestion, referenceTo } from './text-model.js';
import type { Sentence, TextModel, Token } from './text-model.js';

export interface SummaryOptions {
  /**
   * How many sentences; fewer where the text has fewer fit ones.
   *
   * @minimum 1
   * @default 5
   */
  readonly sentences?: number;
}

/** Sentences compared with each other at most; beyond that only those nearest to the text as a whole take part. */
const MAX_COMPARED = 1500;
/** Cosine from which two sentences are neighbours. */
const EDGE_THRESHOLD = 0.1;
/** Weight of centrality against novelty. */
const RELEVANCE = 0.7;
const SHORTEST = 7;
const LONGEST = 60;
/** Shorter or longer sentences are worth less to a reader of a summary. */
const COMFORTABLE = { least: 16, most: 36 };
/** Terms that make a sentence salient, and what they weigh against centrality. */
const SALIENT_TERMS = 60;
const SALIENCE = 0.5;

/**
 * The sentences that say most of the text, in document order.
 *
 * Centrality is continuous LexRank: PageRank over the cosine graph of TF-IDF vectors (Erkan and Radev, "LexRank:
 * Graph-based Lexical Centrality as Salience in Text Summarization", JAIR 22, 2004). It counts half; the other half is
 * how many of the 60 best terms of the text ({@link rankTerms}) a sentence holds, by their scores and the root of its
 * length. The sum is raised a little at the beginning and the end of the text and lowered for sentences that lean on
 * others ("this", "they", "those answers"), speak of the speaking ("Let me tell you"), begin with the mark of a list, hold
 * an address, or are very short or long. The choice is by maximal marginal relevance (Carbonell and Goldstein, SIGIR
 * 1998), so that nothing is said twice. Headings, questions, greetings, boilerplate ("subscribe to …") and fragments are
 * left out as long as anything else is there. Of more than 1500 sentences, those nearest to the centroid of the text are
 * compared. Deterministic.
 *
 * @throws AnalysisOptionError when `sentences` is not an integer of at least 1
 */
export function summarise(text: TextModel, options: SummaryOptions = {}): readonly SummarySentence[] {
  const wanted = countOption('sentences', options.sentences, 5);
  const candidates = candidatesOf(text);
  const { vectors: all, termCount } = termVectors(candidates);
  const kept = nearestToCentroid(all, termCount);
  const vectors = kept.map((at) => all[at] ?? { terms: [], weights: [] });
  const rank = pageRank(similarityGraph({ vectors, termCount }, EDGE_THRESHOLD));
  const sentences = kept.flatMap((at) => candidates[at] ?? []);
  const salience = relative(salienceOf(sentences, text));
  const centrality = relative(Array.from(rank));
  const scores = relative(
    sentences.map(
      (sentence, i) =>
        (SALIENCE * (salience[i] ?? 0) + (1 - SALIENCE) * (centrality[i] ?? 0)) *
        fitness(sentence, text.sentences.length),
    ),
  );
  return choose(scores, vectors, wanted)
    .sort((a, b) => a - b)
    .flatMap((at) => {
      const sentence = sentences[at];
      return sentence === undefined ? [] : [{ ...referenceTo(sentence), score: scores[at] ?? 0 }];
    });
}

function candidatesOf(text: TextModel): readonly Sentence[] {
  const seen = new Set<string>();
  const distinct = text.sentences.filter((sentence) => {
    const key = sentence.tokens.map((token) => token.normal).join(' ');
    if (sentence.wordCount === 0 || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const prose = distinct.filter((sentence) => sentence.kind !== 'heading');
  const fit = prose.filter((sentence) => stands(sentence, text.isEnglish));
  if (fit.length > 0) return fit;
  return prose.length > 0 ? prose : distinct;
}

/** Whether it can stand alone: a statement with a verb, neither a fragment nor a list of half a page. */
function stands(sentence: Sentence, isEnglish: boolean): boolean {
  if (sentence.wordCount < SHORTEST || sentence.wordCount > LONGEST || isQuestion(sentence)) return false;
  if (!isEnglish) return true;
  return (
    sentence.tokens.some((token) => token.pos === 'VERB' || token.pos === 'AUX') &&
    !isGreeting(sentence) &&
    !BOILERPLATE.test(sentence.text)
  );
}

/** What a site or a show says below or between its texts, whatever they are about. */
const BOILERPLATE =
  /\b(?:neither endorses nor|all rights reserved|terms of (?:use|service)|privacy policy|cookie(?:s| policy)\b.{0,40}\b(?:accept|use|browser)|subscribe (?:to|on|now|wherever|so)|sign up (?:for|to) (?:our|the)|click (?:here|the link|on)|follow us|this (?:episode|show|podcast) is (?:sponsored|brought)|leave (?:us )?a (?:review|rating|comment)|links? in the (?:description|show notes)|hypertext links|we provide these links)\b/iu;

const isGreeting = (sentence: Sentence): boolean =>
  sentence.tokens.slice(0, 4).some((token) => token.lemma === 'thank' || token.lemma === 'welcome');

/** Values relative to the highest, which becomes 1. */
function relative(values: readonly number[]): readonly number[] {
  const highest = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => value / highest);
}

function salienceOf(sentences: readonly Sentence[], text: TextModel): readonly number[] {
  const sums = new Map<number, number>();
  for (const term of distinctTerms(rankTerms(text), SALIENT_TERMS)) {
    for (const at of term.sentences) sums.set(at, (sums.get(at) ?? 0) + Math.sqrt(term.score));
  }
  return sentences.map((sentence) => (sums.get(sentence.index) ?? 0) / Math.sqrt(sentence.wordCount));
}

const LEANING: ReadonlySet<string> = new Set([
  'this',
  'that',
  'these',
  'those',
  'it',
  'he',
  'she',
  'they',
  'such',
  'them',
  'others',
]);
const LEANING_FACTOR = 0.75;
/** "Those answers", "that goal", "only one of these": what was meant stands before. Not "those who". */
const POINTS_BACK = /\b(?:these|those|such|that same)\b(?! (?:who|whom|whose|which|that|as|of us|at|in)\b)/iu;
/** Talk about the talk, or to the audience. */
const TALK =
  /^(?:(?:and|but|so|now|well),? )?(?:let me (?:tell|say|be|just|make|give|begin|start|repeat|remind|add|explain)|let us (?:say|be)|i (?:want|would like|wish|have) to (?:tell|say|thank|remind)|i (?:tell|remind|say to|ask|assure|might add)\b|my fellow|you (?:know|see|remember)\b|as (?:i|you) (?:said|know)|we (?:must|should) remember)|\blet me (?:tell you|be clear|level with you)\b/iu;
const TALK_FACTOR = 0.6;
const EDGE_FACTOR = 1.15;

/** Factor for place, length and independence, around 1. */
function fitness(sentence: Sentence, total: number): number {
  const words = sentence.tokens.filter((token) => token.isWord);
  const place = sentence.index / Math.max(total - 1, 1);
  const edge = place < 0.05 || place > 0.95 ? EDGE_FACTOR : 1;
  const length = Math.min(sentence.wordCount / COMFORTABLE.least, COMFORTABLE.most / sentence.wordCount, 1);
  const opening = words[0];
  const opensLeaning = opening !== undefined && (LEANING.has(opening.normal) || opening.pos === 'CCONJ');
  const pointsBack =
    words
      .slice(1)
      .some((word) => word.pos === 'PRON' && word.normal.startsWith('th') && LEANING.has(word.normal)) ||
    POINTS_BACK.test(sentence.text);
  return (
    edge *
    length *
    (opensLeaning ? LEANING_FACTOR : 1) *
    (pointsBack ? LEANING_FACTOR : 1) *
    headingFactor(words) *
    (TALK.test(sentence.text) ? TALK_FACTOR : 1) *
    (APPARATUS.test(sentence.text) ? APPARATUS_FACTOR : 1)
  );
}

/** A mark of a list or a footnote in front, an address inside, or a colon that leads to what is not quoted. */
const APPARATUS = /^(?:\(?\p{L}\)|[IVX]{1,4}\.|\[\^|#{1,6}\s)|https?:\/\/|:$/u;
const APPARATUS_FACTOR = 0.5;

/** A heading in capitals that ran into the sentence makes a poor quote. */
function headingFactor(words: readonly Token[]): number {
  const capitals = words.filter((word) => /^\p{Lu}{4,}$/u.test(word.text)).length;
  return capitals >= 2 ? 0.5 : 1;
}

/** Indices of the vectors to compare, ascending. */
function nearestToCentroid(vectors: readonly TermVector[], termCount: number): readonly number[] {
  const indices = vectors.map((_, i) => i);
  if (vectors.length <= MAX_COMPARED) return indices;
  const centre = centroid({ vectors, termCount });
  const nearness = vectors.map((vector) => project(vector, centre));
  return indices
    .sort((a, b) => (nearness[b] ?? 0) - (nearness[a] ?? 0) || a - b)
    .slice(0, MAX_COMPARED)
    .sort((a, b) => a - b);
}

/** Greedy choice by maximal marginal relevance. */
function choose(scores: readonly number[], vectors: readonly TermVector[], wanted: number): number[] {
  const chosen: number[] = [];
  const nearest = new Float64Array(scores.length);
  const open = new Set(scores.keys());
  while (chosen.length < wanted && open.size > 0) {
    let best = -1;
    let bestGain = Number.NEGATIVE_INFINITY;
    for (const i of open) {
      const gain = RELEVANCE * (scores[i] ?? 0) - (1 - RELEVANCE) * (nearest[i] ?? 0);
      if (gain > bestGain) {
        best = i;
        bestGain = gain;
      }
    }
    open.delete(best);
    chosen.push(best);
    const pick = vectors[best];
    if (pick === undefined) break;
    for (const i of open) {
      const other = vectors[i];
      if (other !== undefined) nearest[i] = Math.max(nearest[i] ?? 0, cosine(pick, other));
    }
  }
  return chosen;
}
