import { cleanText } from '../prose/clean.js';
import type { MarkupToken } from './tokens.js';

/** Headings of the first rank that are looked at, and pieces of text in each. */
const MAX_HEADINGS = 10;
const MAX_PIECES = 30;
/** What stands between the title of a page and the name of its site. */
const SEPARATOR = /\s+(?:[-–—|·•»«]|::|\|\|)\s+/gu;

/** How the pages of Project Gutenberg name their books. */
const GUTENBERG = /^The Project Gutenberg e-?book of (.{1,200}?)(?:, by .{1,200})?$/iu;

/** What a page's title is told from. */
export interface TitleSources {
  /** From Open Graph and other meta tags, the best first. */
  readonly meta: string | undefined;
  /** `headline` and `name` of the page's JSON-LD. */
  readonly headline: string | undefined;
  readonly name: string | undefined;
  /** The text of `title`. */
  readonly page: string | undefined;
  /** The name of the site, where the page tells it. */
  readonly site: string | undefined;
}

/**
 * The title of a page without the name of its site. A headline that the title of the page does not hold is a remark
 * on the page where its name is in there: encyclopedias give a short description so.
 */
export function pageTitle(sources: TitleSources, tokens: readonly MarkupToken[]): string | undefined {
  const { meta, headline, name, page, site } = sources;
  const holds = (part: string | undefined): boolean => part !== undefined && page?.includes(part) === true;
  const linked = holds(name) && !holds(headline) ? name : (headline ?? name);
  const title = meta ?? linked ?? page;
  return title === undefined ? undefined : withoutSite(GUTENBERG.exec(title)?.[1] ?? title, site, tokens);
}

function withoutSite(title: string, site: string | undefined, tokens: readonly MarkupToken[]): string {
  const parts = [...title.matchAll(SEPARATOR)];
  if (parts.length === 0) return title;
  const own = new Set(headings(tokens).map((text) => text.toLowerCase()));
  const isSite = (part: string): boolean => site !== undefined && part.toLowerCase() === site.toLowerCase();
  for (const match of parts) {
    const before = title.slice(0, match.index);
    const after = title.slice(match.index + match[0].length);
    if (own.has(before.toLowerCase()) || isSite(after)) return before;
    if (isSite(before)) return after;
  }
  return title;
}

function headings(tokens: readonly MarkupToken[]): string[] {
  const texts: string[] = [];
  for (let at = 0; at < tokens.length && texts.length < MAX_HEADINGS; at += 1) {
    const open = tokens[at];
    if (open?.kind !== 'open' || open.name !== 'h1') continue;
    let text = '';
    for (const token of tokens.slice(at + 1, at + 1 + MAX_PIECES)) {
      if (token.kind === 'close' && token.name === 'h1') break;
      if (token.kind === 'text') text += token.text;
    }
    texts.push(cleanText(text));
  }
  return texts;
}
