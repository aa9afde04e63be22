import { isPast } from './past-tense.js';
import type { Sentence, Token } from './text-model.js';

/** What stands between the cells of a table row that was made a line of text. */
const CELLS = ' — ';
/** A cell of so many words at most may be the head of a column. */
const MAX_CELL_WORDS = 4;
/** A byline has so many words at most. */
const MAX_BYLINE_WORDS = 24;
const BYLINE =
  /^(?:(?:first|last|originally|re)[- ]?)?(?:posted|published|written|updated|modified|filed|submitted|created|reviewed|edited|archived|recorded|photographed)(?: (?:on|at|in|by)\b|:)/iu;
const OWN_BYLINE =
  /^this (?:entry|article|post|page|story|piece|column|transcript) was (?:first |last |originally )?(?:posted|published|written|updated|modified|filed|edited)\b/iu;
/** Words that announce what stands below a sentence that ends in a colon. */
const ANNOUNCING = /\b(?:following|below|as follows|such as|includ(?:e|es|ed|ing)|namely|these|here)\b/iu;
/** A break and a word that takes back what was said: "it does... no it probably doesn't". */
const TAKEN_BACK =
  /(?:\.\.\.|…|--|—) ?(?:oh |well |uh |um )?(?:no|nope|wait|sorry|scratch that|strike that|let me rephrase|actually no|i mean)(?: |,|\.)/iu;
/** Offers of sponsors: "Use the code X", "with promo code X", "Get 15% off", "Head on over to example.com". */
const OFFERS: readonly RegExp[] = [
  /\b(?:[Uu]s(?:e|ing)|[Ee]nter(?:ing)?|[Aa]pply|[Ww]ith|[Mm]ention|[Tt]ype in) (?:(?:the|my|our|your) )?code ["“']?[\p{Lu}\d]{1,20}\b/u,
  /\b(?:use|using|enter|entering|apply|with|mention|type in) (?:(?:the|my|our|your) )?(?:promo|promotional|coupon|discount|offer|referral|voucher) codes?\b/iu,
  /^(?:[^:]{1,40}: ?|(?:so|and|now|just),? )?(?:get|save|receive|claim|grab|enjoy|take)(?: up to| an extra| an additional)? (?:[$€£]\d|\d{1,3} ?(?:%|percent)|\d+ (?:dollars|euros|months?|weeks?|days?) (?:off|free))/iu,
  /(?:\b\d{1,3} ?(?:%|percent)|[$€£]\d{1,5}) off (?:your|any)\b/iu,
  /^(?:(?:so|and|now|just),? )?(?:head|hop|go)(?: on)? over to\b/iu,
];

/** Whether a line asks to buy, to redeem a code or to visit a site, as sponsors do. */
export function isOffer(text: string): boolean {
  return OFFERS.some((offer) => offer.test(text));
}

/**
 * Whether a line has verbs and says nothing that could be looked up by itself: the heads of the columns of a table, a byline
 * ("Posted on Tuesday by …"), the announcement of a list that was left out, or words that are taken back at once.
 */
export function isIncomplete(sentence: Sentence): boolean {
  return (
    isColumnHeads(sentence) ||
    isByline(sentence) ||
    isAnnouncement(sentence) ||
    TAKEN_BACK.test(sentence.text)
  );
}

/** "Size — Parameters — Required VRAM": short cells with a capital or a number each, and nothing that is said of one. */
function isColumnHeads({ text, tokens }: Sentence): boolean {
  const cells = text.split(CELLS);
  if (cells.length < 2 || tokens.some(({ pos }) => pos === 'AUX')) return false;
  return cells.every(
    (cell) => /^[^\p{Ll}]/u.test(cell) && cell.split(' ').length <= MAX_CELL_WORDS && !/[.!]$/u.test(cell),
  );
}

/** A participle in front and no other verb, or what a page says of itself: what it speaks of stands elsewhere. */
function isByline({ text, tokens, wordCount }: Sentence): boolean {
  if (wordCount > MAX_BYLINE_WORDS) return false;
  if (OWN_BYLINE.test(text)) return true;
  const words = tokens.filter(({ isWord }) => isWord);
  const participle = BYLINE.test(text) ? words.findIndex(isPast) : opensWithParticiple(words) ? 0 : -1;
  return participle >= 0 && !words.slice(participle + 1).some(isFinite);
}

const opensWithParticiple = ([first, next]: readonly Token[]): boolean =>
  first?.pos === 'VERB' && isPast(first) && next?.pos === 'ADP';

const isFinite = ({ pos, normal }: Token): boolean =>
  pos === 'AUX' || (pos === 'VERB' && !normal.endsWith('ing'));

/** Ends in a colon and announces a list, or has no figure that stands for itself. */
function isAnnouncement({ text, values }: Sentence): boolean {
  if (!/:["”’)\]]?$/u.test(text)) return false;
  return ANNOUNCING.test(text) || !values.some(({ kind }) => kind !== 'ordinal');
}
