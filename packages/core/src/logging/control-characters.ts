/**
 * Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls and lone surrogates:
 * what can end a line, move a cursor, or make a line read differently from what it says.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u;
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'gu');

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const visible = (character: string): string =>
  NAMED[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * `text` with every control character, U+2028, U+2029, bidirectional control and lone surrogate written out
 * (`\n`, `\u001b`, `\u2028`), so that the result is one line whatever the input. Everything else, emoji
 * included, stays. Meant for reading: a backslash that was in the text is not doubled, so it cannot be undone.
 */
export function escapeControls(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, visible) : text;
}
