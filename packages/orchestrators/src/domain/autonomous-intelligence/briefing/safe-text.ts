/**
 * Text from content is written by strangers. What cannot be seen, moves the cursor, or turns the reading direction
 * round is taken out once, here, before any form is rendered.
 */

/** Zero width joiner and non-joiner stay: scripts and emoji need them. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu;
const WHITE = /[\t\n\v\f\r\u0085\u2028\u2029\u00a0 ]+/g;
/** More marks on one letter than any language uses only serve to draw over other lines. */
const MARKS = /(\p{M}{3})\p{M}+/gu;

/**
 * One line of visible text: no control, formatting or unassigned characters, white space joined, at most
 * `limit` UTF-16 code units and then an ellipsis.
 *
 * @param limit at least 1.
 */
export function safeText(text: string, limit: number): string {
  // A little more than needed is cleaned, so that the cost does not grow with what is thrown away.
  const clean = text
    .slice(0, limit * 2 + 64)
    .replace(WHITE, ' ')
    .replace(UNSEEN, '')
    .replace(MARKS, '$1')
    .trim();
  if (clean.length <= limit && text.length <= limit * 2 + 64) return clean;
  const cut = clean.slice(0, Math.max(0, limit - 1)).replace(/[\ud800-\udbff]$/, '');
  return `${cut.trimEnd()}…`;
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => HTML[character] ?? character);
}

/**
 * Text for any place in a Markdown line: nothing in it can become a heading, list, link, table cell, emphasis, code
 * or HTML, also not by the automatic links of GitHub's Markdown.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_[\]|~#@$^]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/:(?=\/\/)|(?:mailto|xmpp):/gi, (match) => `${match.slice(0, -1)}\\:`)
    .replace(/(www)\./gi, '$1\\.')
    .replace(/^[-+=:]/, '\\$&')
    .replace(/^(\d{1,10})([.)])/, '$1\\$2');
}

/** The address of a link, or `undefined` for anything but http and https: other schemes can run or read things. */
export function safeLink(uri: string): string | undefined {
  if (!/^https?:\/\//i.test(uri) || uri.length > 2048) return undefined;
  try {
    const url = new URL(uri);
    // A name and password before the host make one host look like another.
    if (url.username !== '' || url.password !== '') return undefined;
    return url.href.replace(
      /[<>()[\]\\`'"|*_\s]/g,
      (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  } catch {
    return undefined;
  }
}
