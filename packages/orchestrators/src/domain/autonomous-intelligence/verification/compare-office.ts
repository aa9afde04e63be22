import type { OfficeAssertion, OrdinalAssertion, PartyAssertion } from './assertion.js';
import { contains, overlaps, parseDate, type DayRange } from './calendar.js';
import {
  anyOf,
  compareDate,
  contradicts,
  decide,
  supports,
  UNDATED,
  unknown,
  type Comparison,
} from './comparison.js';
import { elected, reelected } from './compare-terms.js';
import { factRange, type KnowledgeBase } from './knowledge-base.js';
import type { Office, OfficeFact } from './knowledge-fact.js';
import type { TimePhrase } from './time-phrase.js';

const first = (fact: OfficeFact): DayRange => parseDate(fact.validFrom) ?? { from: 0, to: 0 };
const last = (fact: OfficeFact): DayRange | undefined =>
  fact.validTo === undefined ? undefined : parseDate(fact.validTo);

function of(
  outcome: Comparison['outcome'],
  fact: OfficeFact,
  reason = 'the dates are too close to tell apart',
): Comparison {
  return outcome === 'unknown' ? unknown(reason, fact) : { outcome, facts: [fact], reason: '' };
}

/** Was this time in office going on at the time named? */
function holding(fact: OfficeFact, time: TimePhrase): Comparison {
  const range = factRange(fact);
  if (!time.isResolved) return unknown(UNDATED, fact);
  const start = compareDate(first(fact), { ...time, relation: 'in' });
  const end = last(fact);
  switch (time.relation) {
    case 'since':
      return of(start, fact);
    case 'until':
      return end === undefined ? unknown('the end is not known', fact) : of(compareDate(end, time), fact);
    case 'span': {
      if (!contains(range, time.outer)) {
        const [from, to] = time.ends ?? [time.core, time.core];
        const begins = compareDate(first(fact), { ...time, core: from, outer: from });
        const ends = end === undefined ? 'unknown' : compareDate(end, { ...time, core: to, outer: to });
        if (begins === 'supports' && ends === 'supports') return supports(fact);
        // Beyond what is known of an open end nothing can be said.
        if (range.isOpen && time.outer.to > range.to && time.outer.from >= range.from) {
          return unknown('it is not known how it went on', fact);
        }
        return begins === 'unknown' || ends === 'unknown'
          ? unknown('the dates fit only in part', fact)
          : contradicts(fact);
      }
      return unknown('the time named is only a part of the time in office', fact);
    }
    case 'between':
      // It may name a stretch of it or all of it.
      if (contains(time.core, range)) return supports(fact);
      return overlaps(range, time.outer) || range.isOpen
        ? unknown('the dates fit only in part', fact)
        : contradicts(fact);
    case 'in':
      if (overlaps(range, time.core)) return supports(fact);
      if (range.isOpen && time.outer.to > range.to) return unknown('it is not known how it went on', fact);
      return overlaps(range, time.outer)
        ? unknown('the dates are too close to tell apart', fact)
        : contradicts(fact);
    default: {
      const never: never = time.relation;
      return never;
    }
  }
}

type Moment = Pick<OfficeAssertion, 'time' | 'moment' | 'isPresent' | 'isNegated' | 'isForAllTime'>;

function atMoment(assertion: Moment, facts: readonly OfficeFact[], asOf: DayRange | undefined): Comparison {
  const time =
    assertion.time ??
    (assertion.isPresent && assertion.moment === 'held' && asOf !== undefined
      ? ({ relation: 'in', core: asOf, outer: asOf, text: '', isResolved: true } satisfies TimePhrase)
      : undefined);
  const { moment } = assertion;
  if (moment === 'elected') return elected(facts, time, asOf);
  if (moment === 'reelected') return reelected(facts, time, asOf);
  if (time === undefined) {
    if (moment === 'held' && assertion.isPresent) return unknown(UNDATED, ...facts);
    if (assertion.isNegated && !assertion.isForAllTime) return unknown('no time is named', ...facts);
    const begun = facts.filter((fact) => asOf === undefined || first(fact).to <= asOf.to);
    return begun.length > 0 && moment !== 'left'
      ? supports(begun[0]!)
      : unknown('no time is named', ...facts);
  }
  const isPartly = facts.some((fact) => {
    const range = factRange(fact);
    return overlaps(range, time.outer) && !contains(range, time.core);
  });
  if (moment === 'held') {
    // "was not president in 1974" is true and false of somebody who left that year.
    if (assertion.isNegated && isPartly) return unknown('it is true of a part of the time named', ...facts);
    if (time.relation === 'since' && assertion.isPresent && asOf === undefined)
      return unknown(UNDATED, ...facts);
    return anyOf(
      facts.map((fact) => {
        const comparison = holding(fact, time);
        const isOver =
          time.relation === 'since' && assertion.isPresent && !overlaps(factRange(fact), asOf ?? time.core);
        return isOver && comparison.outcome === 'supports'
          ? factRange(fact).isOpen
            ? unknown(UNDATED, fact)
            : contradicts(fact)
          : comparison;
      }),
      '',
    );
  }
  return anyOf(
    facts.map((fact) => {
      if (!time.isResolved) return unknown(UNDATED, fact);
      const date = moment === 'left' ? last(fact) : first(fact);
      if (date === undefined) return unknown('the end is not known', fact);
      if (time.relation !== 'in' && time.relation !== 'between') {
        return unknown('the words do not name a single date', fact);
      }
      const outcome = compareDate(date, time);
      // A second term also begins with an oath.
      return moment === 'took-office' && outcome === 'contradicts' && overlaps(factRange(fact), time.outer)
        ? unknown('another term may be meant', fact)
        : of(outcome, fact);
    }),
    '',
  );
}

/** The one other holder of an office during all of a time, which rules out everybody else. */
function otherHolder(base: KnowledgeBase, office: Office, time: TimePhrase): OfficeFact | undefined {
  if (!time.isResolved || time.relation !== 'in') return undefined;
  return base.holders(office).find((fact) => contains({ ...factRange(fact) }, time.outer));
}

/** A vice president who becomes president changes office and does not leave it. */
function withoutPromotions(
  facts: readonly OfficeFact[],
  held: readonly (readonly OfficeFact[])[],
): readonly OfficeFact[] {
  const starts = new Set(held.flat().map((fact) => fact.validFrom));
  return facts.filter((fact) => fact.validTo === undefined || !starts.has(fact.validTo));
}

/** A beginning, an end, an election or the holding of an office. */
export function compareOffice(
  assertion: OfficeAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const { who, offices, time, isNegated } = assertion;
  return decide(who, isNegated, (subject) => {
    const held = offices
      .map((office) => base.officeFacts(subject, office))
      .filter((facts) => facts.length > 0);
    if (held.length > 0) {
      const known = assertion.moment === 'left' ? held.map((facts) => withoutPromotions(facts, held)) : held;
      const comparison = anyOf(
        known.filter((facts) => facts.length > 0).map((facts) => atMoment(assertion, facts, asOf)),
        'the office is not named',
      );
      // Without the office named it may be one as governor or senator, about which nothing is known.
      return comparison.outcome === 'contradicts' && !assertion.isNamed
        ? unknown('the office is not named', ...comparison.facts)
        : comparison;
    }
    const [office] = offices;
    const isPerson =
      base.officeFacts(subject, 'president').length + base.officeFacts(subject, 'vice-president').length > 0;
    if (assertion.moment !== 'held' || !isPerson || office === undefined || time === undefined)
      return undefined;
    const other = otherHolder(base, office, time);
    return other === undefined ? undefined : contradicts(other);
  });
}

/** Being the 35th. */
export function compareOrdinal(
  assertion: OrdinalAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const { who, office, ordinal, isNegated } = assertion;
  return decide(who, isNegated, (subject) => {
    const facts = base.officeFacts(subject, office);
    if (facts.length === 0) {
      const other = base.holders(office).find((fact) => fact.ordinal === ordinal);
      return other === undefined || base.officeFacts(subject, 'vice-president').length === 0
        ? undefined
        : contradicts(other);
    }
    if (facts.some((fact) => fact.ordinal === undefined))
      return unknown('the numbering is not listed', ...facts);
    return anyOf(
      facts.map((fact) => {
        if (fact.ordinal !== ordinal) return contradicts(fact);
        // Number and time have to fit the same time in office.
        return assertion.time === undefined ? supports(fact) : atMoment(assertion, [fact], asOf);
      }),
      '',
    );
  });
}

/** A party, in office or in a life. */
export function compareParty(
  assertion: PartyAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const { who, party, office, isNegated, time } = assertion;
  return decide(who, isNegated, (subject) => {
    const facts = [
      ...base.officeFacts(subject, office ?? 'president'),
      ...(office === undefined ? base.officeFacts(subject, 'vice-president') : []),
    ].filter((fact) => fact.party !== undefined);
    if (facts.length === 0) return undefined;
    if (office !== undefined) {
      return anyOf(
        facts.map((fact) => {
          if (fact.party !== party) return contradicts(fact);
          return time === undefined
            ? supports(fact)
            : atMoment({ ...assertion, moment: 'held' }, [fact], asOf);
        }),
        '',
      );
    }
    const match = facts.find((fact) => fact.party === party);
    return match === undefined
      ? unknown('a person may have belonged to another party before', ...facts)
      : supports(match);
  });
}

/** Whether the date lies in a presidency of the person. */
export function inPresidency(base: KnowledgeBase, subject: string, date: DayRange): Comparison | undefined {
  const spells = base.officeFacts(subject, 'president');
  if (spells.length === 0) return undefined;
  return anyOf(
    spells.map((spell) => {
      const range = factRange(spell);
      if (contains(range, date)) return supports(spell);
      return overlaps(range, date) || range.isOpen
        ? unknown('the date is at the edge of the presidency', spell)
        : contradicts(spell);
    }),
    '',
  );
}
