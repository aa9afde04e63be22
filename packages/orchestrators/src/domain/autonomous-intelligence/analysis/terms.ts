import { functionWordsOf } from '../function-words.js';
import { isFiller } from './speech-fillers.js';
import type { Sentence, TextModel, Token } from './text-model.js';

/** A word or phrase a text is about, with the figures that rank it. */
export interface Term {
  /** Lemmas joined by blanks: the same for all its forms. */
  readonly key: string;
  readonly lemmas: readonly string[];
  /** Its most frequent form as written. */
  readonly surface: string;
  readonly count: number;
  /** Indices of the sentences it occurs in, ascending, each once. */
  readonly sentences: readonly number[];
  readonly score: number;
}

const MAX_PHRASE_WORDS = 4;
/** In languages the tagger does not know, a word in a larger share of the sentences is taken for a function word. */
const FUNCTION_WORD_SHARE = 0.12;
/** The same where a list knows the function words: what a text is about may well be in every third sentence. */
const LISTED_SHARE = 0.34;
const LEAST_EVERYWHERE = { unlisted: 2, listed: 6 };
const MIN_FOREIGN_LENGTH = 4;
/** Occurrences a term needs before its burstiness counts half. */
const BURSTINESS_PRIOR = 4;
/** Turns an offset in a sentence into a position in words; near enough for distances. */
const CHARACTERS_PER_WORD = 6;
/** No term scores more for gathering in one place than this. */
const MAX_BURSTINESS = 2;

/**
 * Nouns that stand for others and say nothing by themselves: an extension of the stop words, which in the model are
 * function words only. A phrase that ends in one is no term.
 */
const LIGHT_NOUNS: ReadonlySet<string> = new Set(
  (
    'thing way lot time kind sort part number bit case fact stuff guy example place point side end other one day year ' +
    'month week today tonight hand matter reason step set use order sense amount moment idea something anything ' +
    'nothing everyone everything anyone someone everybody nobody couple bunch piece type form area question answer ' +
    'hour minute decade century man people person effort purpose head eye term mr. mrs. sir madam'
  ).split(' '),
);

interface Tally {
  readonly lemmas: readonly string[];
  readonly forms: Map<string, number>;
  readonly sentences: number[];
  /** Where each occurrence begins, in words from the beginning of the text. */
  readonly positions: number[];
  /** Occurrences inside each longer phrase. */
  readonly inside: Map<string, number>;
}

/**
 * All terms of a text, best first.
 *
 * In English, candidates are the noun phrases (adjectives and nouns, ending in a noun, up to four words) and the
 * phrases inside them. Their score follows the C-value of Frantzi, Ananiadou and Mima ("Automatic recognition of
 * multi-word terms", 2000): it grows with length and frequency, and a phrase loses the occurrences that belong to a
 * longer phrase met more than once. It is multiplied by burstiness: the standard deviation of the distances between
 * occurrences over their mean (Ortuño et al., "Keyword detection in natural languages and DNA", 2002). Words of a
 * subject gather where it is spoken of; words of no subject are spread evenly. In other languages candidates are single
 * words that are not everywhere and no function words of the language ({@link functionWordsOf}), in German nouns.
 */
export function rankTerms(text: TextModel): readonly Term[] {
  const tallies = new Map<string, Tally>();
  let position = 0;
  const isCandidate = text.isEnglish ? () => false : foreignCandidates(text);
  for (const sentence of text.sentences) {
    const runs = text.isEnglish ? nounPhrases(sentence) : foreignWords(sentence, isCandidate);
    for (const run of runs) tallyRun(run, { sentence, position, tallies });
    position += sentence.wordCount;
  }
  return [...tallies].map(([key, tally]) => termOf(key, tally, tallies)).sort(byScore);
}

const byScore = (a: Term, b: Term): number =>
  b.score - a.score ||
  b.count - a.count ||
  (a.sentences[0] ?? 0) - (b.sentences[0] ?? 0) ||
  (a.key < b.key ? -1 : 1);

/** Longest runs of adjectives and nouns that end in a noun. Values such as "last year" are none. */
export function nounPhrases(sentence: Sentence): readonly (readonly Token[])[] {
  const inValue = new Set<number>();
  for (const { first, last } of sentence.values) for (let at = first; at <= last; at += 1) inValue.add(at);
  const phrases: Token[][] = [];
  let run: Token[] = [];
  const close = (): void => {
    while (run.length > 0 && run.at(-1)?.pos === 'ADJ') run.pop();
    if (run.length > 0) phrases.push(run);
    run = [];
  };
  sentence.tokens.forEach((token, at) => {
    const fits = token.isContent && token.pos !== 'VERB' && !inValue.has(at) && !isFiller(sentence, at);
    if (fits || (run.length > 0 && isInitial(token, sentence.tokens[at + 1]))) run.push(token);
    else close();
  });
  close();
  return phrases;
}

const INITIAL = /^\p{Lu}\.$/u;
/** The middle of "Lyndon B. Johnson". */
const isInitial = (token: Token, next: Token | undefined): boolean =>
  token.pos === 'PROPN' && INITIAL.test(token.text) && next?.pos === 'PROPN' && next.isContent;

type Candidate = (token: Token, opens: boolean) => boolean;

function foreignWords(sentence: Sentence, isCandidate: Candidate): readonly (readonly Token[])[] {
  const words = sentence.tokens.filter((token) => token.isWord);
  return words
    .filter((token) => isCandidate(token, token === words[0]))
    .map((token) => [{ ...token, lemma: token.normal }]);
}

/**
 * Which words of a text in another language may be a term: those that are long enough, not everywhere, and no function
 * words of the language where there is a list of them. German writes its nouns with a capital, which tells them.
 */
function foreignCandidates({ language, sentences }: TextModel): Candidate {
  const list = functionWordsOf(language);
  const known = list ?? new Set<string>();
  const isEverywhere = wordsInMoreThan(
    sentences,
    list === undefined
      ? Math.max(sentences.length * FUNCTION_WORD_SHARE, LEAST_EVERYWHERE.unlisted)
      : Math.max(sentences.length * LISTED_SHARE, LEAST_EVERYWHERE.listed),
  );
  const nounsHaveCapitals = language === 'deu' && sentences.some(hasInnerCapital);
  return ({ text, normal }, opens) =>
    normal.length >= MIN_FOREIGN_LENGTH &&
    /^\p{L}+$/u.test(normal) &&
    !known.has(text.toLowerCase()) &&
    !isEverywhere(normal) &&
    // What opens a sentence has its capital from there.
    (!nounsHaveCapitals || opens || /^\p{Lu}/u.test(text));
}

const hasInnerCapital = ({ tokens, isShouted }: Sentence): boolean =>
  !isShouted && tokens.some(({ text, isWord }, at) => at > 0 && isWord && /^\p{Lu}\p{Ll}/u.test(text));

/** Whether a word occurs in more than so many sentences. */
function wordsInMoreThan(sentences: readonly Sentence[], most: number): (normal: string) => boolean {
  const frequency = new Map<string, number>();
  for (const sentence of sentences) {
    for (const normal of new Set(sentence.tokens.map((token) => token.normal))) {
      frequency.set(normal, (frequency.get(normal) ?? 0) + 1);
    }
  }
  return (normal) => (frequency.get(normal) ?? 0) > most;
}

interface Run {
  readonly sentence: Sentence;
  readonly position: number;
  readonly tallies: Map<string, Tally>;
}

/** Counts a phrase and every phrase inside it that ends in a noun. */
function tallyRun(tokens: readonly Token[], { sentence, position, tallies }: Run): void {
  const whole = keyOf(tokens.slice(-MAX_PHRASE_WORDS));
  for (let from = 0; from < tokens.length; from += 1) {
    for (let to = from + 1; to <= Math.min(from + MAX_PHRASE_WORDS, tokens.length); to += 1) {
      const part = tokens.slice(from, to);
      if (INITIAL.test(part[0]?.text ?? '') || INITIAL.test(part.at(-1)?.text ?? '')) continue;
      if (part.at(-1)?.pos === 'ADJ' || isBare(part) || LIGHT_NOUNS.has(part.at(-1)?.lemma ?? '')) continue;
      const key = keyOf(part);
      const tally = tallies.get(key) ?? newTally(part);
      tallies.set(key, tally);
      const form = formOf(part, sentence);
      tally.forms.set(form, (tally.forms.get(form) ?? 0) + 1);
      if (tally.sentences.at(-1) !== sentence.index) tally.sentences.push(sentence.index);
      tally.positions.push(position + (part[0]?.start ?? 0) / CHARACTERS_PER_WORD);
      if (part.length < tokens.length && key !== whole)
        tally.inside.set(whole, (tally.inside.get(whole) ?? 0) + 1);
    }
  }
}

const keyOf = (tokens: readonly Token[]): string =>
  tokens.map((token) => token.lemma.toLowerCase()).join(' ');

/** One letter or a numeral is no term. */
const isBare = (tokens: readonly Token[]): boolean =>
  tokens.every((token) => token.normal.length < 3 && token.pos !== 'PROPN') ||
  /^[ivx]+\.?$/.test(keyOf(tokens));

function newTally(tokens: readonly Token[]): Tally {
  const lemmas = tokens.map((token) => token.lemma.toLowerCase());
  return { lemmas, forms: new Map(), sentences: [], positions: [], inside: new Map() };
}

/** As written, but without the capital of a beginning sentence. */
function formOf(tokens: readonly Token[], sentence: Sentence): string {
  const first = tokens[0];
  const last = tokens.at(-1);
  if (first === undefined || last === undefined) return '';
  const raw = sentence.text.slice(first.start, last.start + last.text.length).replace(/\s+/g, ' ');
  if (sentence.isShouted) return raw.toLowerCase();
  const opens =
    first.start < 2 && first.pos !== 'PROPN' && first.text.slice(1) === first.text.slice(1).toLowerCase();
  return opens ? raw.charAt(0).toLowerCase() + raw.slice(1) : raw;
}

function termOf(key: string, tally: Tally, tallies: ReadonlyMap<string, Tally>): Term {
  const count = tally.positions.length;
  const nested = [...tally.inside].filter(([whole]) => (tallies.get(whole)?.positions.length ?? 0) > 1);
  const free = count - nested.reduce((sum, [, times]) => sum + times, 0);
  const lengthBonus = count > 1 ? Math.log2(1 + tally.lemmas.length) ** 2 : 1;
  const surface = [...tally.forms].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? key;
  return {
    key,
    lemmas: tally.lemmas,
    surface,
    count,
    sentences: tally.sentences,
    score: lengthBonus * free * burstiness(tally.positions),
  };
}

/** 1 for occurrences at random, more where they gather, drawn to 1 while they are few. */
function burstiness(positions: readonly number[]): number {
  const gaps = positions.slice(1).map((at, i) => at - (positions[i] ?? 0));
  if (gaps.length < 2) return 1;
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  const raw = mean === 0 ? 1 : Math.sqrt(variance) / mean;
  const drawn = (raw * gaps.length + BURSTINESS_PRIOR) / (gaps.length + BURSTINESS_PRIOR);
  return Math.min(drawn, MAX_BURSTINESS);
}
