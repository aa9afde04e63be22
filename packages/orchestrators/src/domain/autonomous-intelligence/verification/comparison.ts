import type { Approximation, Quantity, Reference } from './assertion.js';
import { contains, gapDays, overlaps, type DayRange } from './calendar.js';
import type { KnowledgeFact } from './knowledge-fact.js';
import type { TimePhrase } from './time-phrase.js';

/** How one reading of an assertion stands to the base. */
export interface Comparison {
  readonly outcome: 'supports' | 'contradicts' | 'unknown';
  /** The facts it rests on; never empty for the first two outcomes. */
  readonly facts: readonly KnowledgeFact[];
  /** For `unknown`: why. */
  readonly reason: string;
}

/** Two dates a day apart may be one moment in two time zones. */
const ZONE_SLACK_DAYS = 1;

/** It holds, by these facts. */
export function supports(...facts: readonly KnowledgeFact[]): Comparison {
  return { outcome: 'supports', facts, reason: '' };
}

/** It does not hold, by these facts. */
export function contradicts(...facts: readonly KnowledgeFact[]): Comparison {
  return { outcome: 'contradicts', facts, reason: '' };
}

/** It is left open, and why. */
export function unknown(reason: string, ...facts: readonly KnowledgeFact[]): Comparison {
  return { outcome: 'unknown', facts, reason };
}

/** The reason where only the date of the document would settle it. */
export const UNDATED = 'it depends on the date of the document, which is not known';

/**
 * Compares the date of a fact with a time a claim names. Wholly inside agrees, wholly outside disagrees; a partial
 * overlap, a difference of one day, or one within `slackDays` says nothing.
 */
export function compareDate(fact: DayRange, time: TimePhrase, slackDays = 0): Comparison['outcome'] {
  if (!time.isResolved) return 'unknown';
  if (contains(time.core, fact)) return 'supports';
  if (overlaps(time.outer, fact)) return 'unknown';
  const isDayAgainstDay = time.core.to - time.core.from === 1 && fact.to - fact.from === 1;
  const slack = Math.max(slackDays, isDayAgainstDay ? ZONE_SLACK_DAYS : 0);
  return gapDays(fact, time.outer) < slack ||
    (slack > 0 && gapDays(fact, time.outer) === 0 && isDayAgainstDay)
    ? 'unknown'
    : 'contradicts';
}

/** Compares a known number with one a claim gives, by the words beside it. */
export function compareQuantity(
  known: number,
  said: Quantity,
  tolerance: { agrees: number; disagrees: number },
): Comparison['outcome'] {
  const difference = Math.abs(known - said.value);
  const scale = Math.max(Math.abs(known), 1e-9);
  const about = (): Comparison['outcome'] =>
    difference <= Math.max(tolerance.agrees, 0.05 * scale)
      ? 'supports'
      : difference > Math.max(tolerance.disagrees, 0.25 * scale)
        ? 'contradicts'
        : 'unknown';
  const rules: Readonly<Record<Approximation, () => Comparison['outcome']>> = {
    exactly: () =>
      difference <= tolerance.agrees
        ? 'supports'
        : difference > tolerance.disagrees
          ? 'contradicts'
          : 'unknown',
    about,
    nearly: about,
    more: () => (known > said.value ? 'supports' : 'contradicts'),
    less: () => (known < said.value ? 'supports' : 'contradicts'),
    'at-least': () => (known >= said.value ? 'supports' : 'contradicts'),
    'at-most': () => (known <= said.value ? 'supports' : 'contradicts'),
  };
  return Number.isFinite(said.value) ? rules[said.approximation]() : 'unknown';
}

/** Joins the outcomes of several facts of which one has to agree. */
export function anyOf(comparisons: readonly Comparison[], none: string): Comparison {
  return (
    comparisons.find(({ outcome }) => outcome === 'supports') ??
    comparisons.find(({ outcome }) => outcome === 'unknown') ??
    (comparisons.length === 0 ? unknown(none) : contradicts(...comparisons.flatMap(({ facts }) => facts)))
  );
}

/** Joins the outcomes of several facts all of which have to agree. */
export function allOf(comparisons: readonly Comparison[]): Comparison {
  return (
    comparisons.find(({ outcome }) => outcome === 'contradicts') ??
    comparisons.find(({ outcome }) => outcome === 'unknown') ??
    (comparisons.length === 0
      ? unknown('nothing is known')
      : supports(...comparisons.flatMap(({ facts }) => facts)))
  );
}

/**
 * Decides for a name that may mean several people or things. One reading that holds is enough to agree. To
 * disagree, no reading may hold and the name must be unmistakable. A denial is decided on the statement denied and
 * turned round, and then every reading has to give the same answer.
 *
 * @param read the comparison for one reading; `undefined` where the base knows nothing that fits it.
 */
export function decide(
  reference: Reference,
  isNegated: boolean,
  read: (subject: string) => Comparison | undefined,
): Comparison {
  const readings = reference.candidates.flatMap((candidate) => {
    const comparison = read(candidate.subject);
    return comparison === undefined ? [] : [{ candidate, comparison }];
  });
  const nothing = `nothing comparable is known about "${reference.text}"`;
  // A bearer of the name about whom nothing is known may be the one who is meant.
  const isSure =
    readings.length === reference.candidates.length && readings.some(({ candidate }) => candidate.isSure);
  const joined = anyOf(
    readings.map(({ comparison }) => comparison),
    nothing,
  );
  const doubtful = unknown(`"${reference.text}" may mean somebody or something else`, ...joined.facts);
  if (!isNegated) return joined.outcome === 'contradicts' && !isSure ? doubtful : joined;
  if (joined.outcome === 'unknown') return joined;
  if (!isSure || readings.some(({ comparison }) => comparison.outcome !== joined.outcome)) return doubtful;
  return joined.outcome === 'supports' ? contradicts(...joined.facts) : supports(...joined.facts);
}
