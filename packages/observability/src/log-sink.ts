import { createSanitizer, type LogFields, type LogLevel, type Sanitizer } from '@kapelle/core';
import winston from 'winston';
import { GuardedTransport } from './guarded-transport.js';
import { severityOf } from './log-level.js';
import { isoTime, type LineFormat } from './log-line.js';
import { LEVEL, LINE, type LineCounters, type LineInfo } from './line-transport.js';
import { type LineStream, StreamTransport } from './stream-transport.js';
import type { LogScope } from './winston-logger.js';

/** What became of the lines of a logger; a line to two transports counts twice. */
export interface LoggerStats {
  /** Handed over to a stream or transport without an error. */
  readonly written: number;
  /** Refused by a stream or transport, or lost to an error on the way. */
  readonly failed: number;
  /** Not attempted: the reader was too slow, the logger closed, or the line came out of a transport. */
  readonly dropped: number;
}

export interface LogSinkOptions {
  readonly level: LogLevel;
  readonly format: LineFormat;
  readonly stream: LineStream | undefined;
  readonly transports: readonly winston.transport[];
  readonly clock: () => Date;
  readonly service: string | undefined;
  readonly redact: readonly string[];
  readonly ambient: (() => LogFields | undefined) | undefined;
  readonly closeTimeoutMs: number;
}

/** With time, level and event around them a line stays below 64 KiB. */
const MAX_FIELD_BYTES = 60 * 1_024;

/** winston passes everything on; which levels are written is decided before it is asked. */
const PASS_ON: winston.Logform.Format = { transform: (info) => info };
const ALL_LEVELS = 'silly';

/** Where the lines of a logger and its children come together: sanitised here, once, whole. */
export class LogSink {
  /** The least severe {@link SEVERITY} that is written; read before anything else is done. */
  threshold: number;
  #level: LogLevel;
  #isWriting = false;
  #closing: Promise<void> | undefined;
  readonly #options: LogSinkOptions;
  readonly #sanitizer: Sanitizer;
  readonly #service: string | undefined;
  readonly #winston: winston.Logger;
  readonly #counters: LineCounters = { written: 0, failed: 0, dropped: 0 };

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#level = options.level;
    this.threshold = severityOf(options.level);
    this.#sanitizer = createSanitizer({ stack: true, redact: options.redact, maxBytes: MAX_FIELD_BYTES });
    this.#service =
      options.service === undefined ? undefined : String(this.#sanitizer.sanitize(options.service));
    const levels = winston.config.npm.levels;
    this.#winston = winston.createLogger({
      level: ALL_LEVELS,
      levels,
      format: PASS_ON,
      transports: [
        ...(options.stream === undefined ? [] : [new StreamTransport(options.stream, this.#counters)]),
        ...options.transports.map((transport) => new GuardedTransport(transport, levels, this.#counters)),
      ],
    });
    this.#winston.on('error', () => {
      this.#counters.failed += 1;
    });
  }

  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.threshold = severityOf(level);
    this.#level = level;
  }

  get stats(): LoggerStats {
    return { ...this.#counters };
  }

  /** Writes one event. Never throws: a logger must not be the reason that a call fails. */
  emit(level: LogLevel, event: string, fields: LogFields | undefined, scope: LogScope | undefined): void {
    if (this.#isWriting || this.#closing !== undefined) {
      this.#counters.dropped += 1;
      return;
    }
    try {
      const info = this.#info(level, event, fields, scope);
      this.#isWriting = true;
      this.#winston.write(info);
    } catch {
      this.#counters.failed += 1;
    } finally {
      this.#isWriting = false;
    }
  }

  #info(
    level: LogLevel,
    event: string,
    fields: LogFields | undefined,
    scope: LogScope | undefined,
  ): LineInfo {
    const { clock, format } = this.#options;
    const service = this.#service;
    const time = clock();
    const cleanFields = this.#sanitizer.record(this.#sources(fields, scope));
    const cleanEvent = String(this.#sanitizer.sanitize(event));
    return {
      level,
      message: cleanEvent,
      timestamp: isoTime(time),
      ...(service === undefined ? {} : { service }),
      fields: cleanFields,
      [LEVEL]: level,
      [LINE]: format({ time, level, event: cleanEvent, service, fields: cleanFields }),
    };
  }

  /** From the farthest to the nearest, of which the nearest wins. */
  #sources(fields: LogFields | undefined, scope: LogScope | undefined): unknown[] {
    const sources: unknown[] = [fields];
    for (let at = scope; at !== undefined; at = at.parent) sources.push(at.fields);
    if (this.#options.ambient !== undefined) sources.push(this.#ambientFields(this.#options.ambient));
    return sources.reverse();
  }

  #ambientFields(ambient: () => LogFields | undefined): LogFields | undefined {
    try {
      return ambient();
    } catch {
      this.#counters.failed += 1;
      return undefined;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.closeTimeoutMs);
      this.#winston.once('finish', resolve);
      this.#winston.end();
    });
    clearTimeout(timer);
    this.#winston.close();
  }
}
