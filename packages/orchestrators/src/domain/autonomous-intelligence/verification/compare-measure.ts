import type { ChangeAssertion, ExtremeAssertion, LevelAssertion, SaidAmount } from './assertion.js';
import { contains, parseDate, yearOf, yearRange, type DayRange } from './calendar.js';
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
import { factRange, type KnowledgeBase } from './knowledge-base.js';
import type { MeasureFact } from './knowledge-fact.js';
import type { TimePhrase } from './time-phrase.js';

/** Share by which a number may differ and still be the same one, rounded or from an earlier estimate. */
const SAME_SHARE = 0.015;
/** Share of its value by which the last digit said may at most stand for rounding. */
const ROUNDING_SHARE = 0.05;
/** Points or share by which a number has to leave the values around its time before it is wrong. */
const FAR_POINTS = 1;
const FAR_SHARE = 0.2;
/** "Down from 12.4 percent to 8.9" without a date may reach back this many years. */
const CHANGE_REACH = 4;

const NOT_THAT_TIME = 'the value at that time is not known';
const NEAR = 'the number is near, but not clearly the same';

const yearOfFact = (fact: MeasureFact): number => yearOf(factRange(fact).from);

function nearness(said: SaidAmount): number {
  return Math.max(
    Math.min(said.resolution / 2, Math.abs(said.value) * ROUNDING_SHARE),
    Math.abs(said.value) * SAME_SHARE,
  );
}

/** Compares a number said with the value at its time; `around` are the values of the years about it. */
function compareAmount(
  value: number,
  said: SaidAmount,
  unit: MeasureFact['unit'],
  around: readonly number[],
): Comparison['outcome'] {
  if ((said.unit ?? unit) !== unit || (said.unit === undefined && unit === 'percent')) return 'unknown';
  const far = Math.max(Math.abs(value) * FAR_SHARE, unit === 'percent' ? FAR_POINTS : 0);
  const low = Math.min(value, ...around) - far;
  const high = Math.max(value, ...around) + far;
  const isOff = said.value < low || said.value > high;
  switch (said.approximation) {
    case 'exactly':
      if (Math.abs(value - said.value) <= nearness(said)) return 'supports';
      return isOff ? 'contradicts' : 'unknown';
    case 'about':
    case 'nearly':
      if (Math.abs(value - said.value) <= Math.max(nearness(said), Math.abs(value) * 0.05)) return 'supports';
      return isOff ? 'contradicts' : 'unknown';
    case 'more':
    case 'at-least':
      if (value > said.value) return 'supports';
      return said.value > high ? 'contradicts' : 'unknown';
    case 'less':
    case 'at-most':
      if (value < said.value) return 'supports';
      return said.value < low ? 'contradicts' : 'unknown';
    default: {
      const never: never = said.approximation;
      return never;
    }
  }
}

function around(facts: readonly MeasureFact[], year: number): readonly number[] {
  return facts.filter((fact) => Math.abs(yearOfFact(fact) - year) <= 1).map((fact) => fact.value);
}

/** The values a time names: those wholly in it, or the one that lasted through it. */
function valuesIn(facts: readonly MeasureFact[], time: DayRange): readonly MeasureFact[] {
  return facts.filter((fact) => {
    const range = factRange(fact);
    return contains(time, range) || contains(range, time);
  });
}

/** The years whose values a statement about the present may mean: the year of the document and the one before. */
function presentYears(asOf: DayRange): readonly DayRange[] {
  const year = yearOf(asOf.from);
  return [yearRange(year), yearRange(year - 1)];
}

/** Joins readings of a time that is not quite certain: one that holds is enough, all of them have to fail. */
function times(
  { time, isPresent }: { time?: TimePhrase; isPresent: boolean },
  asOf: DayRange | undefined,
): readonly DayRange[] | string {
  if (time !== undefined) {
    if (!time.isResolved) return UNDATED;
    // "has been … since": what held at that time and what holds now are the same value.
    if (time.relation === 'since' && isPresent && asOf !== undefined) return [asOf];
    if (time.relation !== 'in') return 'the words do not name a single date';
    return Number.isFinite(time.core.from) && Number.isFinite(time.core.to)
      ? [time.core]
      : 'the words do not name a single date';
  }
  return isPresent && asOf !== undefined ? presentYears(asOf) : UNDATED;
}

function sinceThen(fact: MeasureFact, time: TimePhrase): Comparison['outcome'] {
  const first = parseDate(fact.validFrom);
  return first === undefined ? 'unknown' : compareDate(first, { ...time, relation: 'in' });
}

/** Whether a series had a value at a time. */
export function compareLevel(
  assertion: LevelAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  return decide(assertion.of, assertion.isNegated, (subject) => {
    const facts = base.measures(subject);
    if (facts.length === 0) return undefined;
    const ranges = times(assertion, asOf);
    if (typeof ranges === 'string') return unknown(ranges);
    const known = ranges.flatMap((range) => valuesIn(facts, range));
    if (known.length === 0) return unknown(NOT_THAT_TIME);
    const isSince = assertion.time?.relation === 'since';
    return anyOf(
      known.map((fact) => {
        const began = isSince && assertion.time !== undefined ? sinceThen(fact, assertion.time) : 'supports';
        if (began !== 'supports') return unknown('it did not clearly begin then', fact);
        const outcome = compareAmount(
          fact.value,
          assertion.amount,
          fact.unit,
          around(facts, yearOfFact(fact)),
        );
        return outcome === 'unknown' ? unknown(NEAR, fact) : { outcome, facts: [fact], reason: '' };
      }),
      NOT_THAT_TIME,
    );
  });
}

function between(
  facts: readonly MeasureFact[],
  { from, to }: Pick<ChangeAssertion, 'from' | 'to'>,
  last: readonly number[],
): Comparison {
  for (const year of last) {
    const end = facts.find((fact) => yearOfFact(fact) === year);
    if (end === undefined || to === undefined) continue;
    if (compareAmount(end.value, to, end.unit, []) !== 'supports') continue;
    if (from === undefined) return supports(end);
    const start = facts.find(
      (fact) =>
        yearOfFact(fact) < year &&
        yearOfFact(fact) >= year - CHANGE_REACH &&
        compareAmount(fact.value, from, fact.unit, []) === 'supports',
    );
    if (start !== undefined) return supports(start, end);
  }
  return unknown('no two years with these values are known about that time');
}

function compareStep(
  before: MeasureFact,
  after: MeasureFact,
  { by, direction }: ChangeAssertion,
): Comparison {
  const change = after.value - before.value;
  const signed = direction === 'up' ? change : -change;
  // Less than this is no change to speak of, and another estimate may have shown the opposite.
  const least = Math.max(Math.abs(before.value) * 0.01, after.unit === 'percent' ? 0.1 : 0);
  if (by === undefined) {
    if (signed > least) return supports(before, after);
    return signed < -3 * least ? contradicts(before, after) : unknown(NEAR, before, after);
  }
  const size =
    by.unit === 'percent' && after.unit !== 'percent' ? (signed / Math.abs(before.value)) * 100 : signed;
  if (by.unit === 'percent' && after.unit === 'percent')
    return unknown('it may speak of points or of a share', before, after);
  const outcome = compareAmount(size, by, by.unit ?? after.unit, []);
  // By how much depends on the month one counts from; only the opposite direction is clearly wrong.
  if (outcome === 'supports') return supports(before, after);
  return signed < -3 * least ? contradicts(before, after) : unknown(NEAR, before, after);
}

/** Whether a series rose or fell as said. */
export function compareChange(
  assertion: ChangeAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const { time } = assertion;
  return decide(assertion.of, assertion.isNegated, (subject) => {
    const facts = base.measures(subject);
    if (facts.length === 0) return undefined;
    if (time === undefined) {
      if (asOf === undefined || assertion.to === undefined) return unknown(UNDATED);
      const year = yearOf(asOf.from);
      return between(facts, assertion, [year, year - 1]);
    }
    if (!time.isResolved) return unknown(UNDATED);
    if (time.relation !== 'in') return unknown('the words do not name a single date');
    // A value that lasts began at its date; one of a year is that of all of it.
    const named = facts.filter((fact) => contains(time.core, parseDate(fact.validFrom) ?? factRange(fact)));
    const after = named[0];
    if (after === undefined || named.length > 1) return unknown(NOT_THAT_TIME);
    if (assertion.to !== undefined) return between(facts, assertion, [yearOfFact(after)]);
    const before = facts.find(
      (fact) => yearOfFact(fact) === yearOfFact(after) - 1 && fact.validTo === fact.validFrom,
    );
    return before === undefined ? unknown(NOT_THAT_TIME) : compareStep(before, after, assertion);
  });
}

function extremeAt(
  facts: readonly MeasureFact[],
  year: number,
  { extreme, years, time }: ExtremeAssertion,
): Comparison {
  const now = facts.find((fact) => yearOfFact(fact) === year);
  const byYear = new Map(facts.map((fact) => [yearOfFact(fact), fact]));
  if (now === undefined) return unknown(NOT_THAT_TIME);
  const sign = extreme === 'lowest' ? 1 : -1;
  const reach = years === undefined ? undefined : Math.ceil(years.value);
  const isOver = years?.approximation === 'more';
  const isLoose = years?.approximation === 'nearly' || years?.approximation === 'about';
  const first =
    reach === undefined
      ? time === undefined
        ? -Infinity
        : yearOf(time.core.from) + 1
      : year - reach + (isOver ? 0 : isLoose ? 2 : 1);
  const earlier = facts.filter((fact) => yearOfFact(fact) >= first && yearOfFact(fact) < year);
  const beyond = earlier.filter((fact) => sign * (fact.value - now.value) < 0);
  const clear = Math.max(Math.abs(now.value) * 0.1, now.unit === 'percent' ? 0.5 : 0);
  const rival = beyond.find(
    // The first year counted lies at the edge of the span; months of it may lie outside.
    (fact) => sign * (now.value - fact.value) > clear && yearOfFact(fact) > first,
  );
  if (rival !== undefined) return contradicts(now, rival);
  if (beyond.length > 0) return unknown(NEAR, now);
  if (first === -Infinity) return unknown('the series does not go back to the beginning', now);
  for (let each = first; each < year; each += 1) {
    if (!byYear.has(each)) return unknown('the series has gaps in that time', now);
  }
  const closest = earlier.reduce<MeasureFact | undefined>(
    (best, fact) => (best === undefined || sign * (fact.value - best.value) < 0 ? fact : best),
    undefined,
  );
  return closest === undefined ? unknown(NOT_THAT_TIME) : supports(now, closest);
}

/** Whether a series was at an extreme of so many years when the document was written. */
export function compareExtreme(
  assertion: ExtremeAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  return decide(assertion.of, assertion.isNegated, (subject) => {
    const facts = base.measures(subject);
    if (facts.length === 0) return undefined;
    if (asOf === undefined) return unknown(UNDATED);
    const year = yearOf(asOf.from);
    return anyOf(
      [year - 1, year].map((each) => extremeAt(facts, each, assertion)),
      NOT_THAT_TIME,
    );
  });
}
