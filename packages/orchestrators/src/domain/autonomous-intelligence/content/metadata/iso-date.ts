const ISO_DATE = /^(\d{4}-\d{2}-\d{2})$/u;
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?$/iu;
/** RFC 822 as feeds write it: `Tue, 18 Jun 2024 12:00:00 +0000`. */
const RFC_822 =
  /^(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3,9}\s+\d{4}\s+\d{1,2}:\d{2}(?::\d{2})?\s+(?:[A-Z]{1,4}|[+-]\d{4})$/iu;

/**
 * A date as sources write it, in ISO 8601: a bare day stays a day, a time is given in UTC and taken for UTC where
 * it names no zone. Nothing comes back for what is not clearly a date, so that the result never depends on the
 * machine's time zone.
 */
export function isoDate(text: string): string | undefined {
  const trimmed = text.trim();
  const day = ISO_DATE.exec(trimmed)?.[1];
  if (day !== undefined) return isReal(`${day}T00:00:00Z`) ? day : undefined;
  const [, date, time, zone = 'Z'] = ISO_TIME.exec(trimmed) ?? [];
  if (date !== undefined && time !== undefined) return inUtc(`${date}T${time}${zone.toUpperCase()}`);
  return RFC_822.test(trimmed) ? inUtc(trimmed) : undefined;
}

function isReal(text: string): boolean {
  // An engine may roll 31 February over into March.
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 10));
}

function inUtc(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
