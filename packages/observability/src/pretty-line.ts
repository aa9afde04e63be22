import type { LogLevel } from '@kapelle/core';
import picocolors from 'picocolors';
import type { LineFormat } from './log-line.js';

/** Characters of one value; the JSON format has all of it. */
const MAX_VALUE_CHARACTERS = 160;
const MAX_FRAME_CHARACTERS = 80;
const MAX_CAUSES = 3;

const BARE = /^[\w.:/@+-]+$/;
const FRAME = /\\n {4}at (.{1,300}?)(?:\\n|$)/;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Local time of day, `HH:MM:SS.mmm`. */
function timeOfDay(time: Date): string {
  if (Number.isNaN(time.getTime())) return '--:--:--.---';
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':');
  return `${parts}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length;
  return `${text.slice(0, end)}…`;
}

/** The text is clean already, so a quote is all that could mislead. */
const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`;

interface CleanError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

function isCleanError(value: unknown): value is CleanError {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message, stack } = value as Partial<CleanError>;
  return typeof name === 'string' && typeof message === 'string' && typeof stack === 'string';
}

/** `TypeError: message [CODE] (at the first frame) ← Cause: message`; the whole stack is for the JSON format. */
function errorText(error: CleanError): string {
  const code = typeof error.code === 'string' || typeof error.code === 'number' ? ` [${error.code}]` : '';
  const frame = FRAME.exec(String(error.stack))?.[1];
  let text = `${error.name}: ${cut(error.message, MAX_VALUE_CHARACTERS)}${code}`;
  if (frame !== undefined)
    text += ` (at ${frame.length > MAX_FRAME_CHARACTERS ? `…${frame.slice(-MAX_FRAME_CHARACTERS)}` : frame})`;
  let cause = error.cause;
  for (let count = 0; count < MAX_CAUSES && isCleanError(cause); count += 1) {
    text += ` ← ${cause.name}: ${cut(cause.message, MAX_VALUE_CHARACTERS)}`;
    cause = cause.cause;
  }
  return text;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') {
    const text = cut(value, MAX_VALUE_CHARACTERS);
    return BARE.test(text) ? text : quoted(text);
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return cut(JSON.stringify(value) ?? 'undefined', MAX_VALUE_CHARACTERS);
}

/** One line for people: `12:30:45.123 INFO  event_name key=value …`, long values cut. */
export function prettyLine(colors: boolean): LineFormat {
  const paint = picocolors.createColors(colors);
  const labels: Readonly<Record<LogLevel, string>> = {
    debug: paint.magenta('DEBUG'),
    info: paint.green('INFO '),
    warn: paint.yellow('WARN '),
    error: paint.red('ERROR'),
  };
  const field = ([name, value]: [string, unknown]): string =>
    isCleanError(value)
      ? `${paint.dim(`${name}=`)}${paint.red(quoted(errorText(value)))}`
      : paint.dim(`${name}=${valueText(value)}`);

  return ({ time, level, event, service, fields }) => {
    const source = service === undefined ? [] : [paint.cyan(service)];
    const data = Object.entries(fields).map(field);
    return [paint.dim(timeOfDay(time)), labels[level], ...source, paint.bold(event), ...data].join(' ');
  };
}
