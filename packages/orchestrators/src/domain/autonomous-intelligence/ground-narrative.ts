import type { UnfoundedSentence } from './model.js';
import type { NarrativeMaterial } from './narrative.js';
import { figuresIn, plainFigure } from './statement-words.js';

/** A text, sentence by sentence. */
export interface GroundedText {
  readonly sentences: number;
  readonly unfounded: readonly UnfoundedSentence[];
}

/** Figures, also spelt with separators. */
const FIGURE = /\d[\d.,]*/gu;
/** A word with a capital that does not begin its sentence. */
const NAME = /(?<=[\p{L}\p{N},;:–—-] )["“(]?\p{Lu}[\p{L}'’-]*\p{L}/gu;
/** Words that a sober text writes with a capital without naming anything. */
const NO_NAMES: ReadonlySet<string> = new Set([
  'i',
  'it',
  'the',
  'he',
  'she',
  'they',
  'we',
  'you',
  'a',
  'an',
]);
const MAX_SENTENCE_LENGTH = 500;

/**
 * Finds figures and names of a text that its material does not hold: neither the document itself, nor what the analysis
 * and the knowledge say of it. It cannot find a false statement that is made of true words.
 */
export function groundText(text: string, material: NarrativeMaterial): GroundedText {
  return groundedIn(text, materialOf(material));
}

/** Finds figures and names of a text that another text, which it was made from, does not hold. */
export function groundedIn(text: string, material: string): GroundedText {
  const figures = figuresIn(material);
  const words = new Set([...material.matchAll(/\p{L}[\p{L}'’]*/gu)].map(([word]) => stem(word)));
  const unfounded: UnfoundedSentence[] = [];
  let sentences = 0;
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)) {
    const sentence = segment.trim();
    if (sentence === '') continue;
    sentences += 1;
    const missing = [
      ...[...sentence.matchAll(FIGURE)]
        .map(([raw]) => raw.replace(/[.,]+$/u, ''))
        .filter((raw) => !figures.has(plainFigure(raw))),
      ...[...sentence.matchAll(NAME)]
        .map(([name]) => name.replace(/^["“(]/u, ''))
        .filter((name) => !isKnown(name, words)),
    ];
    if (missing.length > 0) {
      unfounded.push({ sentence: sentence.slice(0, MAX_SENTENCE_LENGTH), missing: [...new Set(missing)] });
    }
  }
  return { sentences, unfounded };
}

/** Each part of a name with a hyphen for itself. */
function isKnown(name: string, words: ReadonlySet<string>): boolean {
  return name.split('-').every((part) => {
    const bare = stem(part);
    return bare === '' || NO_NAMES.has(bare) || words.has(bare);
  });
}

/** Lower-cased, without the ending of a genitive or a plural: "Americans" is in a text about an American. */
function stem(word: string): string {
  return word
    .toLowerCase()
    .replace(/['’]s?$/u, '')
    .replace(/s$/u, '');
}

function materialOf({ document, analysis, checked }: NarrativeMaterial): string {
  return [
    document.title,
    document.author ?? '',
    document.publishedAt ?? '',
    ...document.segments.flatMap(({ speaker = '', text }) => [speaker, text]),
    ...(analysis.topics ?? []).flatMap(({ label, terms }) => [label, ...terms]),
    ...checked.flatMap(({ explanation, evidence }) => [
      explanation,
      ...evidence.map(({ statement }) => statement),
    ]),
  ].join('\n');
}
