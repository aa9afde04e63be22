import { KeyTrait, type SecretKeys } from './secret-keys.js';
import { isTokenCharacter, type Span } from './span.js';

/**
 * Secrets that are named in running text: `password=…`, `"apiKey": "…"`, `Authorization: …`, `;AccountKey=…`,
 * `secret => …`, `<token>…</token>`, `--token …`. Every character is looked at a bounded number of times.
 */

const MAX_KEY_CHARACTERS = 64;
const EQUALS = 61;
const COLON = 58;
const GREATER = 62;
const SHORTEST_KEY = 2;
const PHRASE_END = /^(?:keys?|number|string|codes?)$/i;
const CLOSES_A_KEY = '"\'`\\]';
const QUOTE = /["'`]/;
/** Ends an unquoted value. */
const VALUE_STOP = /[\s&;"<>]/g;
const LINE_STOP = /[\r\n]/g;
const TAG = /</g;
const WORD_STOP = /\s/g;
/** Closing punctuation belongs to the sentence, not to the value. */
const TRAILING = /[,.)}\]'`\\]/;
/** What stands after a key to say something about the secret. */
const HARMLESS_VALUES: ReadonlySet<string> = new Set(
  [
    [
      'true',
      'false',
      'null',
      'undefined',
      'none',
      'empty',
      'missing',
      'invalid',
      'expired',
      'required',
      'unset',
    ],
    ['denied', 'failed', 'revoked', 'ok', 'redacted', '[redacted'],
  ].flat(),
);
const NUMBER = /^\d[\d.,_]*(?:ms|s|k|m)?$/i;
const SCHEME = /^(?:bearer|basic|digest|negotiate|bot|token)$/i;
/** Headers whose value is the rest of the line. */
const HEADER_KEY = /(?:authorization|cookie)$/i;
const BRACKETS: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

const isBlank = (code: number): boolean => code === 32 || code === 9;

interface Key {
  readonly name: string;
  readonly quoted: boolean;
  /** The character before the key and before its opening quote. */
  readonly before: string;
  readonly opening: string;
}

/** In a sentence a secret of two words is two words: `API key: …`, `card number: …`. */
function phraseStart(text: string, start: number, end: number): number {
  if (text.charAt(start - 1) !== ' ' || !PHRASE_END.test(text.slice(start, end))) return start;
  let first = start - 1;
  while (start - first < MAX_KEY_CHARACTERS && isTokenCharacter(text.charCodeAt(first - 1))) first -= 1;
  return first === start - 1 ? start : first;
}

/** The key that ends right before the separator at `separator`; `undefined` where nothing like one is there. */
function keyBefore(text: string, separator: number): Key | undefined {
  let end = separator;
  while (separator - end < 2 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  let quotes = 0;
  while (quotes < 5 && CLOSES_A_KEY.includes(text.charAt(end - 1 - quotes)) && end - quotes > 0) quotes += 1;
  end -= quotes;
  let start = end;
  let hasLetter = false;
  for (; end - start < MAX_KEY_CHARACTERS; start -= 1) {
    const code = text.charCodeAt(start - 1);
    if (!isTokenCharacter(code)) break;
    hasLetter ||= code >= 65 && code !== 95;
  }
  if (!hasLetter || end - start < SHORTEST_KEY) return undefined;
  start = phraseStart(text, start, end);
  const before = text.charAt(start - 1);
  return {
    name: text.slice(start, end),
    quoted: quotes > 0,
    before,
    opening: QUOTE.test(before) ? before : '',
  };
}

function indexOfStop(text: string, stop: RegExp, from: number): number {
  stop.lastIndex = from;
  return stop.exec(text)?.index ?? text.length;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && at - from < 8 && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** The quote that closes a value opened behind `escapes` backslashes; the end of the text where it is missing. */
function closingQuote(text: string, from: number, quote: string, escapes: number): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    let backslashes = 0;
    while (backslashes <= escapes && text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes <= escapes) return at - Math.min(backslashes, at - from);
  }
  return text.length;
}

function closingBracket(text: string, from: number): number {
  const open = text.charAt(from);
  const close = BRACKETS[open];
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === open) depth += 1;
    else if (character === close) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** The unquoted value from `start`; a scheme name takes the credential after it along. */
function bareValueEnd(text: string, start: number): number {
  let end = indexOfStop(text, VALUE_STOP, start);
  if (SCHEME.test(text.slice(start, Math.min(end, start + 12)))) {
    const next = skipBlanks(text, end);
    if (next > end) end = indexOfStop(text, VALUE_STOP, next);
  }
  while (end > start && TRAILING.test(text.charAt(end - 1))) end -= 1;
  return end;
}

function valueAfter(text: string, from: number, key: Key, traits: number): Span | undefined {
  let at = skipBlanks(text, from);
  let escapes = 0;
  while (text[at + escapes] === '\\' && escapes < 8) escapes += 1;
  const quote = text.charAt(at + escapes);
  if (QUOTE.test(quote)) {
    at += escapes + 1;
    return [at, closingQuote(text, at, quote, escapes)];
  }
  if (BRACKETS[text.charAt(at)] !== undefined && !text.startsWith('[redacted]', at)) {
    return [at, closingBracket(text, at)];
  }
  const bare = bareValueEnd(text, at);
  const value = text.slice(at, Math.min(bare, at + 40)).toLowerCase();
  if (HARMLESS_VALUES.has(value)) return undefined;
  if ((traits & KeyTrait.numbersStay) !== 0 && NUMBER.test(value)) return undefined;
  if (!HEADER_KEY.test(key.name)) return [at, bare];
  const line = indexOfStop(text, LINE_STOP, at);
  const closing = key.opening === '' ? -1 : text.slice(at, line).indexOf(key.opening);
  return [at, closing < 0 ? line : at + closing];
}

/** Where the value of a separator starts, or -1 where the separator does not assign. */
function valueStart(text: string, separator: number, key: Key, traits: number): number {
  const sign = text.charAt(separator);
  const next = text.charAt(separator + 1);
  if (sign === '>') return key.before === '<' ? separator + 1 : -1;
  if (sign === ':') {
    if (next === ':') return -1;
    if (!key.quoted && (/[/@\\:]/.test(key.before) || (traits & KeyTrait.quietInText) !== 0)) return -1;
  }
  let start = separator + 1;
  while (start - separator <= 2 && /[=>]/.test(text.charAt(start))) start += 1;
  return start;
}

export function findAssignments(text: string, keys: SecretKeys, spans: Span[]): void {
  for (let at = 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== COLON && code !== EQUALS && code !== GREATER) continue;
    const key = keyBefore(text, at);
    if (key === undefined) continue;
    const traits = keys.traits(key.name);
    const start = (traits & KeyTrait.secret) === 0 ? -1 : valueStart(text, at, key, traits);
    if (start < 0) continue;
    const span =
      code === GREATER
        ? ([start, indexOfStop(text, TAG, start)] as const)
        : valueAfter(text, start, key, traits);
    if (span === undefined || span[1] <= span[0]) continue;
    spans.push(span);
    at = span[1] - 1;
  }
}

/** The key that a command line flag names (`--api-key` → `api-key`), or an empty string. */
export function flagName(word: string): string {
  return /^--?([A-Za-z][\w-]{0,63})$/.exec(word)?.[1] ?? '';
}

const FLAG = /--([A-Za-z][\w-]{0,63})[ \t]{1,4}(?=[^\s-])/g;

/** Values of command line flags that stand in the next word: `--token abc`. */
export function findFlagValues(text: string, keys: SecretKeys, spans: Span[]): void {
  FLAG.lastIndex = 0;
  for (let match = FLAG.exec(text); match !== null; match = FLAG.exec(text)) {
    if ((keys.traits(match[1] ?? '') & KeyTrait.secret) === 0) continue;
    const start = match.index + match[0].length;
    const quote = text.charAt(start);
    spans.push(
      QUOTE.test(quote)
        ? [start + 1, closingQuote(text, start + 1, quote, 0)]
        : [start, indexOfStop(text, WORD_STOP, start)],
    );
  }
}
