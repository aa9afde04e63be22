import { createHash } from 'node:crypto';
import type { Claim } from '../model.js';
import { countOption } from './analysis-option-error.js';
import { CLAIM_CUES, WEAK_CUES, claimCues } from './claim-cues.js';
import type { ClaimCue } from './claim-cues.js';
import { statementKind } from './statement-kind.js';
import { referenceTo } from './text-model.js';
import type { Sentence, TextModel } from './text-model.js';

export interface ClaimOptions {
  /**
   * How many at most.
   *
   * @minimum 1
   * @default 20
   */
  readonly limit?: number;
}

const ID_LENGTH = 16;
/** Factor for a sentence that opens with a pronoun: what it speaks of stands elsewhere. */
const UNRESOLVED = 0.85;
/** Factor beyond this many words: long sentences hold several claims and collect cues by length. */
const LONG = { words: 45, factor: 0.85 };
/** Factor for a first person: a report on oneself is hard to look up. */
const PERSONAL = 0.85;
const POINTING: ReadonlySet<string> = new Set([
  'it',
  'this',
  'that',
  'these',
  'those',
  'he',
  'she',
  'they',
  'some',
]);

/**
 * Statements worth checking, the worthiest first; at equal worth in document order.
 *
 * Only declarative sentences count: no questions, opinions ("I think"), prescriptions ("should"), requests, promises
 * and forecasts, conditions, greetings or fragments ({@link statementKind}). The worth is `1 - (1-w1)(1-w2)…` over the
 * weights of the cues a sentence has ({@link CLAIM_CUES}; a stretch of time and a past tense weigh once), lowered for an opening pronoun, the first person "I" and great length.
 * A sentence needs one cue that is more than a name or a past tense, or three of those; a plain statement about something
 * with a name needs nothing else, and is ranked below what has a figure. Repeated sentences count once.
 * English only: none in other languages. `id` is the beginning of the SHA-256 of the sentence's words in lower case, so
 * it survives changes of punctuation and place.
 *
 * @throws AnalysisOptionError when `limit` is not an integer of at least 1
 */
export function extractClaims(text: TextModel, options: ClaimOptions = {}): readonly Claim[] {
  const limit = countOption('limit', options.limit, 20);
  if (!text.isEnglish) return [];
  const claims = new Map<string, Claim>();
  for (const sentence of text.sentences) {
    if (statementKind(sentence) !== 'statement') continue;
    const cues = claimCues(sentence);
    if (!suffice(cues)) continue;
    const id = claimId(sentence);
    if (claims.has(id)) continue;
    claims.set(id, { ...referenceTo(sentence), id, checkworthiness: worthOf(sentence, cues), cues });
  }
  return [...claims.values()]
    .sort((a, b) => b.checkworthiness - a.checkworthiness || a.sentence - b.sentence)
    .slice(0, limit);
}

const suffice = (cues: readonly ClaimCue[]): boolean =>
  cues.includes('plain-statement') || cues.some(isStrong) || cues.length >= 3;

/** Enough by itself, and for more than its plainness. */
const isStrong = (cue: ClaimCue): boolean => cue !== 'plain-statement' && !WEAK_CUES.has(cue);

function worthOf(sentence: Sentence, cues: readonly ClaimCue[]): number {
  // "Two weeks ago we saw" says twice that it is over; it weighs once, or an anecdote outranks a figure.
  // A plain statement is worth listing, and no more than what a figure in it makes it worth.
  const weighing = cues.filter(
    (cue) =>
      (cue !== 'period' || !cues.includes('past-event')) &&
      (cue !== 'plain-statement' || !cues.some(isStrong)),
  );
  const together = 1 - weighing.reduce((rest, cue) => rest * (1 - CLAIM_CUES[cue]), 1);
  const words = sentence.tokens.filter((token) => token.isWord);
  const opening = words[0]?.pos === 'CCONJ' ? words[1] : words[0];
  const pointing =
    opening !== undefined && opening.pos === 'PRON' && POINTING.has(opening.normal) ? UNRESOLVED : 1;
  const personal = words.slice(0, 8).some((word) => word.normal === 'i' || word.normal === 'my')
    ? PERSONAL
    : 1;
  return together * pointing * personal * (sentence.wordCount > LONG.words ? LONG.factor : 1);
}

/** Stable for a sentence however it is punctuated or spaced. */
function claimId(sentence: Sentence): string {
  const words =
    sentence.text
      .toLowerCase()
      .replace(/’/g, "'")
      .match(/[\p{L}\p{N}]+(?:[.,'][\p{L}\p{N}]+)*/gu) ?? [];
  return createHash('sha256').update(words.join(' ')).digest('hex').slice(0, ID_LENGTH);
}
