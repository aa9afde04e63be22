/** Longest sentence that is read as one statement, in UTF-16 code units; longer ones are only searched with. */
export const MAX_CLAIM_LENGTH = 600;

const ARTICLES = new Set(['the', 'a', 'an']);
/** Words that change neither who, what nor when, and may therefore be passed over. */
const FILLERS = new Set([
  'also',
  'officially',
  'formally',
  'actually',
  'indeed',
  'finally',
  'famously',
  'then',
  'once',
  'narrowly',
  'easily',
  'eventually',
  'subsequently',
  'ultimately',
]);

const UNITS: Readonly<Record<string, number>> = {
  zero: 0, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10, eleven: 11,
  twelve: 12, thirteen: 13, fourteen: 14, fifteen: 15, sixteen: 16, seventeen: 17, eighteen: 18, nineteen: 19,
}; // prettier-ignore
const TENS: Readonly<Record<string, number>> = {
  twenty: 20, thirty: 30, forty: 40, fifty: 50, sixty: 60, seventy: 70, eighty: 80, ninety: 90,
}; // prettier-ignore
const ORDINALS: Readonly<Record<string, number>> = {
  first: 1, second: 2, third: 3, fourth: 4, fifth: 5, sixth: 6, seventh: 7, eighth: 8, ninth: 9, tenth: 10,
  eleventh: 11, twelfth: 12, thirteenth: 13, fourteenth: 14, fifteenth: 15, sixteenth: 16, seventeenth: 17,
  eighteenth: 18, nineteenth: 19, twentieth: 20, thirtieth: 30, fortieth: 40, fiftieth: 50, sixtieth: 60,
}; // prettier-ignore

/** Code points that are not seen: controls, soft hyphen, joiners, marks of direction, byte order mark. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;
const PIECE = /\d{4}-\d{2}-\d{2}|\d+(?:st|nd|rd|th|s)\b|\d+(?:,\d{3})*(?:\.\d+)?|'s\b|[\p{L}\p{M}]+|[^\s]/gu;

/**
 * Words, numbers and marks of a text in lower case, without articles and fillers. Contractions of "not" become
 * two words, initials lose their dot, hyphens between words vanish: `vice-president` and `vice president` agree.
 */
export function tokenize(text: string): readonly string[] {
  const plain = text
    .replace(/[\t\r\n]/g, ' ')
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u2010-\u2015]/g, '-')
    .replace(/\bu\. ?s\. ?a\b\.?/g, 'usa')
    .replace(/\bu\. ?s\b\./g, 'us')
    .replace(/\bcan't\b|\bwon't\b/g, "'")
    .replace(/n't\b/g, ' not')
    .replace(/(\p{L})-(?=\p{L})/gu, '$1 ')
    .replace(/\b(\p{L})\./gu, '$1 ');
  return (plain.match(PIECE) ?? []).filter((token) => !ARTICLES.has(token) && !FILLERS.has(token));
}

/** A number in digits or words at a position, and how many tokens it takes. */
export interface NumberAt {
  readonly value: number;
  readonly length: number;
}

function isBelowHundred(word: string): boolean {
  return Object.hasOwn(UNITS, word) || Object.hasOwn(TENS, word);
}

/** Reads `1,200`, `nine`, `forty eight`, `four hundred thirty five`; `undefined` where there is no number. */
export function numberAt(tokens: readonly string[], at: number): NumberAt | undefined {
  const token = tokens[at] ?? '';
  if (/^\d[\d,]*(?:\.\d+)?$/.test(token)) return { value: Number(token.replaceAll(',', '')), length: 1 };
  let value = 0;
  let current = 0;
  let position = at;
  for (; position < tokens.length && position < at + 10; position += 1) {
    const word = tokens[position] ?? '';
    if (Object.hasOwn(UNITS, word)) current += UNITS[word] ?? 0;
    else if (Object.hasOwn(TENS, word)) current += TENS[word] ?? 0;
    else if (word === 'hundred') current = Math.max(1, current) * 100;
    else if (word === 'thousand') {
      value += Math.max(1, current) * 1000;
      current = 0;
    } else if (!(
      word === 'and' &&
      tokens[position - 1] === 'hundred' &&
      isBelowHundred(tokens[position + 1] ?? '')
    ))
      break;
  }
  return position === at ? undefined : { value: value + current, length: position - at };
}

/** Reads `35th`, `first`, `thirty fifth`; `undefined` where there is no ordinal. */
export function ordinalAt(tokens: readonly string[], at: number): NumberAt | undefined {
  const token = tokens[at] ?? '';
  const digits = /^(\d{1,6})(?:st|nd|rd|th)$/.exec(token);
  if (digits !== null) return { value: Number(digits[1]), length: 1 };
  if (Object.hasOwn(ORDINALS, token)) return { value: ORDINALS[token] ?? 0, length: 1 };
  const tens = Object.hasOwn(TENS, token) ? TENS[token] : undefined;
  const unit = Object.hasOwn(ORDINALS, tokens[at + 1] ?? '') ? ORDINALS[tokens[at + 1] ?? ''] : undefined;
  return tens !== undefined && unit !== undefined && unit < 10
    ? { value: tens + unit, length: 2 }
    : undefined;
}
