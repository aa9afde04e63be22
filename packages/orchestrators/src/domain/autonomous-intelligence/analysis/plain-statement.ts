import { isPast } from './past-tense.js';
import type { Sentence, Token } from './text-model.js';

/** Longer sentences say more than one thing. */
const MAX_WORDS = 20;
/** Words in which an introduction such as "He said that" or "As we all know," ends. */
const INTRODUCTION_WORDS = 6;
const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '));
/** Words that point out of the sentence: whoever reads it alone does not know whom or what it speaks of. */
const POINTING = wordSet(
  'i we you me us our your my mine ours yours this that these those here there now today tonight tomorrow yesterday',
);
/** They may stand for a name before them: "Germany has its capital in Berlin". */
const RESUMING = wordSet('he she it they him her them his hers its their theirs');
/** With these a sentence says what may be, and not what is. */
const MODAL = wordSet("can could may might must shall should will would ought 'll 'd ca wo");
/** Verbs that say what something is or has. */
const STATE = wordSet('be become remain have');
const NOMINAL = wordSet('NOUN PROPN NUM');

/**
 * Whether a sentence is a short plain statement about something with a name, which can be looked up as it stands:
 * "Paris is the capital of France", "Lincoln was a Republican", "Armstrong walked on the Moon". It names what it speaks
 * of, has no word that points elsewhere ("our", "this", "here") and none for what may be ("could"). What it says is a
 * noun, a number or a past event, or it relates one name to another: "Paris is beautiful" is a matter of taste. An
 * introduction does not count: "As we all know,", "He said that".
 */
export function isPlainStatement(sentence: Sentence): boolean {
  if (sentence.wordCount > MAX_WORDS) return false;
  const words = withoutIntroduction(sentence.tokens).filter(({ pos }) => pos !== 'PUNCT');
  if (words.some((word, at) => isPointing(word, at) || MODAL.has(word.normal))) return false;
  const isVerbAt = (at: number): boolean => at > 0 && isClauseVerb(words, at);
  const verb = words.findIndex((_, at) => isVerbAt(at));
  const main = words[verb];
  if (main === undefined) return false;
  const subject = words.slice(0, verb);
  const said = words.slice(verb + 1);
  if (subject.some(({ normal }) => RESUMING.has(normal))) return false;
  const isNamed = subject.some(isName);
  const namesOther = said.some(isName);
  const isState = STATE.has(main.lemma);
  if (isState && !said.some((word) => word.pos === 'VERB' && isPast(word)))
    return (isNamed || namesOther) && said.some(({ pos }) => NOMINAL.has(pos));
  return isNamed && (namesOther || isPast(main) || said.some(({ pos }) => pos === 'NUM'));
}

/** Without "He said that" and "As we all know,"; a name before a comma stays: "Rome, not Milan, is the capital". */
function withoutIntroduction(tokens: readonly Token[]): readonly Token[] {
  const that = tokens.findIndex(({ normal, pos }) => normal === 'that' && pos === 'SCONJ');
  if (that > 0 && that <= INTRODUCTION_WORDS) return tokens.slice(that + 1);
  const comma = tokens.findIndex(({ text }) => text === ',');
  const isIntroduction = comma > 0 && comma <= INTRODUCTION_WORDS && !tokens.slice(0, comma).some(isName);
  return isIntroduction ? tokens.slice(comma + 1) : tokens;
}

const isName = (token: Token): boolean => token.pos === 'PROPN' && /^\p{L}{2}/u.test(token.text);

/** "There are nine justices" points nowhere. */
const isPointing = ({ normal }: Token, at: number): boolean =>
  POINTING.has(normal) && !(at === 0 && normal === 'there');

/** A verb of the clause, and not one the tagger saw in a name: "Gerald Ford was elected". */
const isClauseVerb = (words: readonly Token[], at: number): boolean => {
  const word = words[at];
  if (word === undefined || (word.pos !== 'VERB' && word.pos !== 'AUX')) return false;
  return !(word.pos === 'VERB' && /^\p{Lu}/u.test(word.text));
};
