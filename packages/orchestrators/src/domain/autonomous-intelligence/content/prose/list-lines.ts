import type { Block } from './blocks.js';

/** How an item of a list begins in preformatted text: a sign, a number of up to three digits, or a letter. */
const ITEM = /^\s*(?:[-*+•‣◦–]|\d{1,3}[.)]|\(?[a-z]\))\s+(?=\S)/u;
/** A single line that begins like an item is none: a dash or a number begins many a line. */
const MIN_ITEMS = 2;

/**
 * A paragraph of preformatted text, with a paragraph of its own for each item where it is a list: without the mark, and with the lines
 * that go on with it. What stands before the first item is a paragraph, too. Anything else is given back as it is.
 */
export function listLines(block: Block): readonly Block[] {
  const lines = block.text.split('\n');
  if (block.kind !== 'paragraph' || lines.filter((line) => ITEM.test(line)).length < MIN_ITEMS)
    return [block];
  const items: string[][] = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item !== null) items.push([line.slice(item[0].length)]);
    else if (items.length === 0) items.push([line]);
    else items.at(-1)?.push(line);
  }
  return items.map((item) => ({ kind: 'paragraph', text: item.join('\n') }));
}
