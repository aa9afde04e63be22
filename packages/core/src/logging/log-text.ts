import { escapeControls } from './control-characters.js';
import { findAssignments, findFlagValues } from './secret-assignments.js';
import type { SecretKeys } from './secret-keys.js';
import {
  findCardNumbers,
  findPemBlocks,
  findSchemeCredentials,
  findServiceTokens,
  findShapes,
  findUrlUserinfo,
} from './secret-tokens.js';
import type { Span } from './span.js';

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/** A secret that begins before the cut is recognised by this many characters behind it. */
const LOOK_AHEAD = 1_024;
/** No token format is shorter. */
const SHORTEST_TOKEN_RUN = 15;
/** Below this a token has a digit or a capital; `orchestration_failed` has not, and need not be looked at. */
const MIXED_TOKEN_RUN = 24;
const SHORTEST_CARD = 13;

/** What one scan of a text has seen; each search runs only where its marks are present. */
export const Mark = {
  none: 0,
  /** Control characters and everything outside ASCII. */
  unusual: 1,
  /** `=`, `:` and `>`. */
  separator: 2,
  /** Quotes and backslashes, which JSON escapes. */
  escaped: 4,
  space: 8,
  /** A stretch that is long enough for a token. */
  token: 16,
  /** Digits enough for a card number, with nothing but spaces and hyphens between them. */
  card: 32,
} as const;

const WORD = 64;
const DIGIT = 128;
const CAPITAL = 256;
const HYPHEN = 45;

const CLASS_OF = new Uint16Array(128).map((_, code) => {
  const character = String.fromCharCode(code);
  if (code < 32 || code === 127) return Mark.unusual;
  if ('=:>'.includes(character)) return Mark.separator;
  if ('"\\'.includes(character)) return Mark.escaped;
  if (character === ' ') return Mark.space;
  if (/\d/.test(character)) return WORD | DIGIT;
  if (/[A-Z]/.test(character)) return WORD | CAPITAL;
  return /[\w-]/.test(character) ? WORD : 0;
});

/** The {@link Mark}s of the first `end` characters. */
export function scan(text: string, end: number): number {
  let seen = 0;
  let run = 0;
  let longest = 0;
  let digits = 0;
  let mostDigits = 0;
  for (let index = 0; index < end; index += 1) {
    const code = text.charCodeAt(index);
    const kind = code < 128 ? (CLASS_OF[code] ?? 0) : Mark.unusual;
    seen |= kind;
    if ((kind & WORD) === 0) {
      if (run > longest) longest = run;
      run = 0;
      if (kind !== Mark.space) digits = 0;
    } else {
      run += 1;
      if ((kind & DIGIT) !== 0) {
        digits += 1;
        if (digits > mostDigits) mostDigits = digits;
      } else if (code !== HYPHEN) digits = 0;
    }
  }
  if (run > longest) longest = run;
  const isMixed = (seen & (DIGIT | CAPITAL)) !== 0;
  const token = longest >= (isMixed ? SHORTEST_TOKEN_RUN : MIXED_TOKEN_RUN) ? Mark.token : 0;
  return (seen & (WORD - 1)) | token | (mostDigits >= SHORTEST_CARD ? Mark.card : 0);
}

/** How much of a text is looked at when `limit` characters of it may be shown. */
export function windowOf(text: string, limit: number): number {
  return Math.min(text.length, limit + LOOK_AHEAD);
}

/** Whether nothing has to be looked for: most short strings. */
export function isPlain(text: string, marks: number, limit: number): boolean {
  return marks === Mark.none && text.length <= limit;
}

function findSecrets(text: string, marks: number, keys: SecretKeys): Span[] {
  const spans: Span[] = [];
  if ((marks & Mark.separator) !== 0) {
    findAssignments(text, keys, spans);
    findUrlUserinfo(text, spans);
  }
  if ((marks & Mark.token) !== 0) {
    findServiceTokens(text, spans);
    findShapes(text, spans);
  }
  if ((marks & Mark.card) !== 0) findCardNumbers(text, spans);
  if (text.includes('--')) {
    findPemBlocks(text, spans);
    findFlagValues(text, keys, spans);
  }
  if ((marks & (Mark.space | Mark.unusual)) !== 0) findSchemeCredentials(text, spans);
  return spans.length > 1 ? spans.sort((a, b) => a[0] - b[0]) : spans;
}

/** Up to `end`, but not between the halves of a surrogate pair. */
function wholeCharacters(text: string, end: number): number {
  const code = text.charCodeAt(end - 1);
  return end < text.length && code >= 0xd800 && code <= 0xdbff ? end - 1 : end;
}

/**
 * `text` for a log: secrets replaced, cut after `limit` characters (and saying by how much), one line.
 *
 * @param marks What {@link scan} says of the first {@link windowOf} characters.
 */
export function cleanText(text: string, marks: number, limit: number, keys: SecretKeys): string {
  const end = windowOf(text, limit);
  const seen = end < text.length ? text.slice(0, end) : text;
  const spans = findSecrets(seen, marks, keys);
  if (spans.length === 0 && text.length <= limit) {
    return (marks & Mark.unusual) === 0 ? text : escapeControls(text);
  }
  let out = '';
  let at = 0;
  for (const [start, spanEnd] of spans) {
    if (start >= limit) break;
    if (spanEnd <= at) continue;
    out += start >= at ? seen.slice(at, start) + REDACTED : '';
    at = spanEnd;
  }
  if (at < limit) {
    const cut = Math.max(at, wholeCharacters(seen, Math.min(limit, seen.length)));
    out += seen.slice(at, cut);
    at = cut;
  }
  const rest = text.length - at;
  return escapeControls(rest > 0 ? `${out}… (+${String(rest)} characters)` : out);
}
