import type winston from 'winston';
import { LEVEL, LineTransport, type LineCounters, type LineInfo } from './line-transport.js';

/** Lines that may wait for a slow transport; later ones are dropped. */
const MAX_WAITING_LINES = 10_000;

/**
 * Stands between winston's pipe and a transport of somebody else, which may throw, emit errors, be slow or never
 * answer: that is counted, and neither the caller nor the other transports notice. The transport's own `level`,
 * `silent` and `format` hold.
 */
export class GuardedTransport extends LineTransport {
  readonly #inner: winston.transport;
  readonly #levels: Readonly<Record<string, number>>;
  readonly #counters: LineCounters;
  readonly #waiting: LineInfo[] = [];
  #isBusy = false;
  #isAbandoned = false;
  #onIdle: (() => void) | undefined;
  readonly #countError = (): void => {
    this.#counters.failed += 1;
  };

  constructor(inner: winston.transport, levels: Readonly<Record<string, number>>, counters: LineCounters) {
    super();
    this.#inner = inner;
    this.#levels = levels;
    this.#counters = counters;
    inner.on('error', this.#countError);
  }

  override log(info: LineInfo): void {
    if (!this.#accepts(info)) return;
    if (!this.#isBusy) this.#drain(info);
    else if (this.#waiting.length < MAX_WAITING_LINES) this.#waiting.push(info);
    else this.#counters.dropped += 1;
  }

  #accepts(info: LineInfo): boolean {
    const { silent, level } = this.#inner;
    return (
      silent !== true &&
      (level === undefined || (this.#levels[level] ?? 0) >= (this.#levels[info.level] ?? 0))
    );
  }

  /** Hands over `first` and what is waiting, until the transport keeps a line to itself. */
  #drain(first: LineInfo | undefined): void {
    let next = first;
    while (next !== undefined) {
      this.#isBusy = true;
      if (!this.#hand(next)) return;
      this.#isBusy = false;
      next = this.#waiting.shift();
    }
    this.#onIdle?.();
  }

  /** Whether the transport was done with the line at once; if not, it calls back. */
  #hand(info: LineInfo): boolean {
    let isSettled = false;
    let isLate = false;
    const settle = (error?: unknown): void => {
      if (isSettled || this.#isAbandoned) return;
      isSettled = true;
      this.#counters[error instanceof Error ? 'failed' : 'written'] += 1;
      if (!isLate) return;
      this.#isBusy = false;
      this.#drain(this.#waiting.shift());
    };
    try {
      const { format } = this.#inner;
      // A copy each: formats change what they are given.
      const formatted =
        format === undefined ? { ...info } : format.transform({ ...info, [LEVEL]: info.level }, {});
      if (typeof formatted === 'object') this.#inner.log?.(formatted, settle);
      else isSettled = true;
    } catch (error) {
      settle(error instanceof Error ? error : new Error('transport failed'));
    }
    isLate = true;
    return isSettled;
  }

  /** Counts what still waits as dropped, the line it keeps included. What it says later is not counted again. */
  abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#counters.dropped += this.#waiting.length + (this.#isBusy ? 1 : 0);
    this.#waiting.length = 0;
  }

  override _final(done: () => void): void {
    const end = (): void => {
      this.#inner.once('finish', done);
      this.#inner.end();
    };
    if (this.#inner.writableFinished || this.#inner.destroyed) done();
    else if (this.#isBusy) this.#onIdle = end;
    else end();
  }
}
