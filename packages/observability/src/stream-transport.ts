import { LINE, LineTransport, type LineCounters, type LineInfo } from './line-transport.js';

/** Bytes that may wait in a stream nobody reads fast enough; lines beyond are dropped. */
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;

/** A stream that takes lines: standard output, a file, a socket. */
export interface LineStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly writableLength?: number;
}

/**
 * Writes lines to a stream that belongs to somebody else: it is neither ended nor waited for, its errors are
 * counted, and a reader that is too slow costs lines, not memory.
 */
export class StreamTransport extends LineTransport {
  readonly #stream: LineStream;
  readonly #counters: LineCounters;
  /** Lines handed to the stream that it has not answered for. */
  #pending = 0;
  #isAbandoned = false;
  /** Without it the stream's error event would end the process. The write callback counts the failure. */
  readonly #ignoreError = (): void => {};

  constructor(stream: LineStream, counters: LineCounters) {
    super();
    this.#stream = stream;
    this.#counters = counters;
    stream.on('error', this.#ignoreError);
  }

  override log(info: LineInfo): void {
    try {
      this.#write(info[LINE]);
    } catch {
      this.#counters.failed += 1;
      this.#pending = Math.max(0, this.#pending - 1);
    }
  }

  #write(line: string): void {
    if ((this.#stream.writableLength ?? 0) > MAX_WAITING_BYTES) {
      this.#counters.dropped += 1;
    } else if (!this.#stream.writable) {
      this.#counters.failed += 1;
    } else {
      this.#pending += 1;
      this.#stream.write(`${line}\n`, this.#settled);
    }
  }

  readonly #settled = (error?: Error | null): void => {
    if (this.#isAbandoned) return;
    this.#pending -= 1;
    if (error) this.#counters.failed += 1;
    else this.#counters.written += 1;
  };

  /** Counts what still waits as dropped. What becomes of it later is not counted again. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#counters.dropped += this.#pending;
    this.#pending = 0;
  }

  override _final(done: () => void): void {
    const finish = (): void => {
      this.#stream.removeListener('error', this.#ignoreError);
      done();
    };
    if (!this.#stream.writable) return finish();
    try {
      // Called back once everything before it has been handed over.
      this.#stream.write('', finish);
    } catch {
      finish();
    }
  }
}
