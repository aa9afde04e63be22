import { ElementStack, isVoid } from './element-stack.js';
import { attributesOf, type MarkupToken } from './tokens.js';

/** Elements and depth up to which a page is searched for its article; the search takes the square of either. */
const MAX_ELEMENTS = 6_000;
const MAX_DEPTH = 64;
/** Characters of text up to which it is. */
const MAX_TEXT = 4_000_000;
/** Signs that have to be written as references; a tree builder makes a piece of text of each. */
const MAX_REFERENCES = 3_000;
/** Attributes that say what a part of a page is for. */
const TELLING = [
  'class',
  'id',
  'role',
  'href',
  'rel',
  'itemprop',
  'itemtype',
  'hidden',
  'aria-hidden',
  'style',
  'lang',
];
const MAX_VALUE = 300;
const DROPPED = new Set(['noscript', 'template', 'svg', 'math', 'canvas', 'object', 'select', 'button']);

/**
 * The same page as well-formed HTML, every element closed, without scripts, styles and pictures, its attributes cut
 * short: what a tree builder can take without surprises. Nothing comes back for a page too large or too deep for one.
 */
export function tameMarkup(tokens: readonly MarkupToken[]): string | undefined {
  const pieces: string[] = [];
  let elements = 0;
  let length = 0;
  let references = 0;
  let droppedDepth = Infinity;
  const stack = new ElementStack((name, depth) => {
    if (depth < droppedDepth) {
      if (droppedDepth === Infinity) pieces.push(`</${safeName(name)}>`);
      else droppedDepth = Infinity;
    }
  });
  for (const token of tokens) {
    if (token.kind === 'close') {
      stack.close(token.name);
    } else if (token.kind === 'open') {
      stack.open(token.name);
      const isDropped = droppedDepth !== Infinity;
      if (!isDropped && !isVoid(token.name)) {
        elements += 1;
        if (DROPPED.has(token.name)) droppedDepth = stack.depth;
        else pieces.push(`<${safeName(token.name)}${telling(token.attributes)}>`);
      } else if (!isDropped && (token.name === 'br' || token.name === 'hr')) {
        elements += 1;
        pieces.push(`<${token.name}>`);
      }
      if (token.isEmpty && DROPPED.has(token.name)) stack.close(token.name);
    } else if (token.kind === 'text' && droppedDepth === Infinity) {
      length += token.text.length;
      references += token.text.match(/[&<>]/gu)?.length ?? 0;
      pieces.push(escapeText(token.text));
    }
    if (
      elements > MAX_ELEMENTS ||
      stack.depth > MAX_DEPTH ||
      length > MAX_TEXT ||
      references > MAX_REFERENCES
    )
      return undefined;
  }
  stack.closeAll();
  return pieces.join('');
}

function telling(rawAttributes: string): string {
  if (rawAttributes.trim() === '') return '';
  const attributes = attributesOf(rawAttributes);
  return TELLING.filter((name) => attributes.has(name))
    .map(
      (name) =>
        ` ${name}="${escapeText((attributes.get(name) ?? '').slice(0, MAX_VALUE)).replaceAll('"', '&#34;')}"`,
    )
    .join('');
}

const safeName = (name: string): string => name.replace(/[^a-z0-9-]/gu, '-');

function escapeText(text: string): string {
  return text.replace(/[&<>]/gu, (char) => `&#${char.charCodeAt(0)};`);
}
