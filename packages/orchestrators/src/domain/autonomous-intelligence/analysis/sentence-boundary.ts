/** Abbreviations before a name that the model takes for the end of a sentence. */
const BEFORE_NAME = /(?:^|[\s(])(?:Rep|Sec|Rev|Adm|Pres|Atty|Supt|Amb|Cmdr|Sens|Reps|Drs)\.$/;
/** Abbreviations before a number or a lower-case word. */
const BEFORE_NUMBER = /(?:^|[\s(])(?:eq|ch|art|vol|figs?|ca|est|min|max|dept|al|cf|pp|sec)\.$/i;
const DEGREE = /(?:^|[\s(])Ph\.$/;

/** The number of a list item or chapter, all by itself: "10.", "(a)", "IV.". */
const ENUMERATOR = /^[([]?(?:\d{1,3}|[IVXLC]{1,6}|\p{L})[.)]$/u;
/** An ordinal as some write it: "the 10. Division". */
const ORDINAL = /(?:^|\s)the \d{1,3}\.$/iu;
/** An amount torn apart at its point: "$1. 5 billion", "$.6 billion". */
const AMOUNT = /[$€£]\d{0,4}\.$/u;
/** What may follow the point inside a name of a file or a site: `.java`, `.JSON`, `.Parser.ts`, `.5`. */
const AFTER_POINT = /^(?:[\p{Ll}\d]|\p{Lu}{2,5}(?![\p{L}])|\p{Lu}\p{L}{0,40}\.(?:\p{Ll}|$))/u;

/** Whether the splitter saw an end at a point that has no space behind it and is part of a name: `Main.java`. */
export function continuesName(before: string, after: string): boolean {
  return /[\p{L}\p{N}*_+]\.$|(?:^|\s)\.$/u.test(before.slice(-8)) && AFTER_POINT.test(after.slice(0, 48));
}

/**
 * Whether the splitter ended a sentence too early, so that `after` belongs to it.
 *
 * @param heedCase - whether lower case at the beginning says that a sentence goes on; false for texts without capitals
 */
export function continuesSentence(before: string, after: string, heedCase: boolean): boolean {
  const end = before.slice(-16);
  if (before.length <= 8 && ENUMERATOR.test(before)) return true;
  if (ORDINAL.test(end)) return /^\p{Lu}/u.test(after);
  if (AMOUNT.test(end)) return /^\d/.test(after);
  if (BEFORE_NAME.test(end)) return /^\p{Lu}/u.test(after);
  if (DEGREE.test(end)) return /^D\./.test(after);
  if (BEFORE_NUMBER.test(end)) return /^[(\d\p{Ll}]/u.test(after);
  return heedCase && /^\p{Ll}{2}/u.test(after) && !/^https?:/.test(after);
}
