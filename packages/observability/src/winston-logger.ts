import type { LogFields, Logger, LogLevel } from '@kapelle/core';
import type { LoggerStats, LogSink } from './log-sink.js';
import { SEVERITY } from './log-level.js';

/** Fields of a child and, by way of its parent, of the loggers above it. */
export interface LogScope {
  readonly fields: LogFields;
  readonly parent: LogScope | undefined;
}

/**
 * Core's `Logger` on winston. No method throws. A logger and its children share level, transports and counters;
 * make one with `createWinstonLogger`.
 */
export class WinstonLogger implements Logger {
  readonly #sink: LogSink;
  readonly #scope: LogScope | undefined;

  /** @internal */
  constructor(sink: LogSink, scope?: LogScope) {
    this.#sink = sink;
    this.#scope = scope;
  }

  debug(event: string, fields?: LogFields): void {
    if (this.#sink.threshold >= SEVERITY.debug) this.#sink.emit('debug', event, fields, this.#scope);
  }

  info(event: string, fields?: LogFields): void {
    if (this.#sink.threshold >= SEVERITY.info) this.#sink.emit('info', event, fields, this.#scope);
  }

  warn(event: string, fields?: LogFields): void {
    if (this.#sink.threshold >= SEVERITY.warn) this.#sink.emit('warn', event, fields, this.#scope);
  }

  error(event: string, fields?: LogFields): void {
    if (this.#sink.threshold >= SEVERITY.error) this.#sink.emit('error', event, fields, this.#scope);
  }

  /**
   * A logger whose every line has `fields` too. Nearer fields win: those of the line, of this child, of its
   * parents, the ambient ones. Costs an object; `fields` is read again for each line, so do not change it.
   */
  child(fields: LogFields): WinstonLogger {
    return new WinstonLogger(this.#sink, { fields, parent: this.#scope });
  }

  /** The least severe level that is written, by this logger, its parents and its children. */
  get level(): LogLevel {
    return this.#sink.level;
  }

  /** @throws {@link LoggerOptionsError} for anything that is not a level. */
  set level(level: LogLevel) {
    this.#sink.level = level;
  }

  isLevelEnabled(level: LogLevel): boolean {
    return this.#sink.threshold >= SEVERITY[level];
  }

  /** What became of the lines so far. */
  get stats(): LoggerStats {
    return this.#sink.stats;
  }

  /**
   * Resolves once every line has been handed over and the transports have ended, or after the time-out; never
   * rejects. Later lines are counted as dropped. A stream given as `stream` stays open. Repeated calls wait for
   * the same end.
   */
  close(): Promise<void> {
    return this.#sink.close();
  }
}
