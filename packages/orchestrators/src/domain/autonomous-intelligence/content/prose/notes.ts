import type { Block } from './blocks.js';

/** `[1] …` or `[^a]: …` in front of a paragraph. */
const NOTE = /^\s*\[(\^?[\p{L}\p{N}_-]{1,20})\]:?\s+/u;
/** A mark that points to a note, right behind a word or a sign. */
const MARK = /(?<=\S)\s?\[(\^[\p{L}\p{N}_-]{1,20}|\d{1,3})\]/gu;

/**
 * Takes footnotes out of prose: a paragraph that begins with a mark which stands in the text as well, and those marks.
 * A mark without its note stays, unless it is written as only footnotes are (`[^1]`).
 */
export function withoutNotes(blocks: readonly Block[]): {
  readonly blocks: readonly Block[];
  readonly notes: number;
} {
  if (!blocks.some(({ text }) => text.includes('['))) return { blocks, notes: 0 };
  const used = new Set(blocks.flatMap(({ text }) => [...text.matchAll(MARK)].map((match) => match[1] ?? '')));
  const noted = new Set<string>();
  const kept = blocks.filter(({ text }) => {
    const mark = NOTE.exec(text.slice(0, 40))?.[1];
    if (mark === undefined || !(used.has(mark) || mark.startsWith('^'))) return true;
    noted.add(mark);
    return false;
  });
  const prose = kept.map(({ kind, text }) => ({
    kind,
    text: text.includes('[')
      ? text.replace(MARK, (whole, mark: string) => (noted.has(mark) || mark.startsWith('^') ? '' : whole))
      : text,
  }));
  return { blocks: prose, notes: kept.length === blocks.length ? 0 : blocks.length - kept.length };
}
