import type { DurationAssertion } from './assertion.js';
import { dayNumber, DAYS_PER_YEAR, parseDate, yearOf, type DayRange } from './calendar.js';
import {
  anyOf,
  compareDate,
  compareQuantity,
  contradicts,
  decide,
  supports,
  UNDATED,
  unknown,
  type Comparison,
} from './comparison.js';
import { factRange, type KnowledgeBase } from './knowledge-base.js';
import type { OfficeFact } from './knowledge-fact.js';
import type { TimePhrase } from './time-phrase.js';

const YEARS_PER_TERM = 4;
/** The calendar was changed once: the term from March 1933 to January 1937 lacks 43 days. */
const TERM_SLACK_DAYS = 60;

/** Presidential elections are held in November; the electors of early ones voted into December. */
function electionRange(year: number): DayRange {
  return { from: dayNumber(year, 11, 1), to: dayNumber(year + 1, 1, 1) };
}

const startOf = (fact: OfficeFact): number => parseDate(fact.validFrom)?.from ?? 0;

/** Whether it began with an election won, and not by succession. */
function beganByElection(fact: OfficeFact): boolean {
  return fact.electedIn?.includes(yearOf(startOf(fact)) - 1) === true;
}

function inTime(
  wins: readonly { readonly fact: OfficeFact; readonly year: number }[],
  time: TimePhrase,
): Comparison {
  return anyOf(
    wins.map(({ fact, year }) => {
      const outcome = compareDate(electionRange(year), time);
      return outcome === 'unknown'
        ? unknown('the dates are too close to tell apart', fact)
        : { outcome, facts: [fact], reason: '' };
    }),
    'its elections are not listed',
  );
}

/** Was one of the elections to this office at that time, or any, where no time is named? */
export function elected(
  facts: readonly OfficeFact[],
  time: TimePhrase | undefined,
  asOf: DayRange | undefined,
): Comparison {
  if (facts.some((fact) => fact.electedIn === undefined)) {
    return unknown('its elections are not listed', ...facts);
  }
  const wins = facts.flatMap((fact) => (fact.electedIn ?? []).map((year) => ({ fact, year })));
  if (time !== undefined && time.relation !== 'in' && time.relation !== 'between') {
    return unknown('the words do not name a single date', ...facts);
  }
  const [first] = wins;
  if (first === undefined) return contradicts(...facts);
  if (time !== undefined) return inTime(wins, time);
  return asOf !== undefined && electionRange(first.year).from >= asOf.to
    ? unknown('it was later than the document', first.fact)
    : supports(first.fact);
}

/** The same for elections after the first. The first one of somebody who had succeeded is called both. */
export function reelected(
  facts: readonly OfficeFact[],
  time: TimePhrase | undefined,
  asOf: DayRange | undefined,
): Comparison {
  const all = elected(facts, time, asOf);
  if (all.outcome !== 'supports') return all;
  const [earliest] = facts;
  const years = facts.flatMap((fact) => fact.electedIn ?? []).sort((a, b) => a - b);
  const later = facts.flatMap((fact) =>
    (fact.electedIn ?? []).filter((year) => year !== years[0]).map((year) => ({ fact, year })),
  );
  if (earliest === undefined || !beganByElection(earliest)) {
    const sure = later.length > 0 && time !== undefined ? inTime(later, time) : undefined;
    return sure?.outcome === 'supports' ? sure : unknown('the first election after a succession', ...facts);
  }
  const [second] = later;
  if (second === undefined) return contradicts(...facts);
  if (time !== undefined) return inTime(later, time);
  return asOf !== undefined && electionRange(second.year).from >= asOf.to
    ? unknown('it was later than the document', second.fact)
    : supports(second.fact);
}

function compareTerms(facts: readonly OfficeFact[], days: number, assertion: DurationAssertion): Comparison {
  if (!facts.every(beganByElection)) {
    return unknown('a term begun by succession can be counted or not', ...facts);
  }
  const terms = facts.reduce((sum, fact) => sum + (fact.electedIn?.length ?? 0), 0);
  const outcome = compareQuantity(terms, assertion.quantity, { agrees: 0, disagrees: 0 });
  const isServedOut = days >= terms * YEARS_PER_TERM * DAYS_PER_YEAR - TERM_SLACK_DAYS;
  if (!isServedOut && assertion.quantity.value <= terms) {
    return unknown('the last term was not served to its end', ...facts);
  }
  if (outcome === 'unknown') return unknown('the number is near, but not clearly the same', ...facts);
  return outcome === 'supports' ? supports(...facts) : contradicts(...facts);
}

/** How long, or how many terms, somebody was in an office. */
export function compareDuration(
  assertion: DurationAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const { who, office, quantity, unit, isNegated, isPresent, time } = assertion;
  return decide(who, isNegated, (subject) => {
    const facts = base.officeFacts(subject, office);
    if (facts.length === 0) return undefined;
    if (isPresent || time !== undefined || facts.some((fact) => factRange(fact).isOpen)) {
      return unknown(UNDATED, ...facts);
    }
    const ends = facts.map((fact) => parseDate(fact.validTo ?? '')?.from ?? 0);
    if (asOf !== undefined && ends.some((end) => end > asOf.from)) {
      return unknown('it was not over at the date of the document', ...facts);
    }
    const days = facts.reduce((sum, fact, at) => sum + (ends[at] ?? 0) - startOf(fact), 0);
    if (unit === 'terms') return compareTerms(facts, days, assertion);
    const outcome = compareQuantity(days / DAYS_PER_YEAR, quantity, { agrees: 0.3, disagrees: 1 });
    if (outcome === 'unknown') return unknown('the length is near, but not clearly the same', ...facts);
    return outcome === 'supports' ? supports(...facts) : contradicts(...facts);
  });
}
