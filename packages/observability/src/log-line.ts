import type { LogLevel } from '@kapelle/core';

/** One event, clean and ready to be written. */
export interface LogRecord {
  readonly time: Date;
  readonly level: LogLevel;
  readonly event: string;
  readonly service: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How a record becomes one line, without the line end. */
export type LineFormat = (record: LogRecord) => string;

/** ISO 8601 in UTC. A clock without a time does not cost the line. */
export function isoTime(time: Date): string {
  return Number.isNaN(time.getTime()) ? '[invalid date]' : time.toISOString();
}

const RESERVED = ['timestamp', 'level', 'event', 'message'];
const RESERVED_WITH_SERVICE = [...RESERVED, 'service'];

/**
 * Fields whose names the line itself uses get the prefix `field_`, once more for each time they have it already,
 * so that nothing is lost or overwritten: `level` → `field_level`, `field_level` → `field_field_level`. `service`
 * is such a name only where the line has one.
 */
export function separateReserved(
  fields: Readonly<Record<string, unknown>>,
  hasService: boolean,
): Readonly<Record<string, unknown>> {
  const reserved = hasService ? RESERVED_WITH_SERVICE : RESERVED;
  if (!reserved.some((name) => name in fields)) return fields;
  const isReserved = (name: string): boolean => reserved.includes(name.replace(/^(?:field_)+/, ''));
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [isReserved(name) ? `field_${name}` : name, value]),
  );
}

/** `{"timestamp":…,"level":…,"event":…,…fields}`. */
export const jsonLine: LineFormat = ({ time, level, event, service, fields }) => {
  const head = `{"timestamp":"${isoTime(time)}","level":"${level}","event":${JSON.stringify(event)}`;
  const source = service === undefined ? '' : `,"service":${JSON.stringify(service)}`;
  const rest = JSON.stringify(separateReserved(fields, service !== undefined));
  return rest === '{}' ? `${head}${source}}` : `${head}${source},${rest.slice(1)}`;
};
