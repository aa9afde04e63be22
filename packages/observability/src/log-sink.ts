import { createSanitizer, type LogFields, type LogLevel, type Sanitizer } from '@kapelle/core';
import winston from 'winston';
import { GuardedTransport } from './guarded-transport.js';
import type { LevelTable } from './level-table.js';
import type { LineSampler, SampledLines } from './line-sampler.js';
import { FileTransport, type LogFileOptions } from './log-file.js';
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
  /**
   * Not attempted: the reader was too slow, the logger closed, or the line came out of a transport. And what still
   * waited when the time of `close()` was over.
   */
  readonly dropped: number;
  /** Left out by sampling, before any stream or transport. */
  readonly sampled: number;
}

export interface LogSinkOptions {
  readonly levels: LevelTable;
  readonly sampler: LineSampler | undefined;
  readonly format: LineFormat;
  readonly stream: LineStream | undefined;
  readonly transports: readonly winston.transport[];
  readonly files: readonly LogFileOptions[];
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
  readonly levels: LevelTable;
  #sampled = 0;
  #isWriting = false;
  #closing: Promise<void> | undefined;
  readonly #options: LogSinkOptions;
  readonly #sanitizer: Sanitizer;
  readonly #service: string | undefined;
  readonly #transports: readonly (StreamTransport | FileTransport | GuardedTransport)[];
  readonly #winston: winston.Logger;
  readonly #counters: LineCounters = { written: 0, failed: 0, dropped: 0 };

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.levels = options.levels;
    this.#sanitizer = createSanitizer({ stack: true, redact: options.redact, maxBytes: MAX_FIELD_BYTES });
    this.#service =
      options.service === undefined ? undefined : String(this.#sanitizer.sanitize(options.service));
    const levels = winston.config.npm.levels;
    this.#transports = [
      ...(options.stream === undefined ? [] : [new StreamTransport(options.stream, this.#counters)]),
      ...options.files.map((file) => new FileTransport(file, this.#counters)),
      ...options.transports.map((transport) => new GuardedTransport(transport, levels, this.#counters)),
    ];
    this.#winston = winston.createLogger({
      level: ALL_LEVELS,
      levels,
      format: PASS_ON,
      transports: [...this.#transports],
    });
    this.#winston.on('error', () => {
      this.#counters.failed += 1;
    });
  }

  get stats(): LoggerStats {
    return { ...this.#counters, sampled: this.#sampled };
  }

  /** Writes one event. Never throws: a logger must not be the reason that a call fails. */
  emit(level: LogLevel, event: string, fields: LogFields | undefined, scope: LogScope | undefined): void {
    if (this.#isWriting || this.#closing !== undefined) {
      this.#counters.dropped += 1;
      return;
    }
    try {
      const time = this.#options.clock();
      const { sampler } = this.#options;
      if (sampler !== undefined) {
        for (const lines of sampler.due(time.getTime())) this.#tellSampled(lines, time);
        if (!sampler.admits(level, event)) {
          this.#sampled += 1;
          return;
        }
      }
      this.#write(this.#info(level, event, fields, scope, time));
    } catch {
      this.#counters.failed += 1;
    }
  }

  #write(info: LineInfo): void {
    this.#isWriting = true;
    try {
      this.#winston.write(info);
    } finally {
      this.#isWriting = false;
    }
  }

  #tellSampled({ level, event, dropped }: SampledLines, time: Date): void {
    const intervalMs = this.#options.sampler?.intervalMs;
    this.#write(
      this.#info(level, 'log_lines_sampled', { sampledEvent: event, dropped, intervalMs }, undefined, time),
    );
  }

  #info(
    level: LogLevel,
    event: string,
    fields: LogFields | undefined,
    scope: LogScope | undefined,
    time: Date,
  ): LineInfo {
    const { format } = this.#options;
    const service = this.#service;
    const cleanFields = this.#sanitizer.record(this.#sources(fields, scope));
    const cleanEvent = nameOf(this.#sanitizer.sanitize(event));
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
    if (this.#closing === undefined) {
      this.#tellRest();
      this.#closing = this.#close();
    }
    return this.#closing;
  }

  /** What sampling left out and nobody was told of yet. */
  #tellRest(): void {
    try {
      for (const lines of this.#options.sampler?.flush() ?? [])
        this.#tellSampled(lines, this.#options.clock());
    } catch {
      this.#counters.failed += 1;
    }
  }

  async #close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const isInTime = await new Promise<boolean>((resolve) => {
      // eslint-disable-next-line no-restricted-globals -- files and streams are closed in the time of the machine
      timer = setTimeout(() => resolve(false), this.#options.closeTimeoutMs);
      this.#winston.once('finish', () => resolve(true));
      this.#winston.end();
    });
    // eslint-disable-next-line no-restricted-globals -- as above
    clearTimeout(timer);
    if (!isInTime) for (const transport of this.#transports) transport.abandon();
    this.#winston.close();
  }
}

/** A name that is no text costs the name, not the line. */
function nameOf(event: unknown): string {
  try {
    return String(event);
  } catch {
    return '[unreadable]';
  }
}
