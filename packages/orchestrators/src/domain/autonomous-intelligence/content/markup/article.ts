import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';

import type { Block } from '../prose/blocks.js';
import type { WarningLog } from '../warning-log.js';
import { proseBlocks, type Prose } from './prose-blocks.js';
import { tameMarkup } from './tame-markup.js';
import { markupTokens, type MarkupToken } from './tokens.js';

/** Least share of the marked article, in length or in prose, that an extracted article must have to be believed. */
const MINIMUM_SHARE = 0.6;
/** Share of all prose from which a marked part of the page is taken for the whole article. */
const WHOLE_SHARE = 0.4;
/** Share of what all marked articles hold from which one of them is the article and the others go with it. */
const CHIEF_SHARE = 0.25;
/** How many times longer than any other such an article is. */
const CHIEF_LEAD = 2;
/** Length of prose below which a page is not searched for an article: all of it is taken. */
const SHORT_PAGE = 300;
/** From this length on a block that ends a sentence is prose: teasers, buttons and captions are shorter. */
const PROSE_LENGTH = 100;
/** Blocks that a stretch standing in a page twice has, two of them of some length, to be a copy for another screen. */
const REPEATED_BLOCKS = 3;
const REPEATED_LENGTH = 80;
const SENTENCE_END = /[.!?…。！？]["'”’)\]]?(?:\s|$)/u;
const MAIN = new Set(['main']);

/** The article of a page: what a search finds, what the page marks as one, or all its prose. */
export function articleBlocks(tokens: readonly MarkupToken[], warnings: WarningLog): readonly Block[] {
  const chosen = chosenProse(tokens, warnings);
  if (chosen.listings > 0)
    warnings.add(
      'CODE_LEFT_OUT',
      `Left out ${chosen.listings} code ${chosen.listings === 1 ? 'listing' : 'listings'}.`,
    );
  return withoutSecondCopies(chosen.blocks);
}

function chosenProse(tokens: readonly MarkupToken[], warnings: WarningLog): Prose {
  const all = proseBlocks(tokens);
  const total = lengthOf(all.blocks);
  if (total === 0) return proseBlocks(tokens, { withFurniture: true });
  if (total < SHORT_PAGE) return all;
  const marked = markedProse(tokens, total);
  const page = tameMarkup(tokens);
  if (page === undefined) {
    warnings.add(
      'PAGE_NOT_SEARCHED',
      'The page is too large or too deeply nested to be searched for its article; all its prose was read.',
    );
    return marked ?? all;
  }
  const found = extracted(page);
  if (found === undefined || lengthOf(found.blocks) === 0) return marked ?? all;
  if (marked === undefined) return found;
  const isEnough =
    lengthOf(found.blocks) >= lengthOf(marked.blocks) * MINIMUM_SHARE ||
    (proseIn(found.blocks) > 0 && proseIn(found.blocks) >= proseIn(marked.blocks) * MINIMUM_SHARE);
  return isEnough ? { ...found, blocks: withGapsFilled(found.blocks, marked.blocks) } : marked;
}

/** What the page itself marks as its content, if that is a good part of it. */
function markedProse(tokens: readonly MarkupToken[], total: number): Prose | undefined {
  const articles = outerArticles(tokens).map((range) => proseBlocks(range));
  const lengths = articles.map(({ blocks }) => lengthOf(blocks));
  const sum = lengths.reduce((all, length) => all + length, 0);
  const longest = Math.max(0, ...lengths);
  const second = Math.max(0, ...lengths.filter((_, at) => at !== lengths.indexOf(longest)));
  // Comments and teasers are articles too: where one stands out, it is the article.
  if (longest > sum * CHIEF_SHARE && longest >= second * CHIEF_LEAD && longest > total * CHIEF_SHARE)
    return articles[lengths.indexOf(longest)];
  const article = {
    blocks: articles.flatMap(({ blocks }) => blocks),
    listings: articles.reduce((count, { listings }) => count + listings, 0),
  };
  const main = proseBlocks(tokens, { only: MAIN });
  return [article, main].find(({ blocks }) => lengthOf(blocks) > total * WHOLE_SHARE);
}

/** The tokens of each outermost `article`, without those of the articles inside it, which are comments or teasers. */
function outerArticles(tokens: readonly MarkupToken[]): MarkupToken[][] {
  const ranges: MarkupToken[][] = [];
  let depth = 0;
  for (const token of tokens) {
    const isArticle = token.kind !== 'text' && token.name === 'article';
    if (isArticle && token.kind === 'open' && !token.isEmpty) {
      depth += 1;
      if (depth === 1) ranges.push([]);
    }
    if (depth === 1) ranges.at(-1)?.push(token);
    if (isArticle && token.kind === 'close' && depth > 0) depth -= 1;
  }
  return ranges;
}

function extracted(page: string): Prose | undefined {
  const { document } = parseHTML(`<!doctype html><html><body>${page}</body></html>`) as unknown as {
    document: object;
  };
  const content = new Readability(document, { disableJSONLD: true }).parse()?.content;
  return typeof content === 'string'
    ? proseBlocks(markupTokens(content, 'html'), { withFurniture: true })
    : undefined;
}

/**
 * What was found, and the prose that the page has between its beginning and its end: a search takes one branch of
 * the page, and an article may be spread over several. Only where all that was found stands in the marked part.
 */
function withGapsFilled(found: readonly Block[], marked: readonly Block[]): readonly Block[] {
  const texts = new Set(found.map(({ text }) => text));
  const places = new Set(marked.map(({ text }) => text));
  if (!found.every(({ text }) => places.has(text))) return found;
  const first = marked.findIndex(({ text }) => texts.has(text));
  const last = marked.findLastIndex(({ text }) => texts.has(text));
  return marked.slice(first, last + 1).filter((block) => texts.has(block.text) || isProse(block));
}

/**
 * Leaves out what stands in the page a second time, for another size of screen: a stretch of several blocks that are
 * all there once before, in the same order. A single paragraph may be said again on purpose.
 */
function withoutSecondCopies(blocks: readonly Block[]): readonly Block[] {
  const places = new Map<string, number[]>();
  blocks.forEach(({ text }, at) => {
    const known = places.get(text);
    if (known === undefined) places.set(text, [at]);
    else known.push(at);
  });
  const firstOf = blocks.map(({ text }, at) => {
    const [first, second, third] = places.get(text) ?? [];
    return second === at && third === undefined ? first : undefined;
  });
  const isCopy = blocks.map(() => false);
  for (let from = 0, to = 1; from < blocks.length; from = to, to += 1) {
    const first = firstOf[from];
    if (first === undefined) continue;
    while (to < blocks.length && firstOf[to] === first + (to - from)) to += 1;
    const run = blocks.slice(from, to);
    const long = run.filter(({ text }) => text.length >= REPEATED_LENGTH).length;
    if (run.length >= REPEATED_BLOCKS && long >= 2) isCopy.fill(true, from, to);
  }
  return isCopy.includes(true) ? blocks.filter((_, at) => isCopy[at] !== true) : blocks;
}

function lengthOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { text }) => sum + text.length, 0);
}

function proseIn(blocks: readonly Block[]): number {
  return lengthOf(blocks.filter(isProse));
}

function isProse({ kind, text }: Block): boolean {
  return kind === 'paragraph' && text.length >= PROSE_LENGTH && SENTENCE_END.test(text);
}
