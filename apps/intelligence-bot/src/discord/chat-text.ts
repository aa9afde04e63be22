/** Text in the chat's markup. Lengths are UTF-16 code units: never fewer than code points, so a text fits however it is counted. */

/** What the chat reads as markup, wherever it stands in a line. */
const MARKUP = /[\\*_~`|<>[\]()#:@-]/g;
/** Not seen, or moves what is seen; joiners stay, scripts and emoji need them. */
const UNSEEN = /(?![\u200c\u200d\n])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const ELLIPSIS = '…';

/** Plain text that shows as it is: control characters are taken out, markup, mentions and masked links escaped. */
export function escapeMarkup(text: string): string {
  return text
    .replace(/\r\n?|\t/g, ' ')
    .replace(UNSEEN, '')
    .replace(MARKUP, '\\$&');
}

/** Plain text in one line, as {@link escapeMarkup} and at most `limit` long, cut with an ellipsis. */
export function line(text: string, limit: number): string {
  return cut(escapeMarkup(text.replace(/\s+/g, ' ').trim()), limit);
}

/** At most `limit` of a text in markup, the ellipsis included; never half a character, nor a backslash without what it escapes. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, safeEnd(text, 0, Math.max(0, limit - 1))).trimEnd()}${ELLIPSIS}`;
}

/**
 * Splits a text in markup into messages of at most `limit` (2 or more): at the end of a line where the second half of a message
 * has one, else of a word, else anywhere between two characters. White space at the seams is left away; messages without anything to see too.
 */
export function chunks(text: string, limit: number): string[] {
  const made: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.length - at <= limit ? text.length : seam(text, at, limit);
    const chunk = text.slice(at, end).trim();
    if (chunk !== '') made.push(chunk);
    at = end;
  }
  return made;
}

function seam(text: string, from: number, limit: number): number {
  const last = from + limit;
  for (const separator of ['\n', ' ']) {
    const found = text.lastIndexOf(separator, last);
    if (found > from + limit / 2) return found;
  }
  const end = safeEnd(text, from, last);
  return end > from ? end : last;
}

/** The last place up to `end` where a text can be cut. */
function safeEnd(text: string, from: number, end: number): number {
  let at = end;
  if (isHigh(text, at - 1) && isLow(text, at)) at -= 1;
  let backslashes = 0;
  while (at - 1 - backslashes >= from && text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 0 ? at : at - 1;
}

function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd8_00 && unit <= 0xdb_ff;
}

function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc_00 && unit <= 0xdf_ff;
}
