import type { CueFinding } from '../model.js';
import { isQuestion, referenceTo, wordsOf } from './text-model.js';
import type { Sentence, TextModel, Token } from './text-model.js';

/** Sentences that must open alike in a row. */
const MIN_RUN = 3;
const OPENING_WORDS = 2;
const MAX_OPENING_WORDS = 5;
/** A run may skip this many sentences. */
const MAX_SKIP = 1;

/** Rhetorical figures that are counted rather than matched, in no particular order. English only. */
export function persuasionFigures(text: TextModel): readonly CueFinding[] {
  const prose = text.sentences.filter((sentence) => sentence.kind !== 'heading' && sentence.wordCount > 0);
  return [
    ...anaphora(prose),
    ...clauseParallels(prose),
    ...epistrophe(prose),
    ...rhetoricalQuestions(prose),
    ...usVersusThem(prose),
  ];
}

/** At least three sentences of one speaker, near each other, that open with the same two words or more. */
function anaphora(sentences: readonly Sentence[]): readonly CueFinding[] {
  const findings: CueFinding[] = [];
  const openings = sentences.map((sentence) =>
    wordsOf(sentence)
      .slice(0, MAX_OPENING_WORDS)
      .map((word) => word.normal),
  );
  for (let at = 0; at < sentences.length;) {
    const run = runFrom(at, sentences, openings);
    const first = sentences[at];
    if (run.length >= MIN_RUN && first !== undefined) {
      const shared = sharedLength(run.map((i) => openings[i] ?? []));
      const opening = wordsOf(first).slice(0, shared);
      if (isTelling(opening)) {
        const words = opening.map((word) => word.normal).join(' ');
        findings.push({
          ...referenceTo(first),
          kind: 'anaphora',
          explanation: `${run.length} sentences close together open with "${words}".`,
          confidence: Math.min(0.9, 0.4 + 0.1 * run.length + 0.1 * (shared - OPENING_WORDS)),
        });
        at = (run.at(-1) ?? at) + 1;
        continue;
      }
    }
    at += 1;
  }
  return findings;
}

/** Indices of the sentences from `at` on that share its first words. */
function runFrom(
  at: number,
  sentences: readonly Sentence[],
  openings: readonly (readonly string[])[],
): readonly number[] {
  const run = [at];
  const own = openings[at] ?? [];
  if (own.length < OPENING_WORDS) return run;
  for (let next = at + 1; next < sentences.length && next - (run.at(-1) ?? at) <= MAX_SKIP + 1; next += 1) {
    if (sentences[next]?.speaker !== sentences[at]?.speaker) break;
    if (own.slice(0, OPENING_WORDS).every((word, i) => openings[next]?.[i] === word)) run.push(next);
  }
  return run;
}

function sharedLength(openings: readonly (readonly string[])[]): number {
  const first = openings[0] ?? [];
  let shared = 0;
  while (shared < first.length && openings.every((opening) => opening[shared] === first[shared])) shared += 1;
  return shared;
}

const PLAIN_OPENINGS: ReadonlySet<string> = new Set([
  'thank you',
  'it is',
  'there is',
  'there are',
  'this is',
  'that is',
  'and i',
  'so i',
  'and the',
  'and so',
  'i am',
  'in the',
  'of the',
  'i do',
  'you can',
  'you have',
]);

/** Whether an opening is more than the usual beginning of a spoken sentence. */
function isTelling(opening: readonly Token[]): boolean {
  const words = opening.map((word) => word.normal);
  if (PLAIN_OPENINGS.has(words.join(' '))) return false;
  return !(
    words.length === OPENING_WORDS &&
    (opening[0]?.pos === 'DET' || opening[0]?.normal === 'and' || opening[0]?.normal === 'so')
  );
}

const CLAUSE_MARKS: ReadonlySet<string> = new Set([',', ';', ':', '-', '--', '—', '–']);
const MIN_CLAUSE_WORDS = 2;

/** Three or more clauses in a row within a sentence that open with the same word and are built alike: a tricolon. */
function clauseParallels(sentences: readonly Sentence[]): readonly CueFinding[] {
  return sentences.flatMap((sentence) => {
    const clauses = clausesOf(sentence).filter((clause) => clause.length >= MIN_CLAUSE_WORDS);
    for (let at = 0; at + MIN_RUN <= clauses.length; at += 1) {
      const [a, b, c] = [clauses[at], clauses[at + 1], clauses[at + 2]];
      if (a === undefined || b === undefined || c === undefined || !alike(a, b) || !alike(b, c)) continue;
      const words = [a, b, c].map((clause) =>
        clause
          .slice(0, 3)
          .map((word) => word.normal)
          .join(' '),
      );
      return [
        {
          ...referenceTo(sentence),
          kind: 'tricolon',
          explanation: `Three clauses of the same build in a row: "${words.join(' …", "')} …".`,
          confidence: 0.6,
        },
      ];
    }
    return [];
  });
}

/** Words between punctuation marks, without a conjunction in front. */
function clausesOf(sentence: Sentence): readonly (readonly Token[])[] {
  const clauses: Token[][] = [[]];
  for (const token of sentence.tokens) {
    if (CLAUSE_MARKS.has(token.text)) clauses.push([]);
    else if (token.isWord && !(token.pos === 'CCONJ' && clauses.at(-1)?.length === 0))
      clauses.at(-1)?.push(token);
  }
  return clauses;
}

/** Same first word, the second the same too or, after other words than articles, of the same kind; similar length. */
function alike(a: readonly Token[], b: readonly Token[]): boolean {
  const longer = Math.max(a.length, b.length);
  const shorter = Math.min(a.length, b.length);
  const [first, second] = a;
  if (first?.normal !== b[0]?.normal || first?.pos === 'NUM' || longer > shorter * 2 + 1) return false;
  return (
    second?.normal === b[1]?.normal ||
    (first?.pos !== 'DET' && first?.pos !== 'ADP' && second?.pos === b[1]?.pos)
  );
}

/** Three or more clauses in a row that end with the same two words: "of the people, by the people, for the people". */
function epistrophe(sentences: readonly Sentence[]): readonly CueFinding[] {
  return sentences.flatMap((sentence) => {
    const ends = clausesOf(sentence)
      .filter((clause) => clause.length >= MIN_CLAUSE_WORDS)
      .map((clause) =>
        clause
          .slice(-2)
          .map((word) => word.normal)
          .join(' '),
      );
    const at = ends.findIndex((end, i) => end === ends[i + 1] && end === ends[i + 2]);
    if (at < 0) return [];
    const explanation = `Three clauses in a row end with "${ends[at] ?? ''}".`;
    return [{ ...referenceTo(sentence), kind: 'epistrophe', explanation, confidence: 0.75 }];
  });
}

const ASKING: ReadonlySet<string> = new Set([
  'who',
  'what',
  'why',
  'how',
  'when',
  'where',
  'is',
  'are',
  'do',
  'does',
  'can',
  'will',
  'shall',
  'should',
  'would',
  'could',
  'have',
  'has',
]);

/** A question its speaker goes on from. In a conversation, where others may answer, only one with a negation or "we". */
function rhetoricalQuestions(sentences: readonly Sentence[]): readonly CueFinding[] {
  const speakers = new Set(sentences.flatMap((sentence) => sentence.speaker ?? []));
  const isMonologue = speakers.size < 2;
  return sentences.flatMap((sentence, at) => {
    if (!isQuestion(sentence) || sentence.wordCount < 3) return [];
    const next = sentences[at + 1];
    if (next === undefined || next.speaker !== sentence.speaker) return [];
    const words = wordsOf(sentence).map((word) => word.normal);
    const inclusive = words.includes('we') || words.includes('us') || words.includes('not');
    if (!isMonologue && (!inclusive || isQuestion(next) || next.segment !== sentence.segment)) return [];
    const answered = !isQuestion(next) && next.wordCount <= 8;
    const confidence =
      (isMonologue ? 0.6 : 0.35) + (answered ? 0.1 : 0) + (ASKING.has(words[0] ?? '') ? 0.05 : 0);
    const explanation = answered
      ? 'The speaker asks and answers at once.'
      : 'A question nobody is given time to answer.';
    return [{ ...referenceTo(sentence), kind: 'rhetorical-question', explanation, confidence }];
  });
}

const OURS: ReadonlySet<string> = new Set(['we', 'us', 'our', 'ours']);
const FOES: ReadonlySet<string> = new Set(['enemy', 'adversary', 'invader', 'aggressor', 'opponent']);
const TURNS: ReadonlySet<string> = new Set([
  'but',
  'while',
  'whereas',
  'against',
  'not',
  '-',
  '--',
  '—',
  '–',
  ';',
]);
/** Polarity below which an opponent is spoken of with hostility. */
const HOSTILE = -0.1;

/** "We offer … they offer …": the same verb on both sides of a turn; or "we" and a foe in negative words. */
function usVersusThem(sentences: readonly Sentence[]): readonly CueFinding[] {
  return sentences.flatMap((sentence) => {
    const { tokens } = sentence;
    const ours = tokens.findIndex((token) => OURS.has(token.normal));
    if (ours < 0 || sentence.polarity > -HOSTILE) return [];
    const foe = tokens.find((token) => FOES.has(token.lemma) && token.pos !== 'VERB');
    const verb = sharedVerb(tokens);
    if (verb === undefined && (foe === undefined || sentence.polarity > HOSTILE)) return [];
    const explanation =
      verb === undefined
        ? `Sets "${tokens[ours]?.normal ?? 'we'}" against "${foe?.normal ?? ''}" in negative words.`
        : `Sets "we" against "they" with the same verb, "${verb}".`;
    return [
      {
        ...referenceTo(sentence),
        kind: 'us-versus-them',
        explanation,
        confidence: verb === undefined ? 0.4 : 0.55,
      },
    ];
  });
}

/** The verb that "we" and "they" share when a turn stands between them. */
function sharedVerb(tokens: readonly Token[]): string | undefined {
  const verbs = (pronoun: string): readonly { at: number; lemma: string }[] =>
    tokens.flatMap((token, at) => {
      const next = tokens[at + 1];
      return token.normal === pronoun && next !== undefined && next.pos === 'VERB'
        ? [{ at, lemma: next.lemma }]
        : [];
    });
  const theirs = verbs('they');
  for (const own of verbs('we')) {
    const other = theirs.find((their) => their.lemma === own.lemma);
    if (other === undefined) continue;
    const between = tokens.slice(Math.min(own.at, other.at) + 2, Math.max(own.at, other.at));
    if (between.some((token) => TURNS.has(token.normal) || token.text === ',')) return own.lemma;
  }
  return undefined;
}
