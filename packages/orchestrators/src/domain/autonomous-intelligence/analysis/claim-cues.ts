import { isPast } from './past-tense.js';
import { isPlainStatement } from './plain-statement.js';
import type { NamedValue, Sentence, Token } from './text-model.js';

/**
 * What makes a sentence worth checking and how much each trait weighs, 0 to 1. The traits are those found to separate
 * check-worthy sentences in ClaimBuster (Hassan, Arslan, Li and Tremayne, KDD 2017): figures and past tense first, then
 * names and comparisons. The weights are set by hand and order sentences; they are no probabilities. `plain-statement` is
 * not of that paper: see {@link isPlainStatement}.
 */
export const CLAIM_CUES = {
  money: 0.5,
  percent: 0.5,
  figure: 0.45,
  date: 0.35,
  comparison: 0.3,
  superlative: 0.3,
  change: 0.25,
  cause: 0.25,
  'named-entity': 0.25,
  'plain-statement': 0.1,
  period: 0.2,
  'past-event': 0.2,
  source: 0.2,
} as const;
export type ClaimCue = keyof typeof CLAIM_CUES;

/** Traits that on their own do not make a claim. */
export const WEAK_CUES: ReadonlySet<ClaimCue> = new Set([
  'past-event',
  'period',
  'named-entity',
  'change',
  'source',
  'cause',
]);

const CHANGE: ReadonlySet<string> = new Set(
  (
    'increase rise grow fall drop decline decrease reduce double triple quadruple shrink expand cut raise lower gain lose ' +
    'create destroy exceed reach cost total spend save produce employ eliminate improve worsen'
  ).split(' '),
);
const CAUSE: ReadonlySet<string> = new Set([
  'cause',
  'trigger',
  'prevent',
  'enable',
  'lead',
  'result',
  'stem',
]);
const CAUSE_PHRASE =
  /\b(?:because|due to|thanks to|as a result|led to|leads to|resulted in|results in|responsible for)\b/i;
const SOURCE: ReadonlySet<string> = new Set([
  'report',
  'find',
  'estimate',
  'survey',
  'study',
  'statistic',
  'according',
  'confirm',
]);
const MAGNITUDE =
  /\b(?:hundreds?|thousands?|millions?|billions?|trillions?|dozens?|half|third|quarter|twice|double|triple)\b/i;
/** "One third of", "two-fifths", "one out of seven", "nine in ten". */
const FRACTION =
  /\b(?:one|two|three|four|five|a|nearly|about|over|almost)[- ](?:half|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|tenths?) of\b|\b(?:half|one|two|three|four|five|six|seven|eight|nine|\d+) (?:out of (?:every )?|in (?:every )?)(?:two|three|four|five|six|seven|eight|nine|ten|\d+)\b|\bhalf (?:of )?(?:the|our|all)\b/iu;
/** A stretch of time that is over, or goes on until today. */
const PERIOD =
  /\b(?:(?:in|over|during|for) (?:the )?(?:past|last)|last (?:year|month|week|spring|summer|autumn|fall|winter|decade|century)|in recent (?:years|months|weeks|decades)|(?:years?|months?|weeks?|decades?|centuries) ago|for (?:decades|years|centuries|generations)|soon after|since then)\b/iu;
const COMPARED: ReadonlySet<string> = new Set([
  'more',
  'less',
  'fewer',
  'greater',
  'better',
  'worse',
  'larger',
  'smaller',
  'twice',
]);
const EXTREME: ReadonlySet<string> = new Set([
  'most',
  'least',
  'record',
  'ever',
  'never',
  'first',
  'only',
  'unprecedented',
]);
const TIME_WORD: ReadonlySet<string> = new Set(['year', 'month', 'decade', 'century', 'quarter']);

/** The traits a sentence has, strongest first. */
export function claimCues(sentence: Sentence): readonly ClaimCue[] {
  const { tokens } = sentence;
  const cues = new Set<ClaimCue>(sentence.values.flatMap(valueCue));
  const counted = sentence.values.filter(({ kind }) => kind === 'money' || kind === 'percent');
  const isCounted = (at: number): boolean => counted.some(({ first, last }) => at >= first && at <= last);
  if (tokens.some((token, at) => token.pos === 'NUM' && MAGNITUDE.test(token.text) && !isCounted(at)))
    cues.add('figure');
  if (FRACTION.test(sentence.text)) cues.add('figure');
  if (PERIOD.test(sentence.text)) cues.add('period');
  if (tokens.some((token, at) => isComparison(tokens, at))) cues.add('comparison');
  if (tokens.some((token, at) => isSuperlative(token, tokens[at - 1]))) cues.add('superlative');
  if (tokens.some((_, at) => isVerbOf(CHANGE, tokens, at))) cues.add('change');
  if (CAUSE_PHRASE.test(sentence.text) || tokens.some((_, at) => isVerbOf(CAUSE, tokens, at)))
    cues.add('cause');
  if (tokens.some((token, at) => at > 0 && isName(token)) && !sentence.isShouted) cues.add('named-entity');
  if (tokens.some(isPast)) cues.add('past-event');
  if (isPlainStatement(sentence)) cues.add('plain-statement');
  if (tokens.some((token) => SOURCE.has(token.lemma) && token.pos !== 'NOUN')) cues.add('source');
  return [...cues].sort((a, b) => CLAIM_CUES[b] - CLAIM_CUES[a]);
}

function valueCue({ kind, text }: NamedValue): readonly ClaimCue[] {
  switch (kind) {
    case 'money':
    case 'percent':
      return [kind];
    case 'date':
      return /\d{4}|\d(?:st|nd|rd|th)?$/.test(text) ? ['date'] : [];
    case 'number':
      return (/\d/.test(text) && !/\d[A-Z]/.test(text)) || MAGNITUDE.test(text) ? ['figure'] : [];
    case 'duration':
      return /\d/.test(text) ? ['figure'] : [];
    case 'time':
    case 'ordinal':
      return [];
  }
}

/** Whether the sentence has a verb, one the tagger took for a noun included. */
export const hasVerb = (tokens: readonly Token[]): boolean =>
  tokens.some(
    (token, at) =>
      token.pos === 'VERB' ||
      token.pos === 'AUX' ||
      isVerbOf(CHANGE, tokens, at) ||
      isVerbOf(CAUSE, tokens, at),
  );

/** One of the verbs; or the same word taken for a noun right after its subject: "The program cost $7 billion". */
function isVerbOf(verbs: ReadonlySet<string>, tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined || !verbs.has(token.lemma)) return false;
  if (token.pos === 'VERB') return true;
  const before = tokens[at - 1];
  const after = tokens[at + 1];
  const isSubject = before !== undefined && (before.pos === 'NOUN' || before.pos === 'PROPN');
  const isObject = after !== undefined && ['SYM', 'NUM', 'DET', 'NOUN', 'PRON', 'ADP'].includes(after.pos);
  return (
    token.pos === 'NOUN' &&
    isSubject &&
    isObject &&
    !tokens.some(({ pos }) => pos === 'VERB' || pos === 'AUX')
  );
}

/** "more than", "higher", "twice as": an adjective or adverb in -er, or a word that compares followed by "than". */
function isComparison(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined) return false;
  if (token.normal === 'than') return true;
  if (COMPARED.has(token.normal)) return tokens[at + 2]?.normal === 'than' || tokens[at + 1]?.normal === 'as';
  return (
    token.pos === 'ADJ' &&
    token.normal.endsWith('er') &&
    token.normal !== token.lemma &&
    tokens.slice(at, at + 6).some((next) => next.normal === 'than')
  );
}

/** "lowest", "the most", "first … ever". */
function isSuperlative(token: Token, before: Token | undefined): boolean {
  if (token.pos === 'ADJ' && /(?:est|best|worst)$/.test(token.normal) && token.normal !== token.lemma)
    return true;
  return (
    EXTREME.has(token.normal) &&
    (before?.normal === 'the' || before?.normal === 'a') &&
    !TIME_WORD.has(token.lemma)
  );
}

const isName = (token: Token): boolean => token.pos === 'PROPN' && /^\p{Lu}\p{L}/u.test(token.text);
