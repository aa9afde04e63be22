/** Characters of a value that are looked at; beyond them only the end is. */
export const MAX_INSPECTED = 100_000;
const DECODE_ROUNDS = 3;

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
  colon: ':',
  lpar: '(',
  rpar: ')',
  tab: '\t',
  newline: '\n',
  sol: '/',
  bsol: '\\',
  equals: '=',
};

/**
 * What a value may be read as on its way: as it stands, decoded from URLs, HTML and escapes up to three times, and without
 * what parsers skip. Each form once, the value itself first.
 */
export function readingsOf(value: string, limit = MAX_INSPECTED): readonly string[] {
  const looked =
    value.length <= limit
      ? value
      : `${value.slice(0, Math.ceil(limit / 2))}\n${value.slice(-Math.ceil(limit / 2))}`;
  const readings = new Set([looked]);
  let text = looked;
  for (let round = 0; round < DECODE_ROUNDS; round += 1) {
    const next = unescaped(fromEntities(fromPercent(text)));
    if (next === text) break;
    readings.add(next);
    text = next;
  }
  // Compatibility forms, such as full-width letters, become what they stand for in many a parser.
  const plain = text.normalize('NFKC');
  readings.add(plain);
  readings.add(plain.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u2060\ufeff]/g, ''));
  readings.add(plain.replace(/\/\*[^*]{0,200}\*\//g, ' '));
  return [...readings];
}

function fromPercent(text: string): string {
  if (!text.includes('%')) return text;
  return text
    .replace(/%u([0-9a-f]{4})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/%c0%af/gi, '/')
    .replace(/%c1%9c/gi, '\\')
    .replace(/%c0%ae/gi, '.')
    .replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function fromEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text
    .replace(/&#x0{0,10}([0-9a-f]{1,6});?/gi, (all, hex: string) => codePoint(Number.parseInt(hex, 16), all))
    .replace(/&#0{0,10}([0-9]{1,7});?/g, (all, digits: string) => codePoint(Number(digits), all))
    .replace(/&([a-z]{2,8});/gi, (all, name: string) => ENTITIES[name.toLowerCase()] ?? all);
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replace(/\\x([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\u([0-9a-f]{4})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function codePoint(code: number, otherwise: string): string {
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    ? String.fromCodePoint(code)
    : otherwise;
}
