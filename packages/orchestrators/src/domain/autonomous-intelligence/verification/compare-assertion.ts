import type { Assertion, CountAssertion, EventAssertion, LastedAssertion } from './assertion.js';
import { overlaps, parseDate, type DayRange } from './calendar.js';
import { compareOffice, compareOrdinal, compareParty, inPresidency } from './compare-office.js';
import { compareChange, compareExtreme, compareLevel } from './compare-measure.js';
import { compareRelation } from './compare-relation.js';
import { compareDuration } from './compare-terms.js';
import { compareSuccession, compareUnder } from './compare-service.js';
import {
  allOf,
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
import { eventEdge, type EventFact } from './knowledge-fact.js';

function whenIt(
  fact: EventFact,
  slackDays: number,
  assertion: EventAssertion,
  asOf: DayRange | undefined,
): Comparison {
  const { time } = assertion;
  const range = factRange(fact);
  if (time === undefined) {
    const isYetToCome = asOf !== undefined && range.from >= asOf.to;
    if (isYetToCome || (asOf === undefined && assertion.isPresent)) return unknown(UNDATED, fact);
    if (assertion.isNegated && !assertion.isForAllTime && asOf === undefined) return unknown(UNDATED, fact);
    return supports(fact);
  }
  if (!time.isResolved) return unknown(UNDATED, fact);
  if (
    time.relation !== 'in' &&
    time.relation !== 'between' &&
    !(time.relation === 'since' && assertion.isPresent)
  ) {
    return unknown('the words do not name a single date', fact);
  }
  const outcome = compareDate(range, time, slackDays);
  if (outcome !== 'unknown') return { outcome, facts: [fact], reason: '' };
  // Something that lasted did happen in a year it was going on in.
  if (fact.validTo !== undefined && overlaps(range, time.core)) return supports(fact);
  return unknown('the dates are too close to tell apart', fact);
}

function whoDidIt(fact: EventFact, assertion: EventAssertion): Comparison | undefined {
  if (assertion.by === undefined) return undefined;
  const { by } = fact;
  if (by === undefined) return unknown('it is not known who did it', fact);
  return decide(assertion.by, false, (subject) => (subject === by ? supports(fact) : contradicts(fact)));
}

function compareEvent(
  assertion: EventAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  return decide(assertion.what, assertion.isNegated, (subject) => {
    const wordings =
      assertion.wordings?.filter(({ fact }) => fact.subject === subject) ??
      base
        .events(subject)
        .filter((fact) => fact.event === 'happened' || fact.validTo !== undefined)
        .map((fact) => ({ fact, slackDays: 0 }));
    if (wordings.length === 0) return undefined;
    return anyOf(
      wordings.map(({ fact, slackDays }) => {
        const comparisons = [whenIt(fact, slackDays, assertion, asOf)];
        const who = whoDidIt(fact, assertion);
        if (who !== undefined) comparisons.push(who);
        if (assertion.under !== undefined) {
          comparisons.push(
            decide(assertion.under, false, (president) => {
              const comparison = inPresidency(base, president, factRange(fact));
              return comparison && { ...comparison, facts: [fact, ...comparison.facts] };
            }),
          );
        }
        // "did not sign it in 1964" may deny the person or the year.
        if (assertion.isNegated && assertion.time !== undefined && comparisons.length > 1) {
          return unknown('it is not clear which part is denied', fact);
        }
        const joined = allOf(comparisons);
        return joined.outcome === 'contradicts' && slackDays === Infinity
          ? unknown('the words may speak of something else', fact)
          : joined;
      }),
      '',
    );
  });
}

function compareLasted(assertion: LastedAssertion, base: KnowledgeBase): Comparison {
  return decide(assertion.what, assertion.isNegated, (subject) => {
    const spans = base.events(subject).filter((fact) => fact.validTo !== undefined);
    const { time } = assertion;
    if (spans.length === 0 || time === undefined) return undefined;
    return anyOf(
      spans.map((fact) => {
        const from = parseDate(eventEdge(fact, 'began').validFrom) ?? factRange(fact);
        const to = parseDate(eventEdge(fact, 'ended').validFrom) ?? factRange(fact);
        if (time.relation === 'until')
          return { outcome: compareDate(to, time), facts: [fact], reason: 'the dates are too close' };
        if (time.relation !== 'span' || time.ends === undefined)
          return unknown('the words do not name two dates', fact);
        const [first, last] = time.ends;
        return allOf([
          {
            outcome: compareDate(from, { ...time, core: first, outer: first }),
            facts: [fact],
            reason: 'the dates are too close',
          },
          {
            outcome: compareDate(to, { ...time, core: last, outer: last }),
            facts: [fact],
            reason: 'the dates are too close',
          },
        ]);
      }),
      '',
    );
  });
}

function compareCount(assertion: CountAssertion, asOf: DayRange | undefined): Comparison {
  const { counts, time, quantity } = assertion;
  const subjects = [...new Set(counts.map((fact) => fact.subject))];
  // "there are 50 states" names no country; the base has to know the unit of one subject only.
  const of = assertion.of ?? {
    candidates: subjects.map((subject) => ({ subject, isSure: subjects.length === 1 })),
    text: '',
  };
  const at =
    time ??
    (asOf === undefined || !assertion.isPresent
      ? undefined
      : { relation: 'in' as const, core: asOf, outer: asOf, isResolved: true });
  return decide(of, assertion.isNegated, (subject) => {
    const facts = counts.filter((fact) => fact.subject === subject);
    if (facts.length === 0) return undefined;
    if (at !== undefined && !at.isResolved) return unknown(UNDATED, ...facts);
    const value = (value: number): Comparison['outcome'] =>
      compareQuantity(value, quantity, { agrees: 0, disagrees: 0 });
    if (at === undefined) {
      const match = facts.find((fact) => value(fact.value) === 'supports');
      // Without any date only a number that never changed, or the one that holds now, can be confirmed.
      return match !== undefined && !assertion.isNegated && match.validTo === undefined && assertion.isPresent
        ? supports(match)
        : unknown(UNDATED, ...facts);
    }
    if (at.relation === 'since') {
      return anyOf(
        facts.map((fact) =>
          allOf([
            { outcome: value(fact.value), facts: [fact], reason: '' },
            {
              outcome: compareDate(parseDate(fact.validFrom) ?? factRange(fact), {
                ...at,
                relation: 'in',
                text: '',
              }),
              facts: [fact],
              reason: '',
            },
            ...(asOf !== undefined && overlaps(factRange(fact), asOf) ? [] : [unknown(UNDATED, fact)]),
          ]),
        ),
        '',
      );
    }
    if (at.relation !== 'in' && at.relation !== 'between')
      return unknown('the words do not name a single date', ...facts);
    const current = facts.filter((fact) => overlaps(factRange(fact), at.outer));
    if (current.length !== 1)
      return unknown(
        current.length === 0 ? 'the number at that time is not known' : 'the number changed in that time',
        ...facts,
      );
    const fact = current[0]!;
    const range = factRange(fact);
    if (at.outer.from < range.from || at.outer.to > range.to)
      return unknown('the number for all of that time is not known', fact);
    const outcome = value(fact.value);
    return outcome === 'supports'
      ? supports(fact)
      : outcome === 'contradicts'
        ? contradicts(fact)
        : unknown('the number is near, but not clearly the same', fact);
  });
}

/** How an assertion stands to the base. */
export function compareAssertion(
  assertion: Assertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  switch (assertion.kind) {
    case 'office':
      return compareOffice(assertion, base, asOf);
    case 'ordinal':
      return compareOrdinal(assertion, base, asOf);
    case 'party':
      return compareParty(assertion, base, asOf);
    case 'duration':
      return compareDuration(assertion, base, asOf);
    case 'under':
      return compareUnder(assertion, base);
    case 'succession':
      return compareSuccession(assertion, base);
    case 'event':
      return compareEvent(assertion, base, asOf);
    case 'lasted':
      return compareLasted(assertion, base);
    case 'count':
      return compareCount(assertion, asOf);
    case 'level':
      return compareLevel(assertion, base, asOf);
    case 'change':
      return compareChange(assertion, base, asOf);
    case 'extreme':
      return compareExtreme(assertion, base, asOf);
    case 'relation':
      return compareRelation(assertion, base, asOf);
    default: {
      const never: never = assertion;
      return never;
    }
  }
}
