/** Longest stretch without white space the language model gets in one piece. */
const MAX_RUN_LENGTH = 200;
/** Share of capitals among the letters from which on a segment counts as shouted. */
const SHOUTED_SHARE = 0.8;
/** Fewer letters than this say nothing about case. */
const MIN_CASED_LETTERS = 12;

const STAGE_WORDS =
  'applause|laughter|laughs|cheers|cheering|music|inaudible|crosstalk|silence|pause|noise|booing|unintelligible';
const STAGE_DIRECTION = new RegExp(`[[(][a-z ,]{0,24}\\b(?:${STAGE_WORDS})\\b[a-z ,.]{0,24}[\\])]`, 'gi');

/** What the language model reads instead of the raw text, and the way back. */
export interface AnalysedText {
  readonly text: string;
  readonly isShouted: boolean;
  /** Offset in the raw text of an offset in {@link text}. */
  toRaw(offset: number): number;
}

/**
 * Prepares raw text for the language model: every white space becomes a blank except empty lines, stage directions
 * such as "[Applause]" are blanked, text in capitals is put into sentence case, and stretches without white space are
 * cut after 200 characters, because the tokeniser takes quadratic time on them. All but the last keep every offset.
 */
export function analysedText(raw: string): AnalysedText {
  const isShouted = isInCapitals(raw);
  const sameLength = blankDirections(blankSpaces(straightened(isShouted ? inSentenceCase(raw) : raw)));
  const cuts = cutPositions(sameLength);
  if (cuts.length === 0) return { text: sameLength, isShouted, toRaw: (offset) => offset };
  const pieces = [...cuts, sameLength.length].map((cut, i) => sameLength.slice(cuts[i - 1] ?? 0, cut));
  return { text: pieces.join(' '), isShouted, toRaw: (offset) => offset - cutsBefore(cuts, offset) };
}

/** Paragraph breaks stay, since the sentence splitter heeds them. */
function blankSpaces(text: string): string {
  return text.replace(/\s+/g, (run) =>
    run.indexOf('\n') === run.lastIndexOf('\n') ? ' '.repeat(run.length) : '\n\n'.padEnd(run.length),
  );
}

/** The model knows fewer contractions with a curly apostrophe. */
function straightened(text: string): string {
  return text.replace(/(?<=\p{L})[’ʼ](?=\p{L})/gu, "'");
}

function blankDirections(text: string): string {
  return text.replace(STAGE_DIRECTION, (direction) => ' '.repeat(direction.length));
}

function isInCapitals(text: string): boolean {
  const letters = text.match(/\p{Lu}|\p{Ll}/gu) ?? [];
  if (letters.length < MIN_CASED_LETTERS) return false;
  const capitals = letters.filter((letter) => letter !== letter.toLowerCase()).length;
  return capitals / letters.length >= SHOUTED_SHARE;
}

/** Lower case, with a capital where a sentence begins and for the pronoun; unchanged if that would move offsets. */
function inSentenceCase(text: string): string {
  const lower = text
    .toLowerCase()
    .replace(
      /(^|(?<!\.\p{L})[.!?]["')\]]?\s)(\s{0,8}["'([]?)(\p{Ll})/gu,
      (_match, end: string, gap: string, letter: string) => `${end}${gap}${letter.toUpperCase()}`,
    )
    .replace(/\bi\b/g, 'I');
  return lower.length === text.length ? lower : text;
}

/** Where stretches without white space are cut, ascending. */
function cutPositions(text: string): number[] {
  const cuts: number[] = [];
  let run = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === ' ' || text[i] === '\n') run = 0;
    else if (run >= MAX_RUN_LENGTH && !isTrailingSurrogate(text.charCodeAt(i))) {
      cuts.push(i);
      run = 1;
    } else run += 1;
  }
  return cuts;
}

const isTrailingSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** How many inserted blanks lie before an offset of the cut text. */
function cutsBefore(cuts: readonly number[], offset: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cuts[middle] ?? 0) + middle < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
