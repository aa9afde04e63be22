import { hasVerb } from './claim-cues.js';
import { isIncomplete, isOffer } from './no-statement.js';
import { isPast } from './past-tense.js';
import { isPlainStatement } from './plain-statement.js';
import { isQuestion } from './text-model.js';
import type { Sentence, Token } from './text-model.js';

/**
 * What a sentence does. Only a statement says something that can be looked up. A `greeting` also thanks, or is said by
 * radio: "Roger, Houston".
 */
export type StatementKind =
  | 'statement'
  | 'question'
  | 'opinion'
  | 'prescription'
  | 'request'
  | 'future'
  | 'condition'
  | 'greeting'
  | 'fragment';

const OPINION: ReadonlySet<string> = new Set([
  'think',
  'believe',
  'feel',
  'hope',
  'wish',
  'guess',
  'suppose',
  'doubt',
  'trust',
  'want',
  'love',
]);
const OPENING_OPINION =
  /^(?:in (?:my|our) (?:view|opinion)|to my mind|personally|perhaps|maybe|i'm (?:sure|confident|convinced))\b/i;
/** Saying these in the first person does the thing: "I ask the Congress to …". */
const PERFORMATIVE: ReadonlySet<string> = new Set([
  'ask',
  'urge',
  'propose',
  'recommend',
  'request',
  'promise',
  'pledge',
  'thank',
  'congratulate',
  'welcome',
  'salute',
  'invite',
  'suggest',
  'call',
  'commend',
  'challenge',
  'appreciate',
  'apologize',
  'intend',
  'plan',
]);
const DUTY: ReadonlySet<string> = new Set(['should', 'must', 'ought', 'shall', 'let']);
const FUTURE: ReadonlySet<string> = new Set(['will', 'shall']);
const GREETING: ReadonlySet<string> = new Set([
  'thank',
  'thanks',
  'welcome',
  'hello',
  'hi',
  'goodbye',
  'bye',
  'congratulations',
  'bless',
]);
/** "We are grateful to the 500 people who came" thanks them, whatever it says of them. */
const THANKING =
  /^(?:[\p{L}']+,? )?(?:i am|i'm|we are|we're) (?:\p{L}+ ){0,3}(?:grateful|thankful|indebted)\b/iu;
/** Words that open or close a message by radio. */
const RADIO_OPENING = /^(?:roger|wilco|affirmative|mayday|copy that|copy,|say again|stand by)(?!\p{L})/iu;
const RADIO_CLOSING = /, (?:over|over and out|out)[.!]?$/iu;
/** Somebody called by name: "Eagle, Houston, you are …", "Houston, we …". */
const CALL =
  /^(?!(?:To(?:day|night|morrow)|Yesterday|\p{Lu}\p{Ll}+day|January|February|March|April|May|June|July|August|September|October|November|December)\b)(?:\p{Lu}[\p{L}\d]*(?: [\p{Lu}\d][\p{L}\d]*)?, ){1,2}(?:you|we|i|this is|go|stand by|say again|roger|copy)\b/u;
/** Plain forms that begin an instruction even before a preposition: "Turn left at", "Go to". */
const INSTRUCTING: ReadonlySet<string> = new Set(
  (
    'go turn look come wait stay head walk drive sign log click stop start continue proceed listen refer apply call ' +
    'contact check keep take put make read write use try add remove move run watch hold press open close follow stir'
  ).split(' '),
);
/** "Never pay more than $500", "Do not drive faster than 30 miles an hour". */
const FORBIDDING = /^(?:please )?(?:do not|don't|never|always) (\p{L}+)/iu;
const FIRST_PERSON: ReadonlySet<string> = new Set(['i', 'we']);
/** What may stand between a subject and its verb. */
const SKIPPED: ReadonlySet<string> = new Set(['ADV', 'AUX', 'PART', 'CCONJ']);
const MIN_WORDS = 5;
const MIN_PLAIN_WORDS = 3;
/** Words from the beginning in which an opinion is looked for. */
const OPENING_WORDS = 12;
/** Words from the beginning in which the main verb is looked for. */
const MAIN_WORDS = 20;

/** Tells apart what a sentence does, from its first clause; the first kind that fits. English only. */
export function statementKind(sentence: Sentence): StatementKind {
  const words = sentence.tokens.filter((token) => token.isWord);
  const first = words[0];
  if (first === undefined || isQuestion(sentence)) return first === undefined ? 'fragment' : 'question';
  if (words.slice(0, 4).some((word) => GREETING.has(word.normal)) || isAddress(sentence)) return 'greeting';
  const verb = words.findIndex(isVerb);
  if (!hasVerb(sentence.tokens)) return 'fragment';
  // "Nixon resigned." is whole, "Back at home." is not.
  if (words.length < (isPlainStatement(sentence) ? MIN_PLAIN_WORDS : MIN_WORDS)) return 'fragment';
  if (sentence.kind === 'heading' || isIncomplete(sentence)) return 'fragment';
  if (isOffer(sentence.text)) return 'request';
  const opening = words.slice(0, OPENING_WORDS);
  if (OPENING_OPINION.test(sentence.text.replace(/’/g, "'")) || hasFirstPerson(opening, OPINION))
    return 'opinion';
  if (hasFirstPerson(words, PERFORMATIVE) || isImperative(words) || isProhibition(words, sentence.text))
    return 'request';
  if (first.normal === 'if' || first.normal === 'unless' || first.normal === 'suppose') return 'condition';
  const main = words.slice(0, Math.max(verb + 2, MAIN_WORDS));
  if (main.some((word, at) => DUTY.has(word.normal) || isNeedTo(main, at))) return 'prescription';
  if (
    main.some(
      (word, at) =>
        (FUTURE.has(word.normal) && word.pos === 'AUX') ||
        isGoingTo(main, at) ||
        isForecast(main, at) ||
        word.normal === 'would',
    )
  )
    return 'future';
  return 'statement';
}

/** Thanks somebody, calls somebody or answers a call. */
function isAddress({ text, tokens, isShouted }: Sentence): boolean {
  const plain = text.replace(/’/g, "'").trim();
  if (THANKING.test(plain) || RADIO_OPENING.test(plain) || RADIO_CLOSING.test(plain)) return true;
  // "In 1997, we …" and "Today, we …" call nobody.
  return CALL.test(plain) && !isShouted && tokens[0]?.pos === 'PROPN';
}

const isVerb = (word: Token): boolean => word.pos === 'VERB' || word.pos === 'AUX';

/** "I think", "we strongly believe", "I am proposing": a first person and such a verb at most two words on. */
function hasFirstPerson(words: readonly Token[], verbs: ReadonlySet<string>): boolean {
  return words.some((word, at) => {
    if (!FIRST_PERSON.has(word.normal)) return false;
    const verb = words.slice(at + 1, at + 4).find((next) => !SKIPPED.has(next.pos));
    return verb !== undefined && verb.pos === 'VERB' && verbs.has(verb.lemma) && !isPast(verb);
  });
}

/** Begins with the plain form of a verb, or with "please" or "let us". */
function isImperative(words: readonly Token[]): boolean {
  const at = words[0]?.pos === 'CCONJ' || words[0]?.normal === 'so' || words[0]?.normal === 'now' ? 1 : 0;
  const first = words[at];
  const next = words[at + 1];
  if (first === undefined || next === undefined) return false;
  if (first.normal === 'please' || first.normal === 'let') return true;
  if (first.normal !== first.lemma) return false;
  if (INSTRUCTING.has(first.normal) && first.pos === 'VERB') return !words.slice(at + 2).some(isFiniteOther);
  return first.pos === 'VERB' && !isVerb(next) && next.pos !== 'ADP';
}

/** A verb in a form that no instruction has, before which its subject must stand: "Work at the dam began". */
const isFiniteOther = (word: Token): boolean => (word.pos === 'VERB' || word.pos === 'AUX') && isPast(word);

/** Begins with "never" or "do not" and the plain form of a verb. */
function isProhibition(words: readonly Token[], text: string): boolean {
  const verb = FORBIDDING.exec(text.replace(/’/g, "'"))?.[1]?.toLowerCase();
  const token = words.slice(1, 4).find(({ normal }) => normal === verb);
  return token !== undefined && token.normal === token.lemma && (token.pos === 'VERB' || token.pos === 'AUX');
}

const isNeedTo = (words: readonly Token[], at: number): boolean =>
  (words[at]?.lemma === 'need' || words[at]?.normal === 'have' || words[at]?.normal === 'got') &&
  words[at + 1]?.normal === 'to' &&
  words[at + 2]?.pos !== 'NOUN';

const EXPECTED: ReadonlySet<string> = new Set([
  'certain',
  'likely',
  'unlikely',
  'expected',
  'bound',
  'projected',
]);
const TO_BE: ReadonlySet<string> = new Set([
  'am',
  'is',
  'are',
  "'s",
  "'re",
  'almost',
  'very',
  'most',
  'quite',
  'now',
]);

/** "is almost certain to show", "are expected to rise": now, and not "was expected to". */
const isForecast = (words: readonly Token[], at: number): boolean =>
  EXPECTED.has(words[at]?.normal ?? '') &&
  words[at + 1]?.normal === 'to' &&
  TO_BE.has(words[at - 1]?.normal ?? '');

function isGoingTo(words: readonly Token[], at: number): boolean {
  const after = words[at + 2];
  if (words[at]?.normal === 'gonna') return true;
  return (
    words[at]?.normal === 'going' && words[at + 1]?.normal === 'to' && after !== undefined && isVerb(after)
  );
}
