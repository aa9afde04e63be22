/** Abbreviations before a name that the model takes for the end of a sentence. */
const BEFORE_NAME = /(?:^|[\s(])(?:Rep|Sec|Rev|Adm|Pres|Atty|Supt|Amb|Cmdr|Sens|Reps|Drs)\.$/;
/** Abbreviations before a number or a lower-case word. */
const BEFORE_NUMBER = /(?:^|[\s(])(?:eq|ch|art|vol|figs?|ca|est|min|max|dept|al|cf|pp|sec)\.$/i;
const DEGREE = /(?:^|[\s(])Ph\.$/;

/**
 * Whether the splitter ended a sentence too early, so that `after` belongs to it.
 *
 * @param heedCase - whether lower case at the beginning says that a sentence goes on; false for texts without capitals
 */
export function continuesSentence(before: string, after: string, heedCase: boolean): boolean {
  const end = before.slice(-16);
  if (BEFORE_NAME.test(end)) return /^\p{Lu}/u.test(after);
  if (DEGREE.test(end)) return /^D\./.test(after);
  if (BEFORE_NUMBER.test(end)) return /^[(\d\p{Ll}]/u.test(after);
  return heedCase && /^\p{Ll}{2}/u.test(after) && !/^https?:/.test(after);
}
