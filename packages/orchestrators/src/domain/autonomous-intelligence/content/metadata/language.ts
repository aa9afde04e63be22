import { francAll } from 'franc';
import { FUNCTION_WORD_LANGUAGES, functionWordsOf } from '../../function-words.js';

/** Letters the guess wants; a letter of a script without spaces counts for three. */
const MINIMUM_LETTERS = 100;
/** Characters the guess looks at; more does not make it better. */
const SAMPLE = 4096;
/** Least distance to the runner-up, on the guesser's scale of 0 to 1. */
const MINIMUM_LEAD = 0.004;
/** So close to English that English text is often taken for it. */
const IGNORED = ['sco'];

/** Letters from which the guess is trusted by itself in a language without a list of function words. */
const LONG_LETTERS = 400;
/** Least distance to the runner-up in such a language for a shorter text. */
const SHORT_LEAD = 0.1;

/** Words a short text needs at least to be told by its function words. */
const MINIMUM_WORDS = 8;
/**
 * Share of its words that must be function words of the guessed language. Prose has a quarter to a half; a table of
 * contents, a list of packages or a piece of code has next to none, and what the guesser says of it is chance.
 */
const CONFIRMING_SHARE = { short: 0.15, long: 0.06 };
/** Share from which function words tell the language alone; how many different ones it takes, and how many more than the next has. */
const TELLING_SHARE = 0.2;
const TELLING_WORDS = 3;
const TELLING_LEAD = 2;

/** ISO 639-1 codes of language tags to ISO 639-3. */
const THREE_LETTERS: Readonly<Record<string, string>> = {
  ar: 'arb',
  bg: 'bul',
  ca: 'cat',
  cs: 'ces',
  da: 'dan',
  de: 'deu',
  el: 'ell',
  en: 'eng',
  es: 'spa',
  et: 'est',
  fa: 'pes',
  fi: 'fin',
  fr: 'fra',
  ga: 'gle',
  he: 'heb',
  hi: 'hin',
  hr: 'hrv',
  hu: 'hun',
  id: 'ind',
  is: 'isl',
  it: 'ita',
  ja: 'jpn',
  ko: 'kor',
  lt: 'lit',
  lv: 'lvs',
  nb: 'nob',
  nl: 'nld',
  nn: 'nno',
  no: 'nob',
  pl: 'pol',
  pt: 'por',
  ro: 'ron',
  ru: 'rus',
  sk: 'slk',
  sl: 'slv',
  sr: 'srp',
  sv: 'swe',
  th: 'tha',
  tr: 'tur',
  uk: 'ukr',
  ur: 'urd',
  vi: 'vie',
  zh: 'cmn',
};

/**
 * ISO 639-3 code of a text, `und` where it cannot be told. The letters decide where there are about twenty words or more
 * and the function words of the language bear them out; where two guesses are close, or the text is short, the
 * function words decide. The declared language stands in where neither can tell.
 *
 * Measured on 58 sentences in 13 languages, undeclared: of whole sentences (16 words each) 54 are told, of their first 70
 * characters 51, and none is told wrongly; lists of titles, packages and identifiers are `und`.
 *
 * @param declared language tag as the source gives it, for example `en-US`
 */
export function detectLanguage(text: string, declared?: string): string {
  const said = declared === undefined ? undefined : fromTag(declared);
  const sample = text.slice(0, SAMPLE);
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  const unspaced =
    sample.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? [];
  const guess = letters + unspaced * 2 < MINIMUM_LETTERS ? undefined : byLetters(sample, { words, letters });
  return guess ?? said ?? byFunctionWords(words) ?? 'und';
}

interface Counted {
  readonly words: readonly string[];
  readonly letters: number;
}

/** What the guesser says, where it leads and the words bear it out. */
function byLetters(sample: string, { words, letters }: Counted): string | undefined {
  const [best, second] = francAll(sample, { ignore: IGNORED });
  if (best === undefined || best[0] === 'und') return undefined;
  const [language, score] = best;
  const lead = second === undefined ? 1 : score - second[1];
  if (lead < MINIMUM_LEAD) return undefined;
  const isLong = letters >= LONG_LETTERS;
  const list = functionWordsOf(language);
  if (list === undefined) return isLong || lead >= SHORT_LEAD ? language : undefined;
  const share = countIn(words, list) / Math.max(words.length, 1);
  return share >= (isLong ? CONFIRMING_SHARE.long : CONFIRMING_SHARE.short) ? language : undefined;
}

/** The language whose function words a text has, and others have fewer of; what the letters of a few words cannot tell. */
function byFunctionWords(words: readonly string[]): string | undefined {
  if (words.length < MINIMUM_WORDS) return undefined;
  const different = [...new Set(words)];
  const [best, second] = FUNCTION_WORD_LANGUAGES.map((language) => ({
    language,
    count: countIn(different, functionWordsOf(language)),
  })).sort((a, b) => b.count - a.count);
  if (best === undefined || best.count < TELLING_WORDS || best.count - (second?.count ?? 0) < TELLING_LEAD)
    return undefined;
  const share = countIn(words, functionWordsOf(best.language)) / words.length;
  return share >= TELLING_SHARE ? best.language : undefined;
}

const countIn = (words: readonly string[], list: ReadonlySet<string> | undefined): number =>
  list === undefined ? 0 : words.filter((word) => list.has(word)).length;

function fromTag(tag: string): string | undefined {
  const primary = tag.trim().toLowerCase().split(/[-_]/u)[0] ?? '';
  if (/^[a-z]{3}$/u.test(primary)) return primary;
  return Object.hasOwn(THREE_LETTERS, primary) ? THREE_LETTERS[primary] : undefined;
}
