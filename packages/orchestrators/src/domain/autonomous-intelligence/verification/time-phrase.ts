import {
  dayNumber,
  DAYS_PER_YEAR,
  dayRange,
  MONTHS,
  monthRange,
  yearOf,
  yearRange,
  type DayRange,
} from './calendar.js';
import { numberAt, ordinalAt } from './tokens.js';

/** A time a claim names. */
export interface TimePhrase {
  /**
   * `in` also stands for on, by, before, after, during and ago: they are all a range. `span` is "from … to …",
   * which names both ends; "between … and …" may only name a range.
   */
  readonly relation: 'in' | 'since' | 'until' | 'span' | 'between';
  /** What lies wholly in here agrees. */
  readonly core: DayRange;
  /** What lies wholly outside of here disagrees; between the two nothing is concluded. */
  readonly outer: DayRange;
  /** First and last date named, for `span` and `between`. */
  readonly ends?: readonly [DayRange, DayRange];
  /** The claim's own words. */
  readonly text: string;
  /** Where it depends on the date of the document and that is not known, no comparison is possible. */
  readonly isResolved: boolean;
}

interface DateAt {
  readonly core: DayRange;
  readonly outer: DayRange;
  readonly length: number;
}

/** Things that come with a year: "the surplus of 2000". */
const YEARLY = new Set([
  'election',
  'elections',
  'surplus',
  'deficit',
  'recession',
  'race',
  'rate',
  'unemployment',
  'inflation',
]);
const NEVER: DayRange = { from: 0, to: 0 };
const MONTH_NAMES = MONTHS.map((name) => name.toLowerCase());
const EARLIEST_YEAR = 1000;
const LATEST_YEAR = 2199;

function exact(range: DayRange | undefined, length: number): DateAt | undefined {
  return range === undefined ? undefined : { core: range, outer: range, length };
}

function yearAt(tokens: readonly string[], at: number): number | undefined {
  const token = tokens[at] ?? '';
  if (!/^\d{4}$/.test(token)) return undefined;
  const year = Number(token);
  return year >= EARLIEST_YEAR && year <= LATEST_YEAR ? year : undefined;
}

function dayAt(tokens: readonly string[], at: number): number | undefined {
  const match = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(tokens[at] ?? '');
  return match === null ? undefined : Number(match[1]);
}

function monthAt(tokens: readonly string[], at: number): number | undefined {
  const index = MONTH_NAMES.indexOf(tokens[at] ?? '');
  return index < 0 ? undefined : index + 1;
}

/** Decades and centuries, with an optional early, mid or late. */
function eraAt(tokens: readonly string[], at: number): DateAt | undefined {
  const part = ['early', 'mid', 'late'].indexOf(tokens[at] ?? '');
  const start = part < 0 ? at : at + 1;
  const decade = /^(1\d\d0|20\d0)s$/.exec(tokens[start] ?? '');
  const century = ordinalAt(tokens, start);
  let first: number;
  let years: number;
  let length = start - at + 1;
  if (decade !== null) {
    first = Number(decade[1]);
    years = 10;
  } else if (century !== undefined && tokens[start + century.length] === 'century' && century.value <= 21) {
    first = (century.value - 1) * 100 + 1;
    years = 100;
    length += century.length;
  } else return undefined;
  const outer = {
    from: dayNumber(years === 100 ? first - 1 : first, 1, 1),
    to: dayNumber(first + years, 1, 1),
  };
  if (part < 0) return { core: { from: dayNumber(first, 1, 1), to: outer.to }, outer, length };
  // A third each, at least: nobody says precisely where "early" ends.
  const from = first + [0, 0.4, 0.7][part]! * years;
  return { core: { from: dayNumber(from, 1, 1), to: dayNumber(from + 0.3 * years, 1, 1) }, outer, length };
}

/** A date without its preposition: `14 August 1935`, `August 14, 1935`, `August 1935`, `1935`, `1930s`. */
function dateAt(tokens: readonly string[], at: number): DateAt | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(tokens[at] ?? '');
  if (iso !== null) return exact(dayRange(Number(iso[1]), Number(iso[2]), Number(iso[3])), 1);
  const month = monthAt(tokens, at);
  if (month !== undefined) {
    const day = dayAt(tokens, at + 1);
    if (day !== undefined) {
      const comma = tokens[at + 2] === ',' || tokens[at + 2] === 'of' ? 1 : 0;
      const year = yearAt(tokens, at + 2 + comma);
      return year === undefined ? undefined : exact(dayRange(year, month, day), 3 + comma);
    }
    const gap = tokens[at + 1] === ',' || tokens[at + 1] === 'of' ? 1 : 0;
    const year = yearAt(tokens, at + 1 + gap);
    return year === undefined ? undefined : exact(monthRange(year, month), 2 + gap);
  }
  const day = dayAt(tokens, at);
  if (day !== undefined) {
    const of = tokens[at + 1] === 'of' ? 1 : 0;
    const named = monthAt(tokens, at + 1 + of);
    if (named !== undefined) {
      const comma = tokens[at + 2 + of] === ',' ? 1 : 0;
      const year = yearAt(tokens, at + 2 + of + comma);
      return year === undefined ? undefined : exact(dayRange(year, named, day), 3 + of + comma);
    }
  }
  if (tokens[at] === 'fiscal') {
    const inner = dateAt(tokens, at + 1);
    return inner === undefined ? undefined : { ...inner, length: inner.length + 1 };
  }
  if (tokens[at] === 'year' && yearAt(tokens, at + 1) !== undefined)
    return exact(yearRange(yearAt(tokens, at + 1)!), 2);
  const year = yearAt(tokens, at);
  return year === undefined ? eraAt(tokens, at) : exact(yearRange(year), 1);
}

function phrase(
  tokens: readonly string[],
  at: number,
  length: number,
  time: Omit<TimePhrase, 'text' | 'isResolved' | 'relation'> & { readonly relation?: TimePhrase['relation'] },
): { readonly time: TimePhrase; readonly length: number } {
  const text = tokens.slice(at, at + length).join(' ');
  return { time: { relation: 'in', isResolved: true, ...time, text }, length };
}

/** Times counted from the date of the document: `40 years ago`, `last year`, `today`. */
function relativeAt(
  tokens: readonly string[],
  at: number,
  asOf: DayRange | undefined,
): ReturnType<typeof phrase> | undefined {
  const make = (
    length: number,
    core: (now: number) => DayRange,
    slackDays = 0,
  ): ReturnType<typeof phrase> => {
    if (asOf === undefined) {
      const text = tokens.slice(at, at + length).join(' ');
      return { time: { relation: 'in', core: NEVER, outer: NEVER, text, isResolved: false }, length };
    }
    const range = core(asOf.from);
    const outer = { from: range.from - slackDays, to: range.to + slackDays };
    return phrase(tokens, at, length, { core: range, outer });
  };
  const word = tokens[at] ?? '';
  if (word === 'today' || word === 'now' || word === 'currently')
    return make(1, (now) => ({ from: now, to: now + 1 }));
  if (word === 'this' && tokens[at + 1] === 'year') return make(2, (now) => yearRange(yearOf(now)));
  if (word === 'last' && tokens[at + 1] === 'year') return make(2, (now) => yearRange(yearOf(now) - 1));
  const number = numberAt(tokens, at);
  const unit = number === undefined ? '' : (tokens[at + number.length] ?? '');
  if (number === undefined || tokens[at + number.length + 1] !== 'ago' || !/^(?:years?|decades?)$/.test(unit))
    return undefined;
  const perUnit = unit.startsWith('decade') ? 10 : 1;
  const years = number.value * perUnit;
  // People round: half a unit agrees, and only more than one and a half units (or a tenth) off disagrees.
  const half = 0.5 * perUnit * DAYS_PER_YEAR;
  const slack = Math.max(perUnit, years / 10) * DAYS_PER_YEAR;
  return make(
    number.length + 2,
    (now) => ({ from: now - years * DAYS_PER_YEAR - half, to: now - years * DAYS_PER_YEAR + half }),
    slack,
  );
}

/**
 * The time named at a position, with its preposition, and how many tokens it takes; `undefined` where there is
 * none. A bare year without preposition is not a time: it could be any number.
 */
export function timeAt(
  tokens: readonly string[],
  at: number,
  asOf: DayRange | undefined,
): { readonly time: TimePhrase; readonly length: number } | undefined {
  const relative = relativeAt(tokens, at, asOf);
  if (relative !== undefined) return relative;
  const word = tokens[at] ?? '';
  if (word === 'from' || word === 'between') {
    const first = dateAt(tokens, at + 1);
    if (first === undefined) return undefined;
    const joint = tokens[at + 1 + first.length] ?? '';
    if (
      !['to', 'until', 'till', 'through', '-', 'and'].includes(joint) ||
      (joint === 'and') !== (word === 'between')
    ) {
      return undefined;
    }
    const second = dateAt(tokens, at + 2 + first.length);
    if (second === undefined || second.core.to <= first.core.from) return undefined;
    const range = { from: first.core.from, to: second.core.to };
    const ends = [first.core, second.core] as const;
    return phrase(tokens, at, 2 + first.length + second.length, {
      relation: word === 'between' ? 'between' : 'span',
      core: range,
      outer: range,
      ends,
    });
  }
  const date = dateAt(tokens, at + 1);
  if (date === undefined) return undefined;
  const { core, outer } = date;
  const length = date.length + 1;
  switch (word) {
    case 'of':
      // "The election of 1980", but not "the Act of 1965", which is a name.
      return YEARLY.has(tokens[at - 1] ?? '') ? phrase(tokens, at, length, { core, outer }) : undefined;
    case 'in':
    case 'on':
    case 'during':
      return phrase(tokens, at, length, { core, outer });
    case 'since':
      return phrase(tokens, at, length, { relation: 'since', core, outer });
    case 'until':
    case 'till':
      return phrase(tokens, at, length, { relation: 'until', core, outer });
    case 'by':
      return phrase(tokens, at, length, {
        core: { from: -Infinity, to: core.to },
        outer: { from: -Infinity, to: outer.to },
      });
    case 'before':
      return phrase(tokens, at, length, {
        core: { from: -Infinity, to: core.from },
        outer: { from: -Infinity, to: core.from },
      });
    case 'after':
      return phrase(tokens, at, length, {
        core: { from: core.to, to: Infinity },
        outer: { from: outer.from, to: Infinity },
      });
    case 'around':
    case 'about':
    case 'circa': {
      const slack = 3 * DAYS_PER_YEAR;
      return phrase(tokens, at, length, {
        core: { from: core.from - DAYS_PER_YEAR, to: core.to + DAYS_PER_YEAR },
        outer: { from: outer.from - slack, to: outer.to + slack },
      });
    }
    default:
      return undefined;
  }
}
