import type { LogFields, LogLevel } from '@kapelle/core';
import type winston from 'winston';
import { type LevelRule, LevelTable } from './level-table.js';
import { LineSampler, type SamplingOptions } from './line-sampler.js';
import type { LogFileOptions } from './log-file.js';
import { loggerChecks as check, LoggerOptionsError } from './log-level.js';
import { jsonLine } from './log-line.js';
import { LogSink } from './log-sink.js';
import { LONGEST_MS, shown } from './option-checks.js';
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
   * @minimum 1 @maximum 2147483647
   * @default 5000
   */
  readonly closeTimeoutMs?: number;
}

const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;

/**
 * A logger that writes with winston. Each event is one line, whatever is in it; secrets do not reach it; nothing
 * is formatted for a level that is off; and a stream or transport that fails is counted, not thrown.
 *
 * @throws {@link LoggerOptionsError} for an option that cannot be used, by its name, such as an unknown level, or two
 * files of one name.
 */
export function createWinstonLogger(options: WinstonLoggerOptions = {}): WinstonLogger {
  const {
    level = 'info',
    levels: rules = [],
    transports = [],
    files = [],
    redact = [],
    closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS,
    // eslint-disable-next-line no-restricted-syntax -- the default of a port
    clock = () => new Date(),
    colors,
    ambient,
    service,
  } = check.object('options', options);
  check.number('closeTimeoutMs', closeTimeoutMs, 1, LONGEST_MS);
  check.list('transports', transports);
  const silent = transports.findIndex((transport) => typeof transport?.log !== 'function');
  if (silent >= 0) {
    throw new LoggerOptionsError(
      `transports[${String(silent)}] has no log method.`,
      'Pass an instance of a winston transport; pass a stream as stream.',
    );
  }
  for (const word of check.list('redact', redact)) {
    if (check.text('redact', word).trim() !== '') continue;
    throw new LoggerOptionsError(`redact has the key word ${shown(word)}.`, 'Give words that have letters.');
  }
  check.callable('clock', clock);
  if (ambient !== undefined) check.callable('ambient', ambient);
  if (colors !== undefined) check.flag('colors', colors);
  if (service !== undefined) check.text('service', service);
  if (options.format !== undefined) check.oneOf('format', options.format, ['json', 'pretty']);
  if (options.stream !== undefined) check.callable('stream', options.stream, 'write', 'on');
  checkFiles(files);
  for (const rule of check.list('levels', rules)) check.object('levels', rule);
  const levels = new LevelTable(level, rules);
  const sampler =
    options.sampling === undefined ? undefined : new LineSampler(check.object('sampling', options.sampling));
  const stream = options.stream ?? (transports.length + files.length === 0 ? process.stdout : undefined);
  const isTerminal = stream?.isTTY === true;
  const format = options.format ?? (isTerminal ? 'pretty' : 'json');
  return new WinstonLogger(
    new LogSink({
      levels,
      sampler,
      format: format === 'pretty' ? prettyLine(colors ?? isTerminal) : jsonLine,
      stream,
      transports,
      files,
      clock,
      service,
      redact,
      ambient,
      closeTimeoutMs,
    }),
  );
}

/** Two transports that rotate one file would each rename what the other writes. */
function checkFiles(files: readonly LogFileOptions[]): void {
  const names = new Set<string>();
  for (const file of check.list('files', files)) {
    const { filename } = check.object('files', file);
    if (names.has(filename)) {
      throw new LoggerOptionsError(`Two files have the filename ${shown(filename)}.`, 'Give each its own.');
    }
    names.add(filename);
  }
}
