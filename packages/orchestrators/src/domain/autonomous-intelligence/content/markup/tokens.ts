import { decodeEntities } from '../prose/entities.js';

/** A piece of HTML or XML. Names are in lower case in HTML and as written in XML. */
export type MarkupToken =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'open'; readonly name: string; readonly attributes: string; readonly isEmpty: boolean }
  | { readonly kind: 'close'; readonly name: string }
  /** The text of an element whose content is no mark-up: a script, a style, a title. */
  | { readonly kind: 'raw'; readonly name: string; readonly attributes: string; readonly text: string };

export type MarkupDialect = 'html' | 'xml';

/** HTML elements that hold text, not elements. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'iframe', 'noembed', 'noframes', 'xmp']);
/** Of those, the ones in which character references count. */
const RAW_WITH_REFERENCES = new Set(['textarea', 'title']);
const NAME = /[A-Za-z_][^\s/><"'=]{0,200}/uy;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+)))?/gu;

/**
 * Reads mark-up from front to back without building a tree, in time linear in its length whatever it holds:
 * nothing is expanded but character references, a comment or a quote that never ends is taken as text, and a
 * document type with its entity declarations is stepped over.
 */
export function* markupTokens(source: string, dialect: MarkupDialect): Generator<MarkupToken> {
  const search = new ForwardSearch(source);
  const text = (from: number, to: number): MarkupToken => ({
    kind: 'text',
    text: decodeEntities(source.slice(from, to)),
  });
  let at = 0;
  let textFrom = 0;
  while (at < source.length) {
    const open = source.indexOf('<', at);
    if (open < 0) break;
    const construct = readConstruct(source, open, dialect, search);
    if (construct === undefined) {
      at = open + 1;
      continue;
    }
    if (open > textFrom) yield text(textFrom, open);
    if (construct.token !== undefined) yield construct.token;
    at = construct.end;
    textFrom = at;
  }
  if (textFrom < source.length) yield text(textFrom, source.length);
}

/** The attributes of an open tag, references decoded, names in lower case; the first of a name counts. */
export function attributesOf(raw: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single, bare] of raw.matchAll(ATTRIBUTE)) {
    const key = name.toLowerCase();
    if (!attributes.has(key)) attributes.set(key, decodeEntities(double ?? single ?? bare ?? ''));
  }
  return attributes;
}

interface Construct {
  readonly end: number;
  readonly token?: MarkupToken;
}

function readConstruct(
  source: string,
  open: number,
  dialect: MarkupDialect,
  search: ForwardSearch,
): Construct | undefined {
  const next = source[open + 1];
  if (next === '!') return readDeclaration(source, open, dialect, search);
  if (next === '?') {
    const end = search.from(dialect === 'xml' ? '?>' : '>', open);
    return end < 0 ? undefined : { end: end + (dialect === 'xml' ? 2 : 1) };
  }
  const isClose = next === '/';
  NAME.lastIndex = open + (isClose ? 2 : 1);
  const written = NAME.exec(source)?.[0];
  if (written === undefined) return undefined;
  const name = dialect === 'html' ? written.toLowerCase() : written;
  const from = NAME.lastIndex;
  const end = tagEnd(source, from, search);
  if (end < 0) return undefined;
  if (isClose) return { end: end + 1, token: { kind: 'close', name } };
  const isEmpty = source[end - 1] === '/';
  const attributes = source.slice(from, isEmpty ? end - 1 : end);
  if (dialect === 'html' && RAW.has(name)) {
    return readRaw(source, { name, attributes, from: end + 1 }, search);
  }
  return { end: end + 1, token: { kind: 'open', name, attributes, isEmpty } };
}

/** The `>` that ends a tag: the first one outside a quoted value; -1 where there is none. */
function tagEnd(source: string, from: number, search: ForwardSearch): number {
  let afterEquals = false;
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] as string;
    if (char === '>') return at;
    if (afterEquals && (char === '"' || char === "'")) {
      const close = search.from(char, at + 1);
      if (close >= 0) at = close;
      afterEquals = false;
    } else if (char === '=') {
      afterEquals = true;
    } else if (!/\s/u.test(char)) {
      // A second tag that begins here means that the first one has lost its end.
      if (char === '<') return -1;
      afterEquals = false;
    }
  }
  return -1;
}

function readRaw(
  source: string,
  { name, attributes, from }: { name: string; attributes: string; from: number },
  search: ForwardSearch,
): Construct {
  const close = search.closeTag(name, from);
  // Code goes on to the end, as in a browser; a title that never ends is one that was left open by mistake.
  if (close < 0 && RAW_WITH_REFERENCES.has(name)) return { end: from };
  const end = close < 0 ? source.length : close;
  const content = source.slice(from, end);
  const text = RAW_WITH_REFERENCES.has(name) ? decodeEntities(content) : content;
  const after = close < 0 ? -1 : search.from('>', close);
  return { end: after < 0 ? source.length : after + 1, token: { kind: 'raw', name, attributes, text } };
}

function readDeclaration(
  source: string,
  open: number,
  dialect: MarkupDialect,
  search: ForwardSearch,
): Construct | undefined {
  if (source.startsWith('<!--', open)) {
    const end = search.from('-->', open + 4);
    return { end: end < 0 ? open + 4 : end + 3 };
  }
  if (source.startsWith('<![CDATA[', open)) {
    const end = search.from(']]>', open + 9);
    const text = source.slice(open + 9, end < 0 ? source.length : end);
    if (dialect === 'html' && end < 0) return { end: open + 9 };
    return { end: end < 0 ? source.length : end + 3, token: { kind: 'text', text } };
  }
  const end = search.from('>', open);
  if (end < 0) return undefined;
  const declaration = source.slice(open, end);
  const subset = open + declaration.indexOf('[');
  if (dialect === 'xml' && subset > open && /^<!doctype/iu.test(declaration)) {
    const close = search.from(']', subset);
    const after = close < 0 ? -1 : search.from('>', close);
    // Entity values may hold brackets; what is left over of the declarations is stepped over one by one.
    return { end: after < 0 ? end + 1 : after + 1 };
  }
  return { end: end + 1 };
}

/** Looks for strings ahead, and remembers which ones do not come any more, so that no search is made twice in vain. */
class ForwardSearch {
  readonly #source: string;
  readonly #absent = new Set<string>();

  constructor(source: string) {
    this.#source = source;
  }

  from(wanted: string, at: number): number {
    if (this.#absent.has(wanted)) return -1;
    const found = this.#source.indexOf(wanted, at);
    if (found < 0) this.#absent.add(wanted);
    return found;
  }

  closeTag(name: string, at: number): number {
    const wanted = `</${name}`;
    if (this.#absent.has(wanted)) return -1;
    const pattern = new RegExp(`</${name}(?=[\\s/>])`, 'giu');
    pattern.lastIndex = at;
    const found = pattern.exec(this.#source)?.index ?? -1;
    if (found < 0) this.#absent.add(wanted);
    return found;
  }
}
