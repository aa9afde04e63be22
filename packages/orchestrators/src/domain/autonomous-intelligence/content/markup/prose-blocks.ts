import { textBlocks } from '../formats/plain-text.js';
import type { Block } from '../prose/blocks.js';
import { cleanText, hasWords } from '../prose/clean.js';
import { listLines } from '../prose/list-lines.js';
import { ElementStack, isBlock, isVoid } from './element-stack.js';
import { attributesOf, type MarkupToken } from './tokens.js';

/** Elements whose text is never read out. */
const MUTE = new Set(
  'script style template svg math canvas object audio video select textarea button noscript iframe datalist'.split(
    ' ',
  ),
);
/** Parts of a page that belong to the site. */
const FURNITURE = new Set(['nav', 'aside', 'footer', 'header', 'search']);
/** Inside these, a header or footer belongs to the text. */
const CONTENT = new Set(['article', 'main', 'blockquote']);
const FURNITURE_ROLES = new Set([
  'navigation',
  'banner',
  'contentinfo',
  'complementary',
  'search',
  'dialog',
  'alert',
]);
const HEADING = /^h[1-6]$/u;
/** A number or sign that points to a footnote. */
const NOTE_MARK = /^\s*[[(]?(?:\d{1,3}|[a-z*†‡§])[\])]?\s*$/u;

/** The attributes of a link that is the mark itself, without being raised. */
const NOTE_LINK = /\b(?:class|rel|role)\s*=\s*["']?[^"'<>]{0,100}(?:footnote|noteref)/iu;

export interface ProseOptions {
  /**
   * Reads menus, side bars, headers and footers as well.
   *
   * @default false
   */
  readonly withFurniture?: boolean;
  /** Reads only what is inside elements of these names. */
  readonly only?: ReadonlySet<string>;
}

export interface Prose {
  readonly blocks: readonly Block[];
  /** Code listings that were left out. */
  readonly listings: number;
}

/**
 * The prose of HTML in the order of the page: a block for each paragraph, heading, list item and table row, and for
 * text that stands in no element of its own. A line break stays a line end inside its block, two of them begin a
 * new one. Takes time and memory linear in the number of tokens, at any depth.
 */
export function proseBlocks(tokens: Iterable<MarkupToken>, options: ProseOptions = {}): Prose {
  const builder = new ProseBuilder(options);
  for (const token of tokens) builder.take(token);
  return builder.finish();
}

class ProseBuilder {
  readonly #blocks: Block[] = [];
  readonly #options: ProseOptions;
  readonly #stack = new ElementStack((name, depth) => this.#closed(name, depth));
  /** Depth of the outermost element that is passed over; infinite where none is. */
  #muteDepth = Infinity;
  #wantedDepth: number;
  #pieces: string[] = [];
  /** Whether the cell that is open has words. */
  #hasText = false;
  #pre: string[] | undefined;
  #preDepth = 0;
  #isListing = false;
  #noteAt: number | undefined;
  #noteHasLink = false;
  /** The element that may hold the mark of a footnote. */
  #noteElement = 'sup';
  #breaks = 0;
  #listings = 0;

  constructor(options: ProseOptions) {
    this.#options = options;
    this.#wantedDepth = options.only === undefined ? -1 : Infinity;
  }

  take(token: MarkupToken): void {
    if (token.kind === 'text') this.#text(token.text);
    else if (token.kind === 'open') this.#open(token.name, token.attributes, token.isEmpty);
    else if (token.kind === 'close') this.#close(token.name);
    // Raw elements hold code and titles, which are no prose.
  }

  finish(): Prose {
    this.#stack.closeAll();
    this.#flush();
    return { blocks: this.#blocks, listings: this.#listings };
  }

  get #isMute(): boolean {
    return this.#muteDepth !== Infinity || this.#wantedDepth === Infinity;
  }

  #open(name: string, rawAttributes: string, isEmpty: boolean): void {
    if (name === 'br') return this.#lineBreak();
    if (isBlock(name)) this.#boundary(name);
    this.#stack.open(name);
    if (isVoid(name)) return;
    const depth = this.#stack.depth;
    if (this.#wantedDepth === Infinity && this.#options.only?.has(name) === true) this.#wantedDepth = depth;
    if (this.#muteDepth === Infinity && this.#silences(name, rawAttributes)) this.#muteDepth = depth;
    if (isEmpty && (MUTE.has(name) || name === 'path' || name === 'use')) this.#stack.close(name);
    if (this.#isMute) return;
    if (name === 'pre' && this.#pre === undefined) {
      this.#pre = [];
      this.#preDepth = depth;
      this.#isListing = false;
    } else if (name === 'code' && this.#pre !== undefined) {
      this.#isListing = true;
    } else if (
      name === 'sup' ||
      (name === 'a' && this.#noteAt === undefined && NOTE_LINK.test(rawAttributes))
    ) {
      this.#noteAt = this.#pieces.length;
      this.#noteElement = name;
      this.#noteHasLink = name === 'a';
    } else if (name === 'a' && this.#noteAt !== undefined) {
      this.#noteHasLink = true;
    }
  }

  #close(name: string): void {
    if (name === 'br') return this.#lineBreak();
    // A stray `</p>` still ends a line of prose.
    if (name === 'p' && !this.#stack.isOpen('p')) this.#flush();
    this.#stack.close(name);
  }

  #closed(name: string, depth: number): void {
    const wasMute = this.#isMute;
    if (isBlock(name) && !wasMute) {
      if (this.#pre !== undefined && depth < this.#preDepth) this.#endPre();
      else if (name !== 'td' && name !== 'th' && this.#pre === undefined) this.#flush(HEADING.test(name));
    }
    if (name === this.#noteElement && this.#noteAt !== undefined) {
      const mark = this.#pieces.slice(this.#noteAt).join('');
      // Behind a full stop a raised number is no power of anything.
      const isNote = this.#noteHasLink || /[.,;:!?"”’)]$/u.test(this.#pieces[this.#noteAt - 1] ?? '');
      if (isNote && NOTE_MARK.test(mark)) this.#pieces.length = this.#noteAt;
      this.#noteAt = undefined;
    }
    if (depth < this.#muteDepth) this.#muteDepth = Infinity;
    if (depth < this.#wantedDepth && this.#options.only !== undefined) this.#wantedDepth = Infinity;
  }

  #boundary(name: string): void {
    if (this.#isMute || this.#pre !== undefined) return;
    const isCell = name === 'td' || name === 'th';
    if (!isCell || !this.#stack.isOpen('tr')) this.#flush();
    else if (this.#hasText) {
      this.#pieces.push(' — ');
      this.#hasText = false;
    }
  }

  #text(text: string): void {
    if (this.#isMute) return;
    if (this.#pre !== undefined) {
      this.#pre.push(text);
      return;
    }
    const inline = text.replace(/\s+/gu, ' ');
    if (inline === '' || (inline === ' ' && this.#breaks > 0)) return;
    this.#breaks = 0;
    this.#pieces.push(inline);
    this.#hasText ||= hasWords(inline);
  }

  #lineBreak(): void {
    if (this.#isMute) return;
    if (this.#pre !== undefined) {
      this.#pre.push('\n');
      return;
    }
    this.#breaks += 1;
    if (this.#breaks === 2) this.#flush();
    else this.#pieces.push('\n');
  }

  #flush(isHeading = false): void {
    if (this.#pieces.length === 0) return;
    const lines = this.#pieces.join('').split('\n').map(cleanText);
    this.#pieces = [];
    this.#hasText = false;
    this.#noteAt = undefined;
    const text = lines.filter((line) => line !== '').join('\n');
    if (!hasWords(text)) return;
    this.#blocks.push({ kind: isHeading ? 'heading' : 'paragraph', text });
  }

  #endPre(): void {
    const text = (this.#pre ?? []).join('');
    this.#pre = undefined;
    if (!hasWords(text)) return;
    if (this.#isListing || looksLikeCode(text)) this.#listings += 1;
    else for (const block of textBlocks(text)) this.#blocks.push(...listLines(block));
  }

  #silences(name: string, rawAttributes: string): boolean {
    if (MUTE.has(name)) return true;
    if (rawAttributes !== '' && isHidden(rawAttributes)) return true;
    if (this.#options.withFurniture === true) return false;
    if (FURNITURE.has(name)) {
      const isOwn =
        (name === 'header' || name === 'footer') && [...CONTENT].some((each) => this.#stack.isOpen(each));
      return !isOwn;
    }
    return (
      rawAttributes.includes('role') && FURNITURE_ROLES.has(attributesOf(rawAttributes).get('role') ?? '')
    );
  }
}

/** Share of the lines that have to look like a program's. */
const CODE_SHARE = 0.5;
const CODE_LINE =
  /[;{}\]]\s*$|^\s*(?:[$#>]\s?[\w./-]+|\/\/|import\s|from\s\S+\simport|def\s|class\s\w+[:({]|return\b|const\s|let\s|var\s|function\b|if\s?\(|for\s?\(|<\/?[a-z])|^\s*[\w.]+(?:\[\w*\])?\s*[+-]?=[^=]|\w\(\)?[^ ]*\)\s*$/u;

/** A listing that nobody marked as code. */
function looksLikeCode(text: string): boolean {
  const lines = text.split('\n').filter((line) => hasWords(line) || /[{}]/.test(line));
  const code = lines.filter((line) => CODE_LINE.test(line.slice(0, 300)));
  return code.length > 0 && code.length >= lines.length * CODE_SHARE;
}

function isHidden(rawAttributes: string): boolean {
  if (!/hidden|display/iu.test(rawAttributes)) return false;
  const attributes = attributesOf(rawAttributes);
  return (
    attributes.has('hidden') ||
    attributes.get('aria-hidden') === 'true' ||
    /display\s*:\s*none/iu.test(attributes.get('style') ?? '')
  );
}
