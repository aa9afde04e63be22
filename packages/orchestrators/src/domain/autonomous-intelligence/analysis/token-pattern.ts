import { isPast } from './past-tense.js';
import type { Token } from './text-model.js';

/** A pattern over the words of a sentence, compiled by {@link tokenPattern}. */
export interface TokenPattern {
  readonly source: string;
  /** Whether it must begin with the first word. */
  readonly anchored: boolean;
  readonly elements: readonly Element[];
  /** Words one of each of which must occur: lets most sentences be dismissed without trying. */
  readonly needs: readonly (readonly string[])[];
}

type Test = (token: Token) => boolean;

interface Element {
  /** Alternatives; each is one test per word. */
  readonly alternatives: readonly (readonly Test[])[];
  readonly negated: boolean;
  readonly optional: boolean;
  /** Up to this many words may be skipped here instead of a test; 0 for an ordinary element. */
  readonly gap: number;
}

/** Words from `first` to `last`, both included. */
export interface PatternMatch {
  readonly first: number;
  readonly last: number;
}

/**
 * Compiles a pattern. Its elements are separated by blanks and stand for one word each, alternatives may have several:
 * `word` the lower-cased word, contractions apart (`do not`); `~be` any form of that lemma; `#NOUN` a part of speech as
 * wink-nlp names it; `#Plural` and `#Past` for a noun in the plural and a verb in the past; `(a|~b|#C|d e)` one of several;
 * `!x` anything but x; `x?` may be missing; `..4` up to four words of any kind. `^` in front ties the pattern to the
 * first word of the sentence. Punctuation is not seen, but `..n` does not reach across a semicolon or colon.
 */
export function tokenPattern(source: string): TokenPattern {
  const parts = source.match(/!?\([^)]*\)\??|\S+/g) ?? [];
  const anchored = parts[0] === '^';
  const body = anchored ? parts.slice(1) : parts;
  return { source, anchored, elements: body.map(elementOf), needs: body.flatMap((part) => neededBy(part)) };
}

/** The first words of the alternatives, one of which must be there; nothing for parts of speech, gaps and options. */
function neededBy(part: string): readonly (readonly string[])[] {
  if (/^!|^\.\.|#|\?$/.test(part)) return [];
  return [
    part
      .replace(/^\(|\)$/g, '')
      .split('|')
      .map((item) => item.trim().split(/\s+/)[0] ?? ''),
  ];
}

function elementOf(part: string): Element {
  const gap = /^\.\.(\d+)$/.exec(part)?.[1];
  if (gap !== undefined) return { alternatives: [], negated: false, optional: false, gap: Number(gap) };
  const negated = part.startsWith('!');
  const optional = part.endsWith('?');
  const body = part.slice(negated ? 1 : 0, optional ? -1 : undefined).replace(/^\(|\)$/g, '');
  const alternatives = body.split('|').map((item) => item.trim().split(/\s+/).map(testOf));
  return { alternatives, negated, optional, gap: 0 };
}

function testOf(item: string): Test {
  if (item === '#Plural')
    return (token) => token.pos === 'NOUN' && token.normal !== token.lemma && token.normal.endsWith('s');
  if (item === '#Past') return isPast;
  if (item.startsWith('#')) return (token) => token.pos === item.slice(1);
  if (item.startsWith('~')) return (token) => lemmaOf(token) === item.slice(1);
  return (token) => token.normal === item;
}

/** The model takes a plural that opens a sentence for a name and leaves it as it is: "Experts", "Studies". */
function lemmaOf({ pos, normal, lemma }: Token): string {
  if (pos !== 'PROPN' || !normal.endsWith('s')) return lemma;
  return normal.endsWith('ies') ? `${normal.slice(0, -3)}y` : normal.slice(0, -1);
}

/** A sentence as patterns see it: words, and where a gap must stop. */
export interface PatternText {
  readonly words: readonly Token[];
  /** Whether a semicolon, colon or dash precedes the word. */
  readonly breaks: readonly boolean[];
  /** Every word, and every lemma with `~` before it. */
  readonly vocabulary: ReadonlySet<string>;
}

export function patternText(tokens: readonly Token[]): PatternText {
  const words: Token[] = [];
  const breaks: boolean[] = [];
  let broken = false;
  for (const token of tokens) {
    if (token.isWord || (token.pos === 'PART' && token.normal === 'not') || token.pos === 'AUX') {
      words.push(token);
      breaks.push(broken);
      broken = false;
    } else if (token.text === ';' || token.text === ':') broken = true;
  }
  return { words, breaks, vocabulary: new Set(words.flatMap((word) => [word.normal, `~${lemmaOf(word)}`])) };
}

/**
 * The first match in a sentence, or nothing. Tries each word as a beginning; gaps prefer to be short. The work is bounded by
 * the length of the sentence times a constant of the pattern, since gaps are.
 */
export function matchPattern(pattern: TokenPattern, text: PatternText): PatternMatch | undefined {
  if (!pattern.needs.every((options) => options.some((option) => text.vocabulary.has(option))))
    return undefined;
  const starts = pattern.anchored ? Math.min(1, text.words.length) : text.words.length;
  for (let first = 0; first < starts; first += 1) {
    const end = matchFrom(pattern.elements, 0, { text, at: first });
    if (end !== undefined && end > first) return { first, last: end - 1 };
  }
  return undefined;
}

interface Position {
  readonly text: PatternText;
  readonly at: number;
}

/** Index after the match of the elements from `element` on. */
function matchFrom(
  elements: readonly Element[],
  element: number,
  { text, at }: Position,
): number | undefined {
  const current = elements[element];
  if (current === undefined) return at;
  if (current.gap > 0) {
    for (let skipped = 0; skipped <= current.gap && at + skipped <= text.words.length; skipped += 1) {
      if (text.breaks[at + skipped] === true && at + skipped > 0) return undefined;
      const end = matchFrom(elements, element + 1, { text, at: at + skipped });
      if (end !== undefined) return end;
    }
    return undefined;
  }
  for (const length of matchLengths(current, text, at)) {
    const end = matchFrom(elements, element + 1, { text, at: at + length });
    if (end !== undefined) return end;
  }
  return current.optional ? matchFrom(elements, element + 1, { text, at }) : undefined;
}

/** How many words each alternative that fits takes. */
function matchLengths(
  { alternatives, negated }: Element,
  { words }: PatternText,
  at: number,
): readonly number[] {
  const fitting = alternatives.filter((tests) =>
    tests.every((test, i) => {
      const word = words[at + i];
      return word !== undefined && test(word);
    }),
  );
  if (!negated) return fitting.map((tests) => tests.length);
  return fitting.length === 0 && at < words.length ? [1] : [];
}
