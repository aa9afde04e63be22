/** Where a document type begins, if there is one; it stands in front of the first element. */
const DOCTYPE = /<!doctype/iu;
const HEAD = 4_096;
/** A program that meant to write `<?xml …?>`, as some have: `<?phpxml …?>`. */
const STRANGE_DECLARATION = /^\s*<\?(?!xml[\s-])\w[^>]{0,200}\?>/iu;
const LAST_ITEM = /<\/(?:(\w{1,20}):)?(item|entry)\s*>/giu;

/**
 * XML without its document type. No feed needs one, and what it may hold – entities that multiply, entities that load
 * files – nobody should expand.
 */
export function feedXml(text: string): { readonly xml: string; readonly declaresEntities: boolean } {
  if (STRANGE_DECLARATION.test(text.slice(0, HEAD))) return feedXml(text.replace(STRANGE_DECLARATION, ''));
  const start = DOCTYPE.exec(text.slice(0, HEAD))?.index;
  if (start === undefined) return { xml: text, declaresEntities: false };
  const end = doctypeEnd(text, start);
  return {
    xml: text.slice(0, start) + text.slice(end),
    declaresEntities: /<!entity/iu.test(text.slice(start, end)),
  };
}

/** Brackets and angles are counted outside quotes only; a document type without an end ends with its first angle. */
function doctypeEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start + 2; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === '"' || char === "'") {
      const close = text.indexOf(char, at + 1);
      if (close < 0) break;
      at = close;
    } else if (char === '[' || char === '<') {
      depth += 1;
    } else if (char === ']') {
      depth -= 1;
    } else if (char === '>') {
      if (depth <= 0) return at + 1;
      depth -= 1;
    }
  }
  const first = text.indexOf('>', start);
  return first < 0 ? text.length : first + 1;
}

/** A feed that was cut off, up to its last whole item and closed there; nothing where it has none. */
export function upToLastItem(xml: string): string | undefined {
  let end: number | undefined;
  for (const match of xml.matchAll(LAST_ITEM)) end = match.index + match[0].length;
  if (end === undefined) return undefined;
  const root = /<((?:\w{1,20}:)?(?:rss|feed|rdf))[\s>]/iu.exec(xml.slice(0, HEAD * 4))?.[1];
  if (root === undefined) return undefined;
  const channel = /rss$/iu.test(root) ? '</channel>' : '';
  return `${xml.slice(0, end)}${channel}</${root}>`;
}
