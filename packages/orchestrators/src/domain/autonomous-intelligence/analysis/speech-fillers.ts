import type { Sentence, Token } from './text-model.js';

const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Words with which people hold, open and close a turn; whoever says them does not speak of them. */
const FILLERS = wordSet(
  'gonna wanna gotta kinda sorta dunno lemme gimme yeah yep yup yes no nope nah okay ok alright thanks thank please sorry welcome ' +
    'cheers hey hi hello bye goodbye wow oh ooh ah ahh aha uh uhh um umm hmm hm mm mhm huh er erm y’know ya',
);
/** Content words as well: fillers unless something determines them, as in "the right to vote". */
const FILLERS_ALONE = wordSet('right like well sure mean cool nice fine exactly basically literally look');
/** Content words as well: fillers where the rest of the sentence stands apart from them, as in "Roger, Houston". */
const CALLS = wordSet('roger copy wilco affirmative negative');
const DETERMINING: ReadonlySet<string> = new Set(['DET', 'ADJ', 'NUM', 'PROPN']);
/** "All right" determines nothing. */
const LOOSE = wordSet('all that so this');

/**
 * Whether a word of speech only fills it: "yeah, right, like, we are gonna do it". Never in what is written, where "right"
 * and "like" are what a text on law or on social media is about.
 */
export function isFiller({ kind, tokens }: Sentence, at: number): boolean {
  const token = tokens[at];
  if (kind !== 'speech' || token === undefined) return false;
  if (FILLERS.has(token.normal)) return true;
  if (FILLERS_ALONE.has(token.normal))
    return !isDetermined(tokens[at - 1]) && !leadsOn(token, tokens[at + 1]);
  return CALLS.has(token.normal) && isApart(tokens[at - 1]) && isApart(tokens[at + 1]);
}

/** A possessive is a pronoun for the model: "their right". */
const isDetermined = (before: Token | undefined): boolean =>
  before !== undefined &&
  !LOOSE.has(before.normal) &&
  (DETERMINING.has(before.pos) || /^(?:my|your|his|her|its|our|their|whose)$/.test(before.normal));

/** "Right wing", "fine print": the first word of a phrase is part of it. */
const leadsOn = (token: Token, after: Token | undefined): boolean =>
  token.pos === 'ADJ' && after !== undefined && (after.pos === 'NOUN' || after.pos === 'PROPN');

const isApart = (neighbour: Token | undefined): boolean =>
  neighbour === undefined || neighbour.pos === 'PUNCT';
