const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Nouns that say what office or trade somebody has; right before a name they belong to the person and not to the name. */
const HEADS = wordSet(
  'officer chief leader whip director manager executive president chairman chairwoman chairperson secretary minister senator sen. sen rep. rep gov. ' +
    'governor mayor councilman councilwoman councilmember alderman commissioner ambassador spokesman spokeswoman spokesperson ' +
    'attorney prosecutor lawyer solicitor sheriff detective inspector superintendent sgt. sgt lt. capt. col. gen. adm. rev. prof. dr. ' +
    'editor reporter correspondent columnist journalist analyst economist scientist engineer researcher professor lecturer ' +
    'architect designer developer founder cofounder co-founder owner coach captain treasurer clerk counsel adviser advisor ' +
    'historian author novelist producer host pastor bishop archbishop cardinal rabbi imam ceo cto cfo coo cio',
);
/** Words that go before such a noun and make an office of it: "Chief Legal Officer", "State Sen.". */
const MODIFIERS = wordSet(
  'chief deputy vice acting former interim senior junior lead managing executive assistant associate principal general special ' +
    'legal financial technology technical operating information marketing security medical product science scientific data ' +
    'privacy revenue investment strategy commercial communications policy research engineering creative art sales program ' +
    'project state u.s. us federal district county city national foreign prime first press home interior defense defence ' +
    'treasury police fire attorney staff news political shadow house senate majority minority',
);

/** Of these, the ones that are no surname and no word of a firm: an office without a modifier, too. */
const UNMISTAKABLE = wordSet(
  'officer spokesman spokeswoman spokesperson analyst economist correspondent reporter columnist councilman councilwoman ' +
    'councilmember alderman co-founder cofounder chairwoman chairperson sen. rep. gov. sgt. ceo cto cfo coo cio',
);
/** Modifiers that belong to the word before them where there is one: "White House", "Kansas City", "King County". */
const AT_FRONT = wordSet('house senate state city county district federal national');
/** What "General" makes an office of. */
const BEFORE_GENERAL = wordSet('attorney solicitor surgeon inspector postmaster secretary consul');

/**
 * The office in front of a name, as indices of its first and last word: "Chief Legal Officer" of "chief legal officer brad
 * smith". Nothing where no name would be left, or where the noun alone may as well be part of one: "Lee Coach".
 *
 * @param words the words of a run of capitalised words, in lower case
 */
export function officeIn(
  words: readonly string[],
): { readonly first: number; readonly last: number } | undefined {
  for (let last = words.length - 2; last >= 0; last -= 1) {
    const head = words[last] ?? '';
    const before = words[last - 1] ?? '';
    if (!HEADS.has(head) && !(head === 'general' && BEFORE_GENERAL.has(before))) continue;
    let first = last;
    while (first > 0 && isPart(words[first - 1] ?? '')) first -= 1;
    if (first === last && !UNMISTAKABLE.has(head)) return undefined;
    while (first > 0 && first < last && AT_FRONT.has(words[first] ?? '')) first += 1;
    return { first, last };
  }
  return undefined;
}

const isPart = (word: string): boolean => MODIFIERS.has(word) || HEADS.has(word) || BEFORE_GENERAL.has(word);
