import type { CueFinding } from '../model.js';
import { referenceTo } from './text-model.js';
import type { Sentence, TextModel, Token } from './text-model.js';
import { winkReader } from './wink-reader.js';

/** Strength of a word from which on it is loaded, on wink-nlp's scale of -1 to 1; "terrible" has -0.6. */
const LOADED = 0.55;
/** What the strengths of the words of one sign must add up to; praise is cheap, "good" and "best" count as loaded. */
const MIN_SUM = { negative: 1.45, positive: 2.2 };
const MIN_WORDS = 2;
/** Share of a sentence's words that must be loaded. */
const MIN_SHARE = 0.08;
const OPEN_CLASS: ReadonlySet<string> = new Set(['ADJ', 'ADV', 'NOUN', 'VERB', 'PROPN']);

/**
 * Sentences in which strong words of one sign stand close together, in document order. How strong a word is, the
 * sentiment lexicon of wink-nlp tells. Words under a negation do not count, nor, for praise, nouns and verbs: the lexicon
 * has "work" and "meet" as strong as "great".
 */
export function loadedLanguage(text: TextModel): readonly CueFinding[] {
  const strength = wordStrengths(text);
  return text.sentences.flatMap((sentence) => {
    if (sentence.kind === 'heading') return [];
    const loaded = sentence.tokens.filter((token) => isOpen(token) && !token.isNegated);
    const negative = distinct(loaded.filter((token) => (strength.get(token.normal) ?? 0) <= -LOADED));
    const praise = loaded.filter((token) => token.pos === 'ADJ' || token.pos === 'ADV');
    const positive = distinct(praise.filter((token) => (strength.get(token.normal) ?? 0) >= LOADED));
    const sign = negative.length >= positive.length ? 'negative' : 'positive';
    const words = sign === 'negative' ? negative : positive;
    const sum = words.reduce((total, word) => total + Math.abs(strength.get(word) ?? 0), 0);
    if (words.length < MIN_WORDS || sum < MIN_SUM[sign] || words.length / sentence.wordCount < MIN_SHARE)
      return [];
    return [findingOf(sentence, words, sign)];
  });
}

const isOpen = (token: Token): boolean => token.isWord && !token.isStopWord && OPEN_CLASS.has(token.pos);

function distinct(tokens: readonly Token[]): readonly string[] {
  return [...new Set(tokens.map((token) => token.normal))];
}

function findingOf(sentence: Sentence, words: readonly string[], sign: string): CueFinding {
  return {
    ...referenceTo(sentence),
    kind: 'loaded-language',
    explanation: `Strong ${sign} words close together: ${words.map((word) => `"${word}"`).join(', ')}.`,
    confidence: Math.min(0.8, 0.3 + 0.1 * words.length + words.length / sentence.wordCount),
  };
}

function wordStrengths(text: TextModel): ReadonlyMap<string, number> {
  const words = new Set<string>();
  for (const sentence of text.sentences) {
    for (const token of sentence.tokens)
      if (isOpen(token) && /^\p{L}+$/u.test(token.normal)) words.add(token.normal);
  }
  const list = [...words];
  const polarities = winkReader.polarities(list);
  return new Map(list.map((word, i) => [word, polarities[i] ?? 0]));
}
