import { isoDate } from './iso-date.js';

const DAY = /(?:^|\D)(\d{4}-\d{2}-\d{2})(?!\d)/u;
/**
 * A year that stands alone between separators: `sotu-1962-kennedy.txt`. Not the first of three numbers: where those are
 * no day of the calendar (`2021-13-45`), the first is no year to trust.
 */
const YEAR = /(?<=^|[-_ .(])(1[789]\d\d|20\d\d)(?![-_.]\d{1,2}[-_.]\d)(?=[-_ .)]|$)/gu;
/** Before a year, words that make it a part of the subject: `war-of-1812`, `vision-for-2050`. */
const ABOUT =
  /(?:^|[-_ .])(?:of|in|since|from|to|after|before|until|till|by|for|vision|agenda|outlook|class)[-_ .(]*$/iu;

/**
 * The date a file name gives: a day (`2021-04-05-why.html`) or the one year that stands by itself in it (`sotu-1962.txt`).
 * Nothing where the year seems to belong to the subject, or where there are several.
 */
export function dateInName(name: string): string | undefined {
  const short = name.slice(0, 200);
  const day = isoDate(DAY.exec(short)?.[1] ?? '');
  if (day !== undefined) return day;
  const years = [...short.matchAll(YEAR)];
  const [only] = years;
  if (only === undefined || years.length > 1 || ABOUT.test(short.slice(0, only.index))) return undefined;
  return only[1];
}
