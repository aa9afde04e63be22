import { languageName } from '../language-name.js';
import type { ContentDocument, QualityScore } from '../model.js';
import { contentLemmas } from './term-vectors.js';
import type { Sentence, TextModel, Token } from './text-model.js';

type Part = keyof QualityScore['parts'];

/** What each part counts for in the overall score. */
export const QUALITY_WEIGHTS: Readonly<Record<Part, number>> = {
  completeness: 0.3,
  coherence: 0.25,
  informativeness: 0.25,
  structure: 0.2,
};

/** From this many words on a text is long enough to be whole. */
const FULL_LENGTH = 300;
/** Sentences back in which a sentence finds its subject again. */
const LOOK_BACK = 3;
/** Share of content words in ordinary prose; measured 0.41 to 0.48 in five speeches and an article, 0.36 to 0.42 in talk. */
const USUAL_DENSITY = 0.45;
/** Words over which variety is measured (moving-average type-token ratio). */
const VARIETY_WINDOW = 50;
/** Names and values per 100 words that make a text specific. */
const USUAL_SPECIFICS = 5;
/** Sentences a paragraph or turn may have before it is hard to follow. */
const COMFORTABLE_SEGMENT = 12;
const COMFORTABLE_SENTENCE = { least: 4, most: 40 };
/** A text of this many words wants headings, speakers or paragraphs. */
const LONG_TEXT = 800;
const LOW = 0.5;

interface Measure {
  readonly part: Part;
  readonly value: number;
  /** Said when the value is below one half. */
  readonly note: string;
}

/**
 * How good the text is as material, from measured quantities, each 0 to 1; a part is the mean of its measures.
 *
 * - completeness: length up to 300 words; how much of title, author (or speakers) and date is known; segments without a
 *   parse warning; sentences that end with a mark.
 * - coherence: sentences that take up a content word of one of the three before, or open by referring back.
 * - informativeness: content words among all, variety (mean share of different words in windows of 50, Covington and
 *   McFall, "Cutting the Gordian knot: the moving-average type-token ratio", 2010), names and values per 100 words.
 * - structure: sentences of 4 to 40 words; segments of at most 12 sentences; in texts of over 800 words, headings,
 *   speakers or paragraphs.
 *
 * `notes` give the figure behind every measure below one half, and say where the language limits the analysis.
 */
export function scoreQuality(text: TextModel, document: ContentDocument): QualityScore {
  const measures = [
    ...completeness(text, document),
    ...coherence(text),
    ...informativeness(text),
    ...structure(text),
  ];
  const partOf = (part: Part): number =>
    mean(measures.filter((measure) => measure.part === part).map(({ value }) => value));
  const parts = {
    completeness: partOf('completeness'),
    coherence: partOf('coherence'),
    informativeness: partOf('informativeness'),
    structure: partOf('structure'),
  };
  const overall = (Object.keys(QUALITY_WEIGHTS) as Part[]).reduce(
    (sum, part) => sum + QUALITY_WEIGHTS[part] * parts[part],
    0,
  );
  const notes = measures.filter((measure) => measure.value < LOW).map(({ note }) => note);
  if (!text.isEnglish)
    notes.push(
      `The language is ${languageName(text.language)}: sentiment, claims, cues and readability are made for English.`,
    );
  return { overall, parts, notes };
}

function completeness(text: TextModel, document: ContentDocument): readonly Measure[] {
  const hasVoice =
    document.author !== undefined || text.sentences.some((sentence) => sentence.speaker !== undefined);
  const known = [document.title.trim() !== '', hasVoice, document.publishedAt !== undefined].filter(
    Boolean,
  ).length;
  const troubled = Math.min(1, document.warnings.length / Math.max(1, document.segments.length));
  const ended = share(prose(text), (sentence) => /[.!?…:;]["'”’)\]]{0,3}$/.test(sentence.text.slice(-6)));
  return [
    {
      part: 'completeness',
      value: Math.min(1, text.wordCount / FULL_LENGTH),
      note: `Short: ${document.wordCount} ${document.wordCount === 1 ? 'word' : 'words'}.`,
    },
    { part: 'completeness', value: known / 3, note: `Only ${known} of title, author and date are known.` },
    {
      part: 'completeness',
      value: text.sentences.length === 0 ? 0 : 1 - troubled,
      note:
        text.sentences.length === 0
          ? 'There is no text.'
          : `${document.warnings.length} parse warnings in ${document.segments.length} segments.`,
    },
    { part: 'completeness', value: ended, note: `Only ${percent(ended)} of the sentences end with a mark.` },
  ];
}

function coherence(text: TextModel): readonly Measure[] {
  const sentences = prose(text);
  const lemmas = sentences.map((sentence) => new Set(contentLemmas(sentence)));
  const linked = sentences.slice(1).filter((sentence, before) => {
    const earlier = lemmas.slice(Math.max(0, before + 1 - LOOK_BACK), before + 1);
    return (
      refersBack(sentence) ||
      [...(lemmas[before + 1] ?? [])].some((lemma) => earlier.some((set) => set.has(lemma)))
    );
  }).length;
  const value = sentences.length < 2 ? 0 : linked / (sentences.length - 1);
  const note =
    sentences.length < 2
      ? 'Too few sentences to hang together.'
      : `Only ${percent(value)} of the sentences take up something from the three before.`;
  return [{ part: 'coherence', value, note }];
}

function informativeness(text: TextModel): readonly Measure[] {
  const words = prose(text).flatMap((sentence) => sentence.tokens.filter((token) => token.isWord));
  const density = words.length === 0 ? 0 : words.filter((word) => word.isContent).length / words.length;
  const variety = movingVariety(words);
  const specifics = prose(text).reduce((sum, sentence) => sum + specificsOf(sentence), 0);
  const rate = words.length === 0 ? 0 : (100 * specifics) / words.length;
  return [
    {
      part: 'informativeness',
      value: Math.min(1, density / USUAL_DENSITY),
      note: `Only ${percent(density)} of the words carry content.`,
    },
    {
      part: 'informativeness',
      value: Math.min(1, Math.max(0, (variety - 0.4) / 0.4)),
      note: `Repetitive: ${percent(variety)} different words in a window of ${VARIETY_WINDOW}.`,
    },
    {
      part: 'informativeness',
      value: Math.min(1, rate / USUAL_SPECIFICS),
      note: `Unspecific: ${rate.toFixed(1)} names and values per 100 words.`,
    },
  ];
}

function structure(text: TextModel): readonly Measure[] {
  const sentences = prose(text);
  const fit = share(
    sentences,
    ({ wordCount }) => wordCount >= COMFORTABLE_SENTENCE.least && wordCount <= COMFORTABLE_SENTENCE.most,
  );
  const perSegment = text.segmentCount === 0 ? 0 : sentences.length / text.segmentCount;
  const segmented = perSegment === 0 ? 0 : Math.min(1, COMFORTABLE_SEGMENT / perSegment);
  const guided = text.segmentCount > 1 || text.sentences.some((sentence) => sentence.speaker !== undefined);
  return [
    { part: 'structure', value: fit, note: `Only ${percent(fit)} of the sentences have 4 to 40 words.` },
    {
      part: 'structure',
      value: segmented,
      note: `Hardly divided: ${perSegment.toFixed(0)} sentences per segment.`,
    },
    ...(text.wordCount > LONG_TEXT
      ? [
          {
            part: 'structure',
            value: guided ? 1 : 0,
            note: `${text.wordCount} words without headings, speakers or paragraphs.`,
          } as const,
        ]
      : []),
  ];
}

const prose = (text: TextModel): readonly Sentence[] =>
  text.sentences.filter((sentence) => sentence.kind !== 'heading' && sentence.wordCount > 0);

const percent = (value: number): string => `${Math.round(100 * value)} %`;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const share = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
  items.length === 0 ? 0 : items.filter(holds).length / items.length;

/** Opens with a pronoun, a demonstrative or a conjunction. */
function refersBack(sentence: Sentence): boolean {
  const first = sentence.tokens.find((token) => token.isWord);
  return (
    first !== undefined &&
    ((first.pos === 'PRON' && first.normal !== 'i') ||
      first.pos === 'CCONJ' ||
      /^th(?:is|at|ese|ose)$/.test(first.normal))
  );
}

/** Values, and runs of proper nouns that do not open the sentence. */
function specificsOf(sentence: Sentence): number {
  const names = sentence.tokens.filter((token, at) => {
    return at > 0 && token.pos === 'PROPN' && sentence.tokens[at - 1]?.pos !== 'PROPN' && !sentence.isShouted;
  });
  return sentence.values.length + names.length;
}

/** Mean share of different words over all windows; over the whole where it is shorter than a window. */
function movingVariety(words: readonly Token[]): number {
  if (words.length === 0) return 0;
  const window = Math.min(VARIETY_WINDOW, words.length);
  const inWindow = new Map<string, number>();
  let sum = 0;
  words.forEach((word, at) => {
    inWindow.set(word.normal, (inWindow.get(word.normal) ?? 0) + 1);
    const leaving = words[at - window]?.normal;
    if (leaving !== undefined) {
      const left = (inWindow.get(leaving) ?? 1) - 1;
      if (left === 0) inWindow.delete(leaving);
      else inWindow.set(leaving, left);
    }
    if (at + 1 >= window) sum += inWindow.size / window;
  });
  return sum / (words.length - window + 1);
}
