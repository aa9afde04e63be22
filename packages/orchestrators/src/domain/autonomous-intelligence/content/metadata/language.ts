import { francAll } from 'franc';

/** Letters the guess wants; a letter of a script without spaces counts for three. */
const MINIMUM_LETTERS = 100;
/** Characters the guess looks at; more does not make it better. */
const SAMPLE = 4096;
/** Least distance to the runner-up, on the guesser's scale of 0 to 1. */
const MINIMUM_LEAD = 0.004;
/** So close to English that English text is often taken for it. */
const IGNORED = ['sco'];

/** Function words that English has and its neighbours have not. */
const ENGLISH = new Set(
  'the and were with that this these those they have from by which would should their there been has are it its you what who when where his she her our'.split(
    ' ',
  ),
);
/** Words a short text needs at least to be taken for English by its function words. */
const MINIMUM_WORDS = 8;
/** Share of its words that must be among them; English prose has a quarter to a third. */
const ENGLISH_SHARE = 0.2;

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
 * ISO 639-3 code of a text, `und` where it cannot be told. The words decide where there are about twenty or
 * more; the declared language helps where two guesses are close, and stands in for a short text. Short English without
 * a declared language is known by its function words.
 *
 * @param declared language tag as the source gives it, for example `en-US`
 */
export function detectLanguage(text: string, declared?: string): string {
  const said = declared === undefined ? undefined : fromTag(declared);
  const sample = text.slice(0, SAMPLE);
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  const unspaced =
    sample.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
  if (letters + unspaced * 2 < MINIMUM_LETTERS) return said ?? shortEnglish(sample);
  const [best, second] = francAll(sample, { ignore: IGNORED });
  if (best === undefined || best[0] === 'und') return said ?? shortEnglish(sample);
  if (second !== undefined && best[1] - second[1] < MINIMUM_LEAD) return said ?? shortEnglish(sample);
  return best[0];
}

/** English or unknown: what the guesser, which looks at letters, cannot tell of a few sentences, their words can. */
function shortEnglish(sample: string): 'eng' | 'und' {
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? [];
  if (words.length < MINIMUM_WORDS) return 'und';
  return words.filter((word) => ENGLISH.has(word)).length / words.length >= ENGLISH_SHARE ? 'eng' : 'und';
}

function fromTag(tag: string): string | undefined {
  const primary = tag.trim().toLowerCase().split(/[-_]/u)[0] ?? '';
  if (/^[a-z]{3}$/u.test(primary)) return primary;
  return Object.hasOwn(THREE_LETTERS, primary) ? THREE_LETTERS[primary] : undefined;
}
