import { decodeEntities } from '../prose/entities.js';

const PLAIN = /[^\\`<![\]*_~]+/uy;
const AUTO_LINK = /<((?:https?:|mailto:)?[^\s<>]{1,500}@?[^\s<>]{0,500})>/uy;
const TAG = /<(?:\/?([A-Za-z][A-Za-z0-9-]{0,40})(?:[\s/][^<>]{0,2000})?|!--[^<>]{0,2000}--)>/uy;
const FOOTNOTE = /\[\^[^\]\s]{1,60}\]/uy;
const WIKI_LINK = /\[\[([^[\]\n]{1,300})\]\]/uy;
/** `(target "title")`; a target may hold one pair of brackets of its own. */
const TARGET = /\((?:[^()\n]{0,2000}|[^()\n]{0,1000}\([^()\n]{0,1000}\)[^()\n]{0,1000})\)/uy;
const LABEL = /\[([^[\]\n]{0,300})\]/uy;
const PUNCTUATION = /[!-/:-@[-`{-~]/u;
const SPACE = /[\s\u00a0]/u;
const LETTER = /[\p{L}\p{N}]/u;

interface Delimiter {
  readonly piece: number;
  count: number;
}
interface Bracket {
  readonly piece: number;
  readonly from: number;
  readonly isImage: boolean;
}

/**
 * The text of a stretch of Markdown: emphasis marks go where they come in pairs, a link becomes its text, pictures,
 * footnote marks and HTML tags go, code spans keep their words. What only looks like mark-up stays as it is written.
 * Linear in the length of the text.
 *
 * @param definitions labels of the document's link definitions, in lower case
 */
export function inlineText(source: string, definitions: ReadonlySet<string>): string {
  return new InlineReader(source, definitions).read();
}

class InlineReader {
  readonly #source: string;
  readonly #definitions: ReadonlySet<string>;
  readonly #pieces: string[] = [];
  readonly #brackets: Bracket[] = [];
  readonly #openers: Record<string, Delimiter[]> = { '*': [], _: [], '~': [] };
  /** Starts of the runs of back-ticks by their length, last one first. */
  readonly #ticks = new Map<number, number[]>();
  #at = 0;

  constructor(source: string, definitions: ReadonlySet<string>) {
    this.#source = source;
    this.#definitions = definitions;
    for (const { 0: run, index } of [...source.matchAll(/`+/gu)].reverse()) {
      const starts = this.#ticks.get(run.length) ?? [];
      starts.push(index);
      this.#ticks.set(run.length, starts);
    }
  }

  read(): string {
    while (this.#at < this.#source.length) {
      const plain = this.#match(PLAIN);
      if (plain !== undefined) this.#pieces.push(decodeEntities(plain[0]));
      else this.#special(this.#source[this.#at] as string);
    }
    return this.#pieces.join('');
  }

  #special(char: string): void {
    if (char === '\\') this.#escape();
    else if (char === '`') this.#code();
    else if (char === '<') this.#angle();
    else if (char === '[') this.#openBracket(false);
    else if (char === '!' && this.#source[this.#at + 1] === '[') this.#openBracket(true);
    else if (char === ']') this.#closeBracket();
    else if (char === '*' || char === '_' || char === '~') this.#emphasis(char);
    else this.#literal(char);
  }

  #escape(): void {
    const next = this.#source[this.#at + 1];
    if (next === '\n') {
      this.#at += 1;
    } else if (next !== undefined && PUNCTUATION.test(next)) {
      this.#pieces.push(next);
      this.#at += 2;
    } else {
      this.#literal('\\');
    }
  }

  #code(): void {
    const from = this.#at;
    let end = from;
    while (this.#source[end] === '`') end += 1;
    const starts = this.#ticks.get(end - from) ?? [];
    while (starts.length > 0 && (starts.at(-1) as number) <= from) starts.pop();
    const close = starts.pop();
    if (close === undefined) return this.#literal(this.#source.slice(from, end));
    this.#pieces.push(this.#source.slice(end, close).trim());
    this.#at = close + (end - from);
  }

  #angle(): void {
    const tag = this.#match(TAG);
    if (tag !== undefined) {
      const name = tag[1]?.toLowerCase();
      if (name === 'br' || name === 'p') this.#pieces.push('\n');
      return;
    }
    const link = this.#match(AUTO_LINK);
    if (link !== undefined && /[:@]/u.test(link[0])) this.#pieces.push(link[1] ?? '');
    else if (link !== undefined) this.#pieces.push(link[0]);
    else this.#literal('<');
  }

  #openBracket(isImage: boolean): void {
    if (this.#match(FOOTNOTE) !== undefined) return;
    const wiki = this.#match(WIKI_LINK);
    if (wiki !== undefined) {
      // `[[Text]](target)` is a link whose text stands in brackets.
      const isLink = this.#match(TARGET) !== undefined;
      const text = wiki[1] ?? '';
      this.#pieces.push(isLink ? inlineText(text, this.#definitions) : (text.split('|').at(-1) ?? ''));
      return;
    }
    this.#brackets.push({ piece: this.#pieces.length, from: this.#at, isImage });
    this.#literal(isImage ? '![' : '[');
  }

  #closeBracket(): void {
    const open = this.#brackets.pop();
    const from = this.#at;
    this.#at += 1;
    if (open === undefined || !this.#isLink(open, from)) {
      this.#pieces.push(']');
      return;
    }
    if (open.isImage) {
      this.#pieces.length = open.piece;
      for (const openers of Object.values(this.#openers))
        while ((openers.at(-1)?.piece ?? -1) >= open.piece) openers.pop();
    } else {
      this.#pieces[open.piece] = '';
    }
  }

  /** Steps over what makes brackets a link: a target, a label, or a definition of the text itself. */
  #isLink(open: Bracket, close: number): boolean {
    if (this.#match(TARGET) !== undefined) return true;
    const text = this.#source.slice(open.from + (open.isImage ? 2 : 1), close).slice(0, 300);
    const before = this.#at;
    const label = this.#match(LABEL)?.[1];
    if (label !== undefined && this.#definitions.has((label || text).toLowerCase())) return true;
    this.#at = before;
    return this.#definitions.has(text.toLowerCase());
  }

  #emphasis(char: string): void {
    const from = this.#at;
    let end = from;
    while (this.#source[end] === char) end += 1;
    const before = this.#source[from - 1] ?? ' ';
    const after = this.#source[end] ?? ' ';
    this.#at = end;
    let count = end - from;
    const isInWord = char === '_' && LETTER.test(before) && LETTER.test(after);
    const openers = this.#openers[char] as Delimiter[];
    if (!isInWord && !SPACE.test(before) && (char !== '~' || count === 2)) {
      while (count > 0 && openers.length > 0) {
        const opener = openers.at(-1) as Delimiter;
        const used = Math.min(count, opener.count);
        count -= used;
        opener.count -= used;
        this.#pieces[opener.piece] = char.repeat(opener.count);
        if (opener.count === 0) openers.pop();
      }
    }
    if (count === 0) return;
    if (!isInWord && !SPACE.test(after) && (char !== '~' || count === 2))
      openers.push({ piece: this.#pieces.length, count });
    this.#pieces.push(char.repeat(count));
  }

  #literal(text: string): void {
    this.#pieces.push(text);
    this.#at += text.length;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source) ?? undefined;
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }
}
