import type { LogFields, LogLevel } from '@kapelle/core';
import type winston from 'winston';
import { type LevelRule, LevelTable } from './level-table.js';
import { LineSampler, type SamplingOptions } from './line-sampler.js';
import type { LogFileOptions } from './log-file.js';
import { LoggerOptionsError } from './log-level.js';
import { jsonLine } from './log-line.js';
import { LogSink } from './log-sink.js';
import { prettyLine } from './pretty-line.js';
import type { LineStream } from './stream-transport.js';
import { WinstonLogger } from './winston-logger.js';

/** Where a logger writes to, what, and how. The environment is not read: that is for the caller to decide. */
export interface WinstonLoggerOptions {
  /**
   * The least severe level that is written. Can be changed later.
   *
   * @default 'info'
   */
  readonly level?: LogLevel;
  /** Levels of layers and of orchestrators that differ; can be changed later with `setLevel`. @default [] */
  readonly levels?: readonly LevelRule[];
  /** Leaves out lines that repeat, and counts them. @default every line is written */
  readonly sampling?: SamplingOptions;
  /** Files, rotated where they say so, besides `stream` and `transports` if those are given too. @default [] */
  readonly files?: readonly LogFileOptions[];
  /**
   * `json` is for machines: one object per line with `timestamp`, `level`, `event` and the fields. `pretty` is
   * for people at a terminal: long values are cut, and of an error's stack only the first frame is shown.
   *
   * @default 'pretty' where `stream` is a terminal, else 'json'
   */
  readonly format?: 'json' | 'pretty';
  /**
   * Where lines go. It is not ended by `close()`. Lines are dropped while more than 16 MiB wait in it.
   *
   * @default process.stdout, unless `transports` or `files` are given
   */
  readonly stream?: LineStream;
  /**
   * Transports of winston, besides `stream` if that is given too. They get the finished line, and the event as
   * `message` with its sanitised data under `fields`; their own `level`, `silent` and `format` hold. Handling of
   * uncaught exceptions is left to the process: `handleExceptions` has no effect.
   *
   * @default []
   */
  readonly transports?: readonly winston.transport[];
  /**
   * Whether the pretty format is coloured.
   *
   * @default true where `stream` is a terminal
   */
  readonly colors?: boolean;
  /** @default the system's time */
  readonly clock?: () => Date;
  /** The name of the program, in each line. */
  readonly service?: string;
  /** Key words whose values are hidden, besides those of core's `sanitize`. */
  readonly redact?: readonly string[];
  /**
   * Asked once for each written line for fields of the call that is going on: tenant, request and trace ids. A
   * throw costs the fields, not the line. Every other source of fields wins over this one.
   */
  readonly ambient?: () => LogFields | undefined;
  /**
   * How long `close()` waits for transports that do not end, in milliseconds. What still waits then is counted as
   * dropped.
   *
   * @minimum 1
   * @default 5000
   */
  readonly closeTimeoutMs?: number;
}

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;

/**
 * A logger that writes with winston. Each event is one line, whatever is in it; secrets do not reach it; nothing
 * is formatted for a level that is off; and a stream or transport that fails is counted, not thrown.
 *
 * @throws {@link LoggerOptionsError} for an unknown level, a time-out that is not a positive number, or a
 * transport without a `log` method.
 */
export function createWinstonLogger(options: WinstonLoggerOptions = {}): WinstonLogger {
  const { transports = [], closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = options;
  if (!(closeTimeoutMs > 0)) {
    throw new LoggerOptionsError(
      `closeTimeoutMs is ${String(closeTimeoutMs)}.`,
      'Give a positive number of milliseconds.',
    );
  }
  const silent = transports.findIndex((transport) => typeof transport.log !== 'function');
  if (silent >= 0) {
    throw new LoggerOptionsError(
      `transports[${String(silent)}] has no log method.`,
      'Pass an instance of a winston transport; pass a stream as stream.',
    );
  }
  const levels = new LevelTable(options.level ?? 'info', options.levels ?? []);
  const sampler = options.sampling === undefined ? undefined : new LineSampler(options.sampling);
  const files = options.files ?? [];
  const stream = options.stream ?? (transports.length + files.length === 0 ? process.stdout : undefined);
  const isTerminal = stream?.isTTY === true;
  const format = options.format ?? (isTerminal ? 'pretty' : 'json');
  return new WinstonLogger(
    new LogSink({
      levels,
      sampler,
      format: format === 'pretty' ? prettyLine(options.colors ?? isTerminal) : jsonLine,
      stream,
      transports,
      files,
      clock: options.clock ?? (() => new Date()),
      service: options.service,
      redact: options.redact ?? [],
      ambient: options.ambient,
      closeTimeoutMs,
    }),
  );
}
