import type { ContentDocument, Segment } from '../model.js';
import { timeOf } from '../time-of.js';
import { analysedText } from './analysed-text.js';
import type { AnalysedText } from './analysed-text.js';
import { continuesName, continuesSentence } from './sentence-boundary.js';
import { withPolarity } from './sentence-polarity.js';
import type { NamedValue, Sentence, TextModel, Token, ValueKind } from './text-model.js';
import { winkReader } from './wink-reader.js';
import type { ReadText, ReadToken } from './wink-reader.js';

/** Longer sentences are cut where a clause begins: captions without full stops would else be one sentence. */
const MAX_SENTENCE_WORDS = 150;
const MIN_PIECE_TOKENS = 30;
const MAX_PIECE_TOKENS = 60;
/** Characters the model reads at once; bounds the memory a reading needs. */
const MAX_READ_LENGTH = 100_000;

const VALUE_KIND: Readonly<Record<string, ValueKind>> = {
  DATE: 'date',
  TIME: 'time',
  DURATION: 'duration',
  MONEY: 'money',
  PERCENT: 'percent',
  CARDINAL: 'number',
  ORDINAL: 'ordinal',
};
const CONTENT_POS: ReadonlySet<string> = new Set(['NOUN', 'PROPN', 'VERB', 'ADJ']);
const TWO_LETTERS = /\p{L}.*\p{L}/u;
/** "in." at the end of a sentence is read as the abbreviation; neither it nor "ft." is what a text is about. */
const ABBREVIATED = /^\p{Ll}{1,3}\.$/u;
const MARK_TYPES: ReadonlySet<string> = new Set([
  'punctuation',
  'symbol',
  'currency',
  'emoji',
  'emoticon',
  'tabCRLF',
]);

/** A sentence before its place in the document is known; `at` is its offset in the segment. */
type Draft = Omit<Sentence, 'index'> & { readonly at: number };

/**
 * Reads a document once for all parts of an analysis: sentences with their tokens, part of speech, lemma, stop-word and
 * negation flags, sentiment ({@link withPolarity}) and values, by wink-nlp's English model.
 *
 * A sentence never spans two segments. Stage directions such as "[Applause]" are not read. Other languages are split
 * and tokenised well enough for counting; `isEnglish` tells that the rest of the model does not apply.
 */
export function readText(document: ContentDocument): TextModel {
  const drafts = joinBroken(document.segments);
  const read = drafts.flat().map(({ at: _at, ...draft }, index): Sentence => ({ index, ...draft }));
  const isEnglish = document.language === 'eng' || document.language === 'und';
  const sentences = isEnglish ? withPolarity(read) : read;
  return {
    language: document.language,
    isEnglish,
    sentences,
    wordCount: sentences.reduce((sum, sentence) => sum + sentence.wordCount, 0),
    segmentCount: drafts.filter((segment) => segment.length > 0).length,
  };
}

function readSegment(segment: Segment): Draft[] {
  const analysed = analysedText(segment.text);
  return stretches(analysed.text).flatMap(([from, to]) =>
    draftsOf(winkReader.read(analysed.text.slice(from, to)), { segment, analysed, from }),
  );
}

/** Cuts a very long text at sentence ends. Every stretch but the last ends with a full stop or at the limit. */
function stretches(text: string): [number, number][] {
  const found: [number, number][] = [];
  let from = 0;
  while (text.length - from > MAX_READ_LENGTH) {
    const stop = text.lastIndexOf('. ', from + MAX_READ_LENGTH);
    const blank = text.lastIndexOf(' ', from + MAX_READ_LENGTH);
    const to = stop > from ? stop + 1 : blank > from ? blank : from + MAX_READ_LENGTH;
    found.push([from, to]);
    from = to;
  }
  found.push([from, text.length]);
  return found;
}

interface Place {
  readonly segment: Segment;
  readonly analysed: AnalysedText;
  /** Offset of the stretch that was read in the analysed text. */
  readonly from: number;
}

function draftsOf(read: ReadText, place: Place): Draft[] {
  return read.sentences.flatMap(({ first, last, polarity }) => {
    const tokens = read.tokens.slice(first, last + 1).filter((token) => token.pos !== 'SPACE');
    if (tokens.length > MAX_SENTENCE_WORDS && tokens.filter(isWord).length > MAX_SENTENCE_WORDS) {
      return pieces(tokens).flatMap(([from, to]) =>
        draftsOf(winkReader.read(place.analysed.text.slice(place.from + from, place.from + to)), {
          ...place,
          from: place.from + from,
        }),
      );
    }
    const draft = draftOf(tokens, polarity, place);
    if (draft === undefined) return [];
    return [{ ...draft, values: valuesIn(read, first, last, place) }];
  });
}

function draftOf(tokens: readonly ReadToken[], polarity: number, place: Place): Draft | undefined {
  const opening = tokens[0];
  const closing = tokens.at(-1);
  if (opening === undefined || closing === undefined) return undefined;
  const { segment, analysed, from } = place;
  const start = analysed.toRaw(from + opening.at);
  const end = analysed.toRaw(from + closing.at + closing.text.length);
  const startMs = timeOf(segment, start);
  const made = tokens.map((token) => tokenOf(token, analysed.toRaw(from + token.at) - start));
  return {
    at: start,
    segment: segment.index,
    kind: segment.kind,
    ...(segment.speaker === undefined ? {} : { speaker: segment.speaker }),
    ...(startMs === undefined ? {} : { startMs }),
    text: segment.text.slice(start, end),
    tokens: made,
    wordCount: made.filter((token) => token.isWord).length,
    polarity,
    values: [],
    isShouted: analysed.isShouted,
  };
}

const isWord = (token: ReadToken): boolean =>
  token.pos !== 'PUNCT' && !MARK_TYPES.has(token.type) && /[\p{L}\p{N}]/u.test(token.text);

function tokenOf(token: ReadToken, start: number): Token {
  const word = isWord(token);
  return {
    text: token.text,
    normal: token.normal,
    lemma: token.lemma,
    pos: token.pos,
    isWord: word,
    isStopWord: token.isStopWord,
    isContent:
      word &&
      !token.isStopWord &&
      CONTENT_POS.has(token.pos) &&
      TWO_LETTERS.test(token.normal) &&
      !ABBREVIATED.test(token.text),
    isNegated: token.isNegated,
    start,
  };
}

function valuesIn(
  read: ReadText,
  first: number,
  last: number,
  { analysed, from, segment }: Place,
): NamedValue[] {
  const values: NamedValue[] = [];
  for (let at = lowerBound(read.entities, first); at < read.entities.length; at += 1) {
    const entity = read.entities[at];
    if (entity === undefined || entity.first > last) break;
    const kind = VALUE_KIND[entity.type];
    const opening = read.tokens[entity.first];
    const closing = read.tokens[entity.last];
    if (kind === undefined || opening === undefined || closing === undefined || entity.last > last) continue;
    const text = segment.text.slice(
      analysed.toRaw(from + opening.at),
      analysed.toRaw(from + closing.at + closing.text.length),
    );
    values.push({ kind, text, first: entity.first - first, last: entity.last - first });
  }
  return values;
}

/** Index of the first span that does not begin before `first`; spans are in text order. */
function lowerBound(spans: readonly { readonly first: number }[], first: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.first ?? 0) < first) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Text ranges of the pieces of an overlong sentence: cut before a conjunction or after a semicolon, else anywhere. */
function pieces(tokens: readonly ReadToken[]): [number, number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  while (from < tokens.length) {
    let to = Math.min(from + MAX_PIECE_TOKENS, tokens.length);
    if (to < tokens.length) {
      for (let at = to; at >= from + MIN_PIECE_TOKENS; at -= 1) {
        if (tokens[at - 1]?.text === ';' || tokens[at]?.pos === 'CCONJ' || tokens[at]?.pos === 'SCONJ') {
          to = at;
          break;
        }
      }
    }
    const last = tokens[to - 1];
    ranges.push([tokens[from]?.at ?? 0, (last?.at ?? 0) + (last?.text.length ?? 0)]);
    from = to;
  }
  return ranges;
}

/** Joins what the splitter tore apart: after abbreviations, and before lower case in a text that has capitals. */
function joinBroken(segments: readonly Segment[]): Draft[][] {
  const read = segments.map(readSegment);
  const all = read.flat();
  const heedCase = all.filter((draft) => /^\p{Ll}/u.test(draft.text)).length <= all.length * 0.1;
  return read.map((drafts, i) => {
    const joined: Draft[] = [];
    for (const draft of drafts) {
      const before = joined.at(-1);
      const isTight = before !== undefined && draft.at === before.at + before.text.length;
      if (
        before !== undefined &&
        (continuesSentence(before.text, draft.text, heedCase) ||
          (isTight && continuesName(before.text, draft.text)))
      ) {
        joined[joined.length - 1] = join(before, draft, segments[i]?.text ?? '');
      } else joined.push(draft);
    }
    return joined;
  });
}

function join(before: Draft, after: Draft, raw: string): Draft {
  const shift = after.at - before.at;
  const wordCount = before.wordCount + after.wordCount;
  const weighed = before.polarity * before.wordCount + after.polarity * after.wordCount;
  const moved = after.values.map((value) => ({
    ...value,
    first: value.first + before.tokens.length,
    last: value.last + before.tokens.length,
  }));
  return {
    ...before,
    text: raw.slice(before.at, after.at + after.text.length),
    tokens: [...before.tokens, ...after.tokens.map((token) => ({ ...token, start: token.start + shift }))],
    wordCount,
    polarity: wordCount === 0 ? 0 : weighed / wordCount,
    values: [...before.values, ...moved],
  };
}
