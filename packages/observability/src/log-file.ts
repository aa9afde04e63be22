import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LogLevel } from '@kapelle/core';
import { LINE, LineTransport, type LineCounters, type LineInfo } from './line-transport.js';
import { loggerChecks as check, LoggerOptionsError, severityOf } from './log-level.js';
import { shown } from './option-checks.js';

/** A file that lines are appended to. The newest lines are always in `filename`; `filename.1` is the one before. */
export interface LogFileOptions {
  /** With its folder, which is made where it is missing. */
  readonly filename: string;
  /** Less severe lines are not written to it. @default those of the logger */
  readonly level?: LogLevel;
  /** A line that would make the file larger begins the next one; no line is split. @default never */
  readonly maxSizeBytes?: number;
  /** Files kept, the present one included, 1 to 1,000; older ones are deleted. @default 10 */
  readonly maxFiles?: number;
}

/** Bytes that may wait for the disk; lines beyond are dropped. */
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;
const MAX_BATCH_BYTES = 64 * 1_024;
const DEFAULT_MAX_FILES = 10;
/** A rotation renames each. */
const MOST_FILES = 1_000;

interface Batch {
  readonly text: Buffer;
  readonly lines: number;
}

/**
 * Writes lines to a file, batch by batch, and rotates it between two. winston has a transport for this; that of 3.19
 * loses lines that come in while it rotates, so this one does it alone. Errors of the disk are counted.
 */
export class FileTransport extends LineTransport {
  readonly #options: LogFileOptions;
  readonly #counters: LineCounters;
  readonly #severity: number;
  readonly #maxSize: number;
  readonly #maxFiles: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Lines of the batch that is on its way to the disk. */
  #writing = 0;
  #isAbandoned = false;
  #handle: FileHandle | undefined;
  #size = 0;
  #work: Promise<void> | undefined;

  /** @throws {@link LoggerOptionsError} */
  constructor(options: LogFileOptions, counters: LineCounters) {
    super();
    const { filename, level = 'debug', maxSizeBytes = Infinity, maxFiles = DEFAULT_MAX_FILES } = options;
    if (typeof filename !== 'string' || filename === '') {
      throw new LoggerOptionsError(`The filename of a log file is ${shown(filename)}.`, 'Give a path.');
    }
    if (maxSizeBytes !== Infinity) check.whole(`maxSizeBytes of ${filename}`, maxSizeBytes, 1);
    check.whole(`maxFiles of ${filename}`, maxFiles, 1, MOST_FILES);
    if (options.maxFiles !== undefined && maxSizeBytes === Infinity) {
      throw new LoggerOptionsError(
        `maxFiles of ${filename} is ${String(maxFiles)}, but without maxSizeBytes there is only one file.`,
        'Give maxSizeBytes as well, or leave maxFiles out.',
      );
    }
    this.#options = options;
    this.#counters = counters;
    this.#severity = severityOf(level);
    this.#maxSize = maxSizeBytes;
    this.#maxFiles = maxFiles;
  }

  override log(info: LineInfo): void {
    if (severityOf(info.level) > this.#severity) return;
    const line = Buffer.from(`${info[LINE]}\n`);
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.#counters.dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#work ??= this.#drain();
  }

  /** Counts what still waits as dropped. What becomes of the batch on its way is not counted again. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#counters.dropped += this.#waiting.length + this.#writing;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  override _final(done: () => void): void {
    void (this.#work ?? Promise.resolve())
      .then(() => this.#handle?.close())
      .catch(() => undefined)
      .then(done);
  }

  async #drain(): Promise<void> {
    // What is logged in one go is written in one go.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = await this.#nextBatch();
      this.#writing = batch.lines;
      const isWritten = await this.#write(batch.text);
      this.#writing = 0;
      if (!this.#isAbandoned) this.#counters[isWritten ? 'written' : 'failed'] += batch.lines;
    }
    this.#work = undefined;
  }

  /** As many lines as fit into the file; one at least, into the next file if need be. */
  async #nextBatch(): Promise<Batch> {
    const first = this.#waiting[0]?.length ?? 0;
    try {
      if (this.#handle === undefined) await this.#open();
      if (this.#size > 0 && this.#size + first > this.#maxSize) await this.#rotate();
    } catch {
      // The write says it again, and counts it.
      this.#handle = undefined;
    }
    let bytes = 0;
    let lines = 0;
    for (const { length } of this.#waiting) {
      const fits = bytes + length <= MAX_BATCH_BYTES && this.#size + bytes + length <= this.#maxSize;
      if (lines > 0 && !fits) break;
      bytes += length;
      lines += 1;
    }
    this.#waitingBytes -= bytes;
    return { text: Buffer.concat(this.#waiting.splice(0, lines)), lines };
  }

  async #write(text: Buffer): Promise<boolean> {
    try {
      if (this.#handle === undefined) return false;
      await this.#handle.appendFile(text);
      this.#size += text.length;
      return true;
    } catch {
      return false;
    }
  }

  async #open(): Promise<void> {
    const { filename } = this.#options;
    await mkdir(dirname(filename), { recursive: true });
    this.#handle = await open(filename, 'a');
    this.#size = (await this.#handle.stat()).size;
  }

  async #rotate(): Promise<void> {
    const { filename } = this.#options;
    await this.#handle?.close();
    this.#handle = undefined;
    const name = (index: number): string => (index === 0 ? filename : `${filename}.${String(index)}`);
    await rm(name(this.#maxFiles - 1), { force: true });
    for (let index = this.#maxFiles - 2; index >= 0; index -= 1) {
      await rename(name(index), name(index + 1)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
    await this.#open();
  }
}
