import { textBlocks } from '../formats/plain-text.js';
import { isBlock } from '../markup/element-stack.js';
import { proseBlocks } from '../markup/prose-blocks.js';
import { markupTokens } from '../markup/tokens.js';
import type { Block } from '../prose/blocks.js';
import { hasWords } from '../prose/clean.js';
import { listLines } from '../prose/list-lines.js';
import { inlineText } from './inline-text.js';

const QUOTE = /^(?:[ \t]{0,3}>[ \t]?)+/u;
const FENCE = /^[ \t]*(`{3,}|~{3,})(.*)$/u;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)/u;
const UNDERLINE = /^ {0,3}(?:=+|-+)[ \t]*$/u;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/u;
const ITEM = /^[ \t]*(?:[-*+]|(\d{1,9})[.)])(?:[ \t]+|$)/u;
const TASK = /^\[[ xX]\][ \t]+/u;
const DEFINITION = /^ {0,3}\[([^\]^][^\]]{0,300})\]:[ \t]*<?(?=\S{0,400}[/.:#])\S+(?:[ \t]+["'(].*)?$/u;
const FOOTNOTE = /^ {0,3}\[\^[^\]\s]{1,60}\]:[ \t]*/u;
const DELIMITER_ROW = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/u;
const HTML_START = /^ {0,3}<(?:(!--)|\/?([A-Za-z][A-Za-z0-9-]{0,40})(?=[\s/>]|$))/u;
/** Marks of site generators that say how to show something: `{: .note}`, `:::tip`, `[[toc]]`. */
const DIRECTIVE = /^[ \t]*(?:\{:[^{}]*\}|:{3,}.*|\[\[?toc\]?\])[ \t]*$/iu;
/** Longest heading that is underlined; below more text, dashes are a rule. */
const MAX_UNDERLINED = 200;
/** The same with its links and pictures. */
const MAX_MARKED_UP = 4_000;
/** HTML blocks that end at their close tag, not at a blank line. */
const LONG_HTML = new Set(['script', 'style', 'pre', 'textarea']);

export interface MarkdownProse {
  readonly blocks: readonly Block[];
  /** Code listings that were left out. */
  readonly listings: number;
  /** Footnotes that were left out. */
  readonly notes: number;
  /** A fence that was never closed; its text was read as prose. */
  readonly isFenceOpen: boolean;
}

/**
 * The headings, paragraphs, list items, quotes and table rows of Markdown, in order. Code listings, footnotes and
 * link definitions are left out; HTML gives its text. Reads line by line in linear time: lists and quotes of any depth
 * are told by their marks alone, no tree is built.
 */
export function markdownBlocks(source: string): MarkdownProse {
  return new BlockReader(source.split('\n')).read();
}

class BlockReader {
  readonly #lines: readonly string[];
  readonly #definitions = new Set<string>();
  readonly #blocks: Block[] = [];
  #paragraph: string[] = [];
  #quoteDepth = 0;
  #inList = false;
  #listings = 0;
  #notes = 0;
  #isFenceOpen = false;
  #lastCommentEnd = -1;
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
    lines.forEach((line, index) => {
      const label = DEFINITION.exec(line)?.[1];
      if (label !== undefined) this.#definitions.add(label.toLowerCase());
      if (line.includes('-->')) this.#lastCommentEnd = index;
    });
  }

  read(): MarkdownProse {
    while (this.#at < this.#lines.length) this.#line(this.#lines[this.#at] as string);
    this.#flush();
    return {
      blocks: this.#blocks,
      listings: this.#listings,
      notes: this.#notes,
      isFenceOpen: this.#isFenceOpen,
    };
  }

  #line(raw: string): void {
    const mark = QUOTE.exec(raw)?.[0] ?? '';
    const depth = mark === '' ? 0 : mark.split('>').length - 1;
    let line = raw.slice(mark.length);
    // A quoted paragraph may go on in a line without its mark.
    if (depth > this.#quoteDepth || (depth < this.#quoteDepth && depth > 0)) this.#flush();
    if (depth > 0) this.#quoteDepth = depth;
    if (line.trim() === '') {
      this.#flush();
      this.#quoteDepth = depth;
      this.#at += 1;
      return;
    }
    if (this.#paragraph.length === 0) this.#quoteDepth = depth;
    if (this.#fence(line) || this.#html(line) || this.#heading(line)) return;
    if (RULE.test(line) || DIRECTIVE.test(line)) {
      this.#flush();
      this.#at += 1;
      return;
    }
    if (this.#table(line)) return;
    if (this.#paragraph.length === 0 && DEFINITION.test(line)) {
      this.#at += 1;
      return;
    }
    if (this.#paragraph.length === 0 && !this.#inList && /^(?: {4}|\t)/u.test(line) && !ITEM.test(line)) {
      this.#listing();
      return;
    }
    if (FOOTNOTE.test(line)) {
      this.#footnote();
      return;
    }
    line = this.#withoutMark(line);
    if (line.trim() !== '') this.#paragraph.push(line);
    this.#at += 1;
  }

  /** A note goes on in the lines right below and in indented ones. */
  #footnote(): void {
    this.#flush();
    this.#notes += 1;
    this.#at += 1;
    let isOpen = true;
    for (; this.#at < this.#lines.length; this.#at += 1) {
      const line = (this.#lines[this.#at] as string).replace(QUOTE, '');
      if (line.trim() === '') isOpen = false;
      else if (FOOTNOTE.test(line) || HEADING.test(line) || !(isOpen || /^(?: {4}|\t)/u.test(line))) return;
    }
  }

  #withoutMark(line: string): string {
    let rest = line;
    for (let depth = 0; depth < 8; depth += 1) {
      const item = ITEM.exec(rest);
      if (item === null) break;
      const number = item[1];
      // A year that begins a line of running text is no list.
      if (
        number !== undefined &&
        (number.length > 3 || (this.#paragraph.length > 0 && !this.#inList && number !== '1'))
      )
        break;
      this.#flush();
      this.#inList = true;
      rest = rest.slice(item[0].length).replace(TASK, '');
    }
    if (rest === line && this.#paragraph.length === 0 && !/^\s/u.test(line)) this.#inList = false;
    return rest;
  }

  #fence(line: string): boolean {
    const [, fence = '', info = ''] = FENCE.exec(line) ?? [];
    if (fence === '' || (fence.startsWith('`') && info.includes('`'))) return false;
    this.#flush();
    const content: string[] = [];
    for (let at = this.#at + 1; at < this.#lines.length; at += 1) {
      const inner = (this.#lines[at] as string).replace(QUOTE, '').trim();
      if (inner.startsWith(fence) && inner === fence.charAt(0).repeat(inner.length)) {
        this.#listings += content.some(hasWords) ? 1 : 0;
        this.#at = at + 1;
        return true;
      }
      content.push(inner);
    }
    this.#isFenceOpen = true;
    for (const block of textBlocks(content.join('\n'))) this.#blocks.push(...listLines(block));
    this.#at = this.#lines.length;
    return true;
  }

  #listing(): void {
    this.#listings += 1;
    while (this.#at < this.#lines.length && /^(?: {4}|\t|[ \t]*$)/u.test(this.#lines[this.#at] as string))
      this.#at += 1;
  }

  #html(line: string): boolean {
    const [, comment, written] = HTML_START.exec(line) ?? [];
    const name = written?.toLowerCase();
    const isLong = name !== undefined && LONG_HTML.has(name);
    if (comment === undefined && !(name !== undefined && (isBlock(name) || isLong))) return false;
    let end: string | undefined;
    if (comment !== undefined && this.#at <= this.#lastCommentEnd) end = '-->';
    else if (isLong) end = `</${name}`;
    this.#flush();
    const content: string[] = [];
    for (; this.#at < this.#lines.length; this.#at += 1) {
      const next = this.#lines[this.#at] as string;
      if (end === undefined && next.trim() === '') break;
      content.push(next);
      if (end !== undefined && next.toLowerCase().includes(end)) {
        this.#at += 1;
        break;
      }
      if (comment !== undefined && end === undefined) {
        this.#at += 1;
        break;
      }
    }
    const prose = proseBlocks(markupTokens(content.join('\n'), 'html'), { withFurniture: true });
    this.#listings += prose.listings;
    for (const { kind, text } of prose.blocks)
      this.#blocks.push({ kind, text: inlineText(text, this.#definitions) });
    return true;
  }

  #heading(line: string): boolean {
    const mark = HEADING.exec(line)?.[0];
    if (mark !== undefined) {
      this.#flush();
      this.#push(
        'heading',
        line
          .slice(mark.length)
          .trimEnd()
          .replace(/(?:^|[ \t])#+$/u, ''),
      );
      this.#at += 1;
      return true;
    }
    if (this.#paragraph.length === 0 || !UNDERLINE.test(line)) return false;
    // Badges beside a heading are longer than itself, and no part of what is read.
    const { length } = inlineText(this.#paragraph.join('\n').slice(0, MAX_MARKED_UP), new Set());
    const isHeading = this.#paragraph.length <= 2 && length <= MAX_UNDERLINED && !this.#inList;
    this.#flush(isHeading ? 'heading' : 'paragraph');
    this.#at += 1;
    return true;
  }

  #table(line: string): boolean {
    const next = this.#lines[this.#at + 1]?.replace(QUOTE, '');
    if (
      !line.includes('|') ||
      next?.includes('-') !== true ||
      !/[|:]/u.test(next) ||
      !DELIMITER_ROW.test(next)
    )
      return false;
    this.#flush();
    this.#row(line);
    for (this.#at += 2; this.#at < this.#lines.length; this.#at += 1) {
      const row = (this.#lines[this.#at] as string).replace(QUOTE, '');
      if (!row.includes('|')) break;
      this.#row(row);
    }
    return true;
  }

  #row(line: string): void {
    const cells = line
      .trim()
      .replace(/^\||\|$/gu, '')
      .split(/(?<!\\)\|/u)
      .map((cell) => inlineText(cell.trim(), this.#definitions))
      .filter((cell) => cell.trim() !== '');
    if (cells.length > 0) this.#blocks.push({ kind: 'paragraph', text: cells.join(' — ') });
  }

  #flush(kind: Block['kind'] = 'paragraph'): void {
    if (this.#paragraph.length === 0) return;
    const text = this.#paragraph.join('\n');
    this.#paragraph = [];
    this.#push(kind, text);
  }

  #push(kind: Block['kind'], source: string): void {
    const text = inlineText(source, this.#definitions);
    if (hasWords(text)) this.#blocks.push({ kind, text });
    else if (text.trim() !== '') this.#blocks.push({ kind: 'paragraph', text });
  }
}
