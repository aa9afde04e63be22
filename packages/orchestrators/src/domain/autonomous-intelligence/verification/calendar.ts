/**
 * Calendar arithmetic in whole days, UTC, proleptic Gregorian. A date may be known to the day, the month or the
 * year only; it is therefore always a stretch of days, and two dates are compared as stretches.
 */

/** Half-open stretch of days since 1970-01-01: `from` belongs to it, `to` does not. May be infinite. */
export interface DayRange {
  readonly from: number;
  readonly to: number;
}

const MS_PER_DAY = 86_400_000;
/** Mean length of a year in the Gregorian calendar. */
export const DAYS_PER_YEAR = 365.2425;

/** English names, January first. */
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** Day number of a date; months count from 1, and month 13 is the next January. */
export function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return Math.floor(date.getTime() / MS_PER_DAY);
}

/** All days of a year. */
export function yearRange(year: number): DayRange {
  return { from: dayNumber(year, 1, 1), to: dayNumber(year + 1, 1, 1) };
}

/** All days of a month, counted from 1. */
export function monthRange(year: number, month: number): DayRange {
  return { from: dayNumber(year, month, 1), to: dayNumber(year, month + 1, 1) };
}

/** One day, or `undefined` where the calendar has no such day (30 February). */
export function dayRange(year: number, month: number, day: number): DayRange | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const from = dayNumber(year, month, day);
  return new Date(from * MS_PER_DAY).getUTCDate() === day ? { from, to: from + 1 } : undefined;
}

/**
 * Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; a time of day after `T` is ignored. `undefined` for anything else and
 * for days that do not exist.
 */
export function parseDate(text: string): DayRange | undefined {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.{1,40})?)?)?$/.exec(text.trim());
  if (match === null) return undefined;
  const year = Number(match[1]);
  if (match[2] === undefined) return yearRange(year);
  const month = Number(match[2]);
  if (month < 1 || month > 12) return undefined;
  return match[3] === undefined ? monthRange(year, month) : dayRange(year, month, Number(match[3]));
}

/** `1945`, `1945-09` or `1945-09-02` as a person would write it: `1945`, `September 1945`, `2 September 1945`. */
export function formatDate(text: string): string {
  const [year = text, month, day] = text.split('-');
  const name = MONTHS[Number(month) - 1];
  if (name === undefined) return year;
  return day === undefined ? `${name} ${year}` : `${Number(day)} ${name} ${year}`;
}

/** Whether two stretches share a day. */
export function overlaps(a: DayRange, b: DayRange): boolean {
  return a.from < b.to && b.from < a.to;
}

/** Whether every day of `inner` lies in `outer`. */
export function contains(outer: DayRange, inner: DayRange): boolean {
  return outer.from <= inner.from && inner.to <= outer.to;
}

/** Days between two stretches that do not touch each other; 0 where they overlap or touch. */
export function gapDays(a: DayRange, b: DayRange): number {
  return Math.max(0, a.from - b.to, b.from - a.to);
}

/** The calendar year a day falls in. */
export function yearOf(day: number): number {
  return new Date(day * MS_PER_DAY).getUTCFullYear();
}
