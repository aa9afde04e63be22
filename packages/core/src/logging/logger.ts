/** Flat or nested data of one log event. */
export type LogFields = Readonly<Record<string, unknown>>;

/** How much a line matters, from the least to the most. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The port every log line of the framework goes through. One call is one event; `event` is its stable
 * snake_case name, `fields` is its data. Implementations must not throw and must not keep or change `fields`.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each event. */
  child(fields: LogFields): Logger;
  /** Whether an event of this level would be written; asked before anything is formatted. */
  isLevelEnabled?(level: LogLevel): boolean;
}

/** Discards everything; the default, so that a library never writes to somebody's terminal. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
  isLevelEnabled: () => false,
};
