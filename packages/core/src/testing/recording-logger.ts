import { ambientLogFields } from '../ambient.js';
import type { LogFields, Logger, LogLevel } from '../logging/logger.js';

/** One log event, as it was written. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly event: string;
  /** Its own fields, those of the child loggers it came through, and the ids of the call it was written in. */
  readonly fields: LogFields;
}

/** What a {@link RecordingLogger} keeps. */
export interface RecordingLoggerOptions {
  /** The lowest level that is kept. @default 'debug' */
  readonly level?: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Data is copied this deep; what is deeper is kept as it is. */
const COPY_DEPTH = 8;

/** Keeps every log event, its own and those of its children, in the order they were written. */
export class RecordingLogger implements Logger {
  readonly #records: LogRecord[] = [];
  readonly #lowest: number;

  constructor(options: RecordingLoggerOptions = {}) {
    this.#lowest = LEVELS.indexOf(options.level ?? 'debug');
    if (this.#lowest === -1) {
      throw new RangeError(`level must be one of ${LEVELS.join(', ')}, got ${String(options.level)}`);
    }
  }

  /** What was written, the oldest first. Grows while events come in. */
  get records(): readonly LogRecord[] {
    return this.#records;
  }

  /** The records of one event. */
  events(event: string): LogRecord[] {
    return this.#records.filter((record) => record.event === event);
  }

  /** Forgets what was written. */
  clear(): void {
    this.#records.length = 0;
  }

  debug(event: string, fields?: LogFields): void {
    this.#write('debug', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#write('info', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#write('warn', event, fields);
  }
  error(event: string, fields?: LogFields): void {
    this.#write('error', event, fields);
  }

  /** Writes to the same records. */
  child(fields: LogFields): Logger {
    return this.#child(fields);
  }

  isLevelEnabled(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= this.#lowest;
  }

  #child(bound: LogFields): Logger {
    const write =
      (level: LogLevel) =>
      (event: string, fields?: LogFields): void => {
        this.#write(level, event, { ...bound, ...fields });
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => this.#child({ ...bound, ...fields }),
      isLevelEnabled: (level) => this.isLevelEnabled(level),
    };
  }

  #write(level: LogLevel, event: string, fields: LogFields | undefined): void {
    if (!this.isLevelEnabled(level)) return;
    this.#records.push({ level, event, fields: snapshot({ ...ambientLogFields(), ...fields }) });
  }
}

/** Data as it is now: whoever logged it may change it later. A logger must not throw, whatever it is given. */
function snapshot(fields: LogFields): LogFields {
  try {
    return copyOf(fields, COPY_DEPTH) as LogFields;
  } catch {
    return fields;
  }
}

function copyOf(value: unknown, depth: number): unknown {
  if (depth === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => copyOf(each, depth - 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Errors, dates and other objects with a nature of their own are looked at as themselves.
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyOf(each, depth - 1)]));
}
