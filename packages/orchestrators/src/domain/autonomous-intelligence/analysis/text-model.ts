import type { PartOfSpeech } from 'wink-nlp';
import type { Segment, TextReference } from '../model.js';

/** One word, number or sign of a sentence. */
export interface Token {
  /** As written. */
  readonly text: string;
  /**
   * Lower-cased, contractions taken apart (the two tokens of "don't" are `do` and `not`), some British spellings made
   * American; for names compare {@link text}.
   */
  readonly normal: string;
  /** Dictionary form of {@link normal}; equal to it for words the model does not know. */
  readonly lemma: string;
  readonly pos: PartOfSpeech;
  /** A word or number, as opposed to punctuation, symbols and emoji. */
  readonly isWord: boolean;
  readonly isStopWord: boolean;
  /** A noun, proper noun, verb or adjective of at least two letters that is no stop word. */
  readonly isContent: boolean;
  /** In the scope of a negation. */
  readonly isNegated: boolean;
  /** Offset of the first character in the text of its sentence, in UTF-16 code units. */
  readonly start: number;
}

export const VALUE_KINDS = ['date', 'time', 'duration', 'money', 'percent', 'number', 'ordinal'] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

/** A date, an amount or a number as the language model found it. */
export interface NamedValue {
  readonly kind: ValueKind;
  readonly text: string;
  /** Index of its first token in the sentence. */
  readonly first: number;
  /** Index of its last token in the sentence. */
  readonly last: number;
}

/** A sentence with everything the parts of an analysis share. */
export interface Sentence {
  /** Position in {@link TextModel.sentences}. */
  readonly index: number;
  /** {@link Segment.index} of the segment it lies in; a sentence never spans two. */
  readonly segment: number;
  readonly kind: Segment['kind'];
  readonly speaker?: string;
  /** Beginning of the cue in which the sentence begins, in milliseconds: it is not earlier than that. */
  readonly startMs?: number;
  /** Exactly as it stands in the segment, without surrounding white space. */
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Number of tokens that are words. */
  readonly wordCount: number;
  /** Sentiment, -1 to 1, from the words and their negation. */
  readonly polarity: number;
  readonly values: readonly NamedValue[];
  /** Written in capitals throughout, so that case says nothing about names. */
  readonly isShouted: boolean;
}

/** A document, read once and shared by all parts of its analysis. Plain data; nobody changes it. */
export interface TextModel {
  /** ISO 639-3, as the document says. */
  readonly language: string;
  /** Whether the English model applies: `eng`, or `und` where the language could not be told. */
  readonly isEnglish: boolean;
  readonly sentences: readonly Sentence[];
  readonly wordCount: number;
  /** Segments with at least one sentence. */
  readonly segmentCount: number;
}

/** Longest quote of a reference, in UTF-16 code units; a longer sentence is quoted up to there. */
export const MAX_QUOTE_LENGTH = 2000;

/** Where a sentence stands. The quote is a verbatim part of the segment. */
export function referenceTo(sentence: Sentence): TextReference {
  return {
    segment: sentence.segment,
    sentence: sentence.index,
    quote: sentence.text.slice(0, MAX_QUOTE_LENGTH),
    ...(sentence.speaker === undefined ? {} : { speaker: sentence.speaker }),
    ...(sentence.startMs === undefined ? {} : { startMs: sentence.startMs }),
  };
}

/** Its words, without punctuation. */
export function wordsOf(sentence: Sentence): readonly Token[] {
  return sentence.tokens.filter((token) => token.isWord);
}

/** Whether it ends as a question. */
export function isQuestion(sentence: Sentence): boolean {
  return /\?["'”’)\]]{0,3}$/.test(sentence.text.slice(-8));
}
