import { isTokenCharacter, type Span } from './span.js';

/**
 * Secrets that are known by their own shape, wherever they stand. Each search is linear in the text: patterns
 * match a bounded head, and what follows is walked once by hand.
 */

interface TokenShape {
  /** Fewest characters of the whole token. */
  readonly atLeast: number;
  /** Whether a digit must follow the head, which keeps ordinary hyphenated words out. */
  readonly hasDigit?: true;
}

/** Heads of the token formats of common services. */
const TOKEN_HEADS: ReadonlyMap<string, TokenShape> = new Map<string, TokenShape>([
  ...['AKIA', 'ASIA'].map((head): [string, TokenShape] => [head, { atLeast: 20 }]), // AWS
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'].map((head): [string, TokenShape] => [
    head,
    { atLeast: 24 },
  ]),
  ...['glpat-', 'npm_', 'hf_', 'dckr_pat_', 'shpat_'].map((head): [string, TokenShape] => [
    head,
    { atLeast: 24, hasDigit: true },
  ]),
  ...['xoxa-', 'xoxb-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'].map(
    (head): [string, TokenShape] => [head, { atLeast: 15 }],
  ), // Slack
  ...['sk-', 'sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_', 'pplx-', 'gsk_'].map(
    (head): [string, TokenShape] => [head, { atLeast: 20, hasDigit: true }],
  ), // OpenAI, Anthropic, Stripe and others
  ['AIza', { atLeast: 35 }], // Google
  ['eyJ', { atLeast: 12 }], // JSON web tokens: base64 of `{"`
]);

const firstCharacters = [...new Set([...TOKEN_HEADS.keys()].map((head) => head.charAt(0)))].join('');
const headPattern = new RegExp(
  `(?<![A-Za-z0-9])(?=[${firstCharacters}])(?:${[...TOKEN_HEADS.keys()].join('|')})`,
  'g',
);

function runEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isTokenCharacter(text.charCodeAt(at))) at += 1;
  return at;
}

/** Where the dotted parts after `from` end; `from` itself where there are none. */
function dottedEnd(text: string, from: number): number {
  let end = from;
  while (text[end] === '.' && isTokenCharacter(text.charCodeAt(end + 1))) end = runEnd(text, end + 1);
  return end;
}

export function findServiceTokens(text: string, spans: Span[]): void {
  let end = -1;
  let lastDigit = -1;
  headPattern.lastIndex = 0;
  for (let match = headPattern.exec(text); match !== null; match = headPattern.exec(text)) {
    const [head] = match;
    const start = match.index;
    if (start >= end) {
      end = runEnd(text, start);
      lastDigit = end - 1;
      while (lastDigit > start && !/\d/.test(text[lastDigit] ?? '')) lastDigit -= 1;
    }
    const shape = TOKEN_HEADS.get(head);
    if (shape === undefined || end - start < shape.atLeast) continue;
    if (shape.hasDigit && lastDigit < start + head.length) continue;
    const whole = head === 'eyJ' ? dottedEnd(text, end) : end;
    // Without its dots it is other base64 JSON (a cursor), unless the text was cut here.
    if (head === 'eyJ' && whole === end && end < text.length) continue;
    spans.push([start, whole]);
    headPattern.lastIndex = whole;
  }
}

interface Shape {
  /** A part of every match, looked for first because that is much cheaper. */
  readonly mark: string;
  readonly pattern: RegExp;
}

const SHAPES: readonly Shape[] = [
  // Discord bot tokens: base64 of a numeric id, time, signature.
  {
    mark: '.',
    pattern: /(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{22,28}\.[A-Za-z0-9_-]{5,8}\.[A-Za-z0-9_-]{25,80}/g,
  },
  // Google access tokens.
  { mark: 'ya29.', pattern: /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{16,}/g },
  // Telegram bot tokens.
  { mark: ':AA', pattern: /(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{30,40}/g },
  // Slack and Discord web hooks: the tail of the path is the secret.
  { mark: 'hooks.slack.com/', pattern: /(?<=hooks\.slack\.com\/(?:services|workflows)\/)[A-Za-z0-9_/-]+/g },
  { mark: '/api/webhooks/', pattern: /(?<=\/api\/webhooks\/\d{1,25}\/)[A-Za-z0-9_-]+/g },
];

export function findShapes(text: string, spans: Span[]): void {
  for (const { mark, pattern } of SHAPES) {
    if (!text.includes(mark)) continue;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      spans.push([match.index, match.index + match[0].length]);
    }
  }
}

const SCHEME_AND_VALUE = /\b(?:bearer|basic|digest|negotiate)[ \t]{1,4}([A-Za-z0-9._~+/=-]{6,})/gi;
/** What tells a credential from the next word of a sentence ("bearer token", "Basic authentication"). */
const UNLIKE_A_WORD = /[0-9=+~]|.[A-Z]/;
const LONG_FOR_A_WORD = 20;

/** Credentials behind the name of an HTTP authentication scheme. */
export function findSchemeCredentials(text: string, spans: Span[]): void {
  SCHEME_AND_VALUE.lastIndex = 0;
  for (let match = SCHEME_AND_VALUE.exec(text); match !== null; match = SCHEME_AND_VALUE.exec(text)) {
    const value = match[1] ?? '';
    if (value.length < LONG_FOR_A_WORD && !UNLIKE_A_WORD.test(value)) continue;
    const end = match.index + match[0].length;
    spans.push([end - value.length, end]);
  }
}

/** PEM blocks of any kind; one whose end is missing runs to the end of the text. */
export function findPemBlocks(text: string, spans: Span[]): void {
  let start = text.indexOf('-----BEGIN ');
  while (start >= 0) {
    const footer = text.indexOf('-----END ', start);
    const close = footer < 0 ? -1 : text.indexOf('-----', footer + 9);
    const end = close < 0 ? text.length : close + 5;
    spans.push([start, end]);
    start = text.indexOf('-----BEGIN ', end);
  }
}

const CARD_CANDIDATE = /(?<!\d)(?<!\d\.)\d(?:[ -]?\d){12,18}(?!\d)/g;

/**
 * Payment card numbers: 13 to 19 digits, single spaces or hyphens between them allowed, with the issuer ranges
 * and lengths in use and a right Luhn digit. Ids of 17 and 18 digits (Discord's) are therefore never one.
 */
export function findCardNumbers(text: string, spans: Span[]): void {
  CARD_CANDIDATE.lastIndex = 0;
  for (let match = CARD_CANDIDATE.exec(text); match !== null; match = CARD_CANDIDATE.exec(text)) {
    if (isCardNumber(match[0].replace(/[ -]/g, ''))) {
      spans.push([match.index, match.index + match[0].length]);
    } else {
      CARD_CANDIDATE.lastIndex = match.index + 1;
    }
  }
}

/** Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay. */
const ISSUED =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14}(?:\d{3})?)$/;

export function isCardNumber(digits: string): boolean {
  if (!ISSUED.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

const TOKEN_STOP = /[\s"<>]/g;
const PORT_ONLY = /^\d{1,5}$/;

/**
 * User names and passwords in URLs, with the mistakes people make: `@`, `/` or `?` left unescaped in the
 * password. A URL without a user part is left alone, whatever its path and query hold.
 */
export function findUrlUserinfo(text: string, spans: Span[]): void {
  let stop = -1;
  let lastAt = -1;
  for (let mark = text.indexOf('://'); mark >= 0; mark = text.indexOf('://', mark + 3)) {
    const start = mark + 3;
    if (start > stop) {
      TOKEN_STOP.lastIndex = start;
      stop = TOKEN_STOP.exec(text)?.index ?? text.length;
      lastAt = text.slice(start, stop).lastIndexOf('@') + start;
      if (text[lastAt] !== '@') lastAt = -1;
    }
    if (lastAt < start || text[start] === '[') continue;
    const authority = text.slice(start, stop).split(/[/?#]/, 1)[0] ?? '';
    const at = authority.lastIndexOf('@');
    const colon = authority.indexOf(':');
    if (at >= 0) {
      // On the web an @ further on belongs to the path; in a connection string it belongs to the password.
      const end = /(?:https?|wss?)$/i.test(text.slice(Math.max(0, mark - 5), mark)) ? start + at : lastAt;
      spans.push([start, end]);
      mark = end;
    } else if (colon >= 0 && !PORT_ONLY.test(authority.slice(colon + 1))) {
      spans.push([start, lastAt]);
      mark = lastAt;
    }
  }
}
