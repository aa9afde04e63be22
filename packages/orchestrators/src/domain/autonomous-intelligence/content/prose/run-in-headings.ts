import type { Block } from './blocks.js';

/** Letters that a heading of one word, and of several words, must have. */
const LEAST_LETTERS = { one: 6, several: 7 } as const;
/** Headings of several words in a text from which on single words are believed as well. */
const LEAST_SIGNS = 2;
const MAX_WORDS = 10;
const ENUMERATOR = /^(?:[IVXLC]{1,6}|\d{1,2})\.$/u;
/** A word in capitals, perhaps with marks around it: `LABOR`, `NATION'S`, `RE-ELECTION,`. */
const CAPITALS = /^["“(]?\p{Lu}[\p{Lu}'’&.-]*[,:"”)]?$/u;
/** How a sentence begins. */
const OPENING = /^["“‘(]?(?:\p{Lu}\p{Ll}|(?:I|A)(?=['’ ]|$))/u;
const SENTENCE_END = /[.!?]["'”’)]?$/u;

interface Heading {
  readonly from: number;
  readonly to: number;
  readonly words: number;
}

/**
 * Takes headings out of the paragraphs they ran into: words in capitals where a sentence should begin, before one that
 * begins as sentences do ("… to come. LABOR AND MANAGEMENT The year just past …"). A single such word is as often an
 * acronym, so it counts only in a text that has such headings of several words.
 */
export function splitRunInHeadings(blocks: readonly Block[]): readonly Block[] {
  const found = blocks.map((block) => (block.kind === 'heading' ? [] : headingsIn(block.text)));
  const signs = found.flat().filter(({ words }) => words > 1).length;
  if (signs === 0) return blocks;
  return blocks.flatMap((block, at) => {
    const headings = (found[at] ?? []).filter(({ words }) => words > 1 || signs >= LEAST_SIGNS);
    return headings.length === 0 ? [block] : cut(block.text, headings);
  });
}

function cut(text: string, headings: readonly Heading[]): Block[] {
  const blocks: Block[] = [];
  const add = (kind: Block['kind'], from: number, to: number): void => {
    const part = text.slice(from, to).trim();
    if (part !== '') blocks.push({ kind, text: part });
  };
  let open = 0;
  for (const { from, to } of headings) {
    add('paragraph', open, from);
    add('heading', from, to);
    open = to;
  }
  add('paragraph', open, text.length);
  return blocks;
}

function headingsIn(text: string): Heading[] {
  if (!/\p{Lu}{4}/u.test(text)) return [];
  const words = [...text.matchAll(/\S+/gu)].map((match) => ({ text: match[0], at: match.index }));
  const headings: Heading[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const before = words[at - 1];
    if (before !== undefined && !SENTENCE_END.test(before.text)) continue;
    const start = ENUMERATOR.test(words[at]?.text ?? '') ? at + 1 : at;
    let end = start;
    while (end < words.length && end - start <= MAX_WORDS && CAPITALS.test(words[end]?.text ?? '')) end += 1;
    // "LATIN AMERICA I turn now": the last word belongs to the sentence.
    if (/^["“]?[AI]$/u.test(words[end - 1]?.text ?? '') && /^\p{Ll}/u.test(words[end]?.text ?? '')) end -= 1;
    const run = words.slice(start, end);
    const next = words[end];
    if (run.length === 0 || next === undefined || !OPENING.test(next.text)) continue;
    const letters = run.reduce((sum, word) => sum + (word.text.match(/\p{Lu}/gu)?.length ?? 0), 0);
    const isLong = run.some((word) => /\p{Lu}{4}/u.test(word.text));
    if (!isLong || letters < (run.length === 1 ? LEAST_LETTERS.one : LEAST_LETTERS.several)) continue;
    headings.push({ from: words[at]?.at ?? 0, to: next.at, words: run.length });
    at = end - 1;
  }
  return headings;
}
