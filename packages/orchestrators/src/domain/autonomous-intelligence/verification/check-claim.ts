import type { CheckedClaim, Claim, Evidence } from '../model.js';
import type { Assertion, Reference } from './assertion.js';
import { parseDate, type DayRange } from './calendar.js';
import { readItems, type Item } from './clause-items.js';
import { compareAssertion } from './compare-assertion.js';
import { allOf, anyOf, unknown, type Comparison } from './comparison.js';
import type { KnowledgeBase } from './knowledge-base.js';
import { factStatement, type KnowledgeFact } from './knowledge-fact.js';
import type { Candidate } from './lexicon.js';
import { readClause } from './read-clause.js';
import { sentenceParts } from './sentence-parts.js';
import { MAX_CLAIM_LENGTH, tokenize } from './tokens.js';

/** What is known beside the claim itself. */
export interface CheckOptions {
  /**
   * Date of the document, ISO 8601: `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or a full timestamp. The present tense and
   * "40 years ago" are compared at this date; without it they get no verdict. Anything else counts as unknown.
   */
  readonly asOf?: string;
  /**
   * Related statements listed where there is no verdict.
   * @minimum 0
   * @default 3
   */
  readonly relatedLimit?: number;
}

const MAX_TOKENS = 120;
/** Longest and most parts of a sentence looked at where the sentence as a whole is not understood. */
const PART_ITEMS = 12;
const MAX_PARTS = 400;
const PRONOUNS = new Set(['he', 'she', 'it', 'they', 'who']);

function statement(text: string): string {
  return text.replace(/\.$/, '');
}

function quoteFacts(facts: readonly KnowledgeFact[]): string {
  return [...new Set(facts.map((fact) => statement(factStatement(fact))))].slice(0, 3).join('; ');
}

function evidenceOf(facts: readonly KnowledgeFact[], stance: Evidence['stance']): readonly Evidence[] {
  const seen = new Set<string>();
  return facts.flatMap((fact) => {
    const text = factStatement(fact);
    if (seen.has(text)) return [];
    seen.add(text);
    return [{ statement: text, source: fact.source, stance }];
  });
}

/** Reads a sentence as one clause, or as clauses joined by "and", "but", ";" or a full stop, all understood. */
function readSentence(items: readonly Item[], depth = 0): readonly Assertion[] | undefined {
  const whole = readClause(items);
  if (whole !== undefined || depth >= 3) return whole;
  for (let at = 1; at < items.length - 1; at += 1) {
    const item = items[at]!;
    if (item.type !== 'word' || !['and', 'but', ';', '.'].includes(item.text)) continue;
    const before = items[at - 1];
    const isComma = before?.type === 'word' && before.text === ',';
    const left = items.slice(0, isComma ? at - 1 : at);
    const first = readClause(left);
    if (first === undefined) continue;
    const right = items.slice(at + 1);
    const rest = readSentence(right, depth + 1) ?? readSentence(withSubject(left, right), depth + 1);
    if (rest !== undefined) return [...first, ...rest];
  }
  return undefined;
}

/** "… and was assassinated in 1963", "… and he resigned": the second clause speaks of the only name before it. */
function withSubject(left: readonly Item[], right: readonly Item[]): readonly Item[] {
  const names = left.filter((item) => item.type === 'entity');
  const [name] = names;
  if (names.length !== 1 || name === undefined) return [];
  const [head] = right;
  return [name, ...(head?.type === 'word' && PRONOUNS.has(head.text) ? right.slice(1) : right)];
}

function referencesOf(assertion: Assertion): readonly Reference[] {
  return Object.values(assertion).filter(
    (value): value is Reference => typeof value === 'object' && value !== null && 'candidates' in value,
  );
}

/** The assertion with an ambiguous name read as one of its bearers. */
function readAs(assertion: Assertion, text: string, candidate: Candidate): Assertion {
  const entries = Object.entries(assertion).map(([key, value]: [string, unknown]) =>
    referencesOf(assertion).some((reference) => reference === value && reference.text === text)
      ? [key, { text, candidates: [candidate] }]
      : [key, value],
  );
  return Object.fromEntries(entries) as Assertion;
}

/**
 * Compares all assertions of a sentence. A name that may mean several people means the same one throughout: no
 * sentence is true because one half of it fits one Roosevelt and the other half another.
 */
function compareAll(
  assertions: readonly Assertion[],
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const [shared] =
    assertions.length < 2
      ? []
      : assertions.flatMap(referencesOf).filter((reference) => reference.candidates.length > 1);
  if (shared === undefined) {
    return allOf(assertions.map((assertion) => compareAssertion(assertion, base, asOf)));
  }
  return anyOf(
    shared.candidates.map((candidate) =>
      compareAll(
        assertions.map((assertion) => readAs(assertion, shared.text, candidate)),
        base,
        asOf,
      ),
    ),
    '',
  );
}

/** A document dated only to a year: too little to say that something was not so when it was written. */
const LONGEST_SURE_DATE_DAYS = 31;

/** What is contradicted at a date that is not certain stays so only where no date is needed. */
function withoutDate(dated: Comparison, assertions: readonly Assertion[], base: KnowledgeBase): Comparison {
  const undated = compareAll(assertions, base, undefined);
  return undated.outcome === 'contradicts'
    ? undated
    : unknown('the document is dated only to a year', ...dated.facts);
}

interface Part {
  readonly text: string;
  readonly comparison: Comparison;
}

/** The longest part of a sentence that can be compared, for a reader; it decides nothing. */
function comparablePart(
  items: readonly Item[],
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Part | undefined {
  let tries = 0;
  for (let length = Math.min(PART_ITEMS, items.length - 1); length >= 2; length -= 1) {
    for (let at = 0; at + length <= items.length; at += 1) {
      if (items[at]?.type !== 'entity') continue;
      if ((tries += 1) > MAX_PARTS) return undefined;
      const slice = items.slice(at, at + length);
      const assertions = readClause(slice);
      if (assertions === undefined) continue;
      const comparison = compareAll(assertions, base, asOf);
      if (comparison.outcome !== 'unknown')
        return { text: slice.map((item) => item.text).join(' '), comparison };
    }
  }
  return undefined;
}

/** Related evidence: the facts already found, then what retrieval adds. */
function related(
  claim: Claim,
  base: KnowledgeBase,
  facts: readonly KnowledgeFact[],
  limit: number,
): readonly Evidence[] {
  const found = evidenceOf(facts, 'related').slice(0, Math.max(limit, 0));
  const known = new Set(found.map((evidence) => evidence.statement));
  const more = limit > found.length ? base.related(claim.quote.slice(0, MAX_CLAIM_LENGTH), limit) : [];
  return [
    ...found,
    ...more.filter((one) => !known.has(one.statement)).map((one) => ({ ...one, stance: 'related' as const })),
  ].slice(0, Math.max(limit, 0));
}

/** The sentence of a claim as items, or why it cannot be read as one statement. */
function read(claim: Claim, base: KnowledgeBase, asOf: DayRange | undefined): readonly Item[] | string {
  if (claim.quote.length > MAX_CLAIM_LENGTH) {
    return `The passage has ${claim.quote.length} characters; more than ${MAX_CLAIM_LENGTH} are not read as one statement.`;
  }
  const tokens = [...tokenize(claim.quote)];
  if (tokens.includes('?')) return 'It is a question, not a statement.';
  while (/^[.!]$/.test(tokens.at(-1) ?? '')) tokens.pop();
  if (tokens.length === 0) return 'It holds no words.';
  if (tokens.length > MAX_TOKENS) return 'It holds too many words to be read as one statement.';
  return readItems(tokens, base, asOf);
}

/**
 * Compares a claim with what is known. A verdict needs a sentence every part of which is understood and facts
 * that settle it; with anything less the verdict is `not_enough_evidence`, with the nearest statements as `related`
 * evidence and the reason. Deterministic; never throws for any text.
 *
 * One reading that holds is enough to support a claim with an ambiguous name. To contradict one, the name must be
 * unmistakable and no reading may hold. Dates agree where the known date lies wholly in the time named; a day's
 * difference, or a step of a law's passage in another year, is no contradiction. Denials are turned round.
 */
export function checkClaim(claim: Claim, knowledge: KnowledgeBase, options: CheckOptions = {}): CheckedClaim {
  const asOf = options.asOf === undefined ? undefined : parseDate(options.asOf);
  const limit = options.relatedLimit ?? 3;
  const undecided = (explanation: string, facts: readonly KnowledgeFact[] = []): CheckedClaim => ({
    claim,
    verdict: 'not_enough_evidence',
    evidence: related(claim, knowledge, facts, limit),
    explanation,
  });

  const items = read(claim, knowledge, asOf);
  if (typeof items === 'string') return undecided(items);
  const assertions = readSentence(items);
  if (assertions === undefined) {
    const part = comparablePart(items, knowledge, asOf);
    if (part === undefined)
      return undecided('Nothing known can be compared with the whole of this sentence.');
    const agreement = part.comparison.outcome === 'supports' ? 'agrees with' : 'disagrees with';
    return undecided(
      `The part "${part.text}" ${agreement} what is known (${quoteFacts(part.comparison.facts)}); the rest of the sentence could not be compared.`,
      part.comparison.facts,
    );
  }
  const compared = compareAll(assertions, knowledge, asOf);
  const { outcome, facts, reason } =
    compared.outcome === 'contradicts' && asOf !== undefined && asOf.to - asOf.from > LONGEST_SURE_DATE_DAYS
      ? withoutDate(compared, assertions, knowledge)
      : compared;
  if (outcome === 'unknown' || facts.length === 0) {
    return undecided(
      `Not settled by what is known: ${reason === '' ? 'the facts leave it open' : reason}.`,
      facts,
    );
  }
  if (outcome === 'supports') {
    return {
      claim,
      verdict: 'supported',
      evidence: evidenceOf(facts, 'supports'),
      explanation: `Agrees with what is known: ${quoteFacts(facts)}.`,
    };
  }
  return {
    claim,
    verdict: 'contradicted',
    evidence: evidenceOf(facts, 'contradicts'),
    explanation: `Disagrees with what is known: ${quoteFacts(facts)}.`,
  };
}

/** Most statements of one sentence that get a verdict of their own. */
const MAX_STATEMENTS = 6;

/**
 * The statements that a sentence joins and that can be settled by themselves, each as a claim in the sentence's own
 * words with the id of the sentence's and a number: "In 1980 tax revenues increased by $54 billion, and …". A sentence
 * that is settled as a whole has none. What stands behind "if", "said", "would" and their like is left alone.
 */
function checkParts(claim: Claim, knowledge: KnowledgeBase, options: CheckOptions): readonly CheckedClaim[] {
  const settled: CheckedClaim[] = [];
  let taken = 0;
  for (const { text, reading, start } of sentenceParts(claim.quote)) {
    if (start < taken) continue;
    const read = { ...claim, quote: reading };
    const checked = checkClaim(read, knowledge, { ...options, relatedLimit: 0 });
    if (checked.verdict === 'not_enough_evidence') continue;
    const part = { ...claim, id: `${claim.id}-${String(settled.length + 1)}`, quote: text };
    settled.push({ ...checked, claim: part });
    taken = start + text.length;
    if (settled.length >= MAX_STATEMENTS) break;
  }
  return settled;
}

/**
 * Checks claims one by one, in order; see {@link checkClaim}. A claim that is not settled as a whole is followed by
 * those of its statements that are settled by themselves.
 */
export function checkClaims(
  claims: readonly Claim[],
  knowledge: KnowledgeBase,
  options: CheckOptions = {},
): readonly CheckedClaim[] {
  return claims.flatMap((claim) => {
    const whole = checkClaim(claim, knowledge, options);
    if (whole.verdict !== 'not_enough_evidence') return [whole];
    const parts = checkParts(claim, knowledge, options);
    if (parts.length === 0) return [whole];
    const settled = parts.map(({ claim: { quote }, verdict }) => `"${quote}" (${verdict})`).join(', ');
    return [
      {
        ...whole,
        explanation: `Settled by itself: ${settled}. The rest of the sentence could not be compared.`,
      },
      ...parts,
    ];
  });
}
