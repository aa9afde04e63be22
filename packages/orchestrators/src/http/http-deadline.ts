import type { Clock, TimerHandle } from '@kapelle/core';
import { HttpError } from './http-error.js';

/** What takes time in an attempt. */
export type HttpPhase = 'connection' | 'headers' | 'body';

/**
 * The signal of one attempt: it fires with the caller's, or when the present phase or the whole request takes too long,
 * however steadily bytes arrive. Call {@link HttpDeadline.end} in a `finally`.
 */
export class HttpDeadline {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  /** What is slow, for messages. */
  readonly #source: string;
  readonly #expiresAt: number;
  readonly #totalMs: number;
  readonly #controller = new AbortController();
  readonly #aborted: Promise<never>;
  readonly #forward = (): void => this.#controller.abort(this.#parent.reason);
  #timer: TimerHandle | undefined;
  #hasEnded = false;

  /** @param total of the whole request: when it ends on the monotonic clock, and how long it was, in ms */
  constructor(
    clock: Clock,
    parent: AbortSignal,
    source: string,
    total: { readonly expiresAt: number; readonly ms: number },
  ) {
    this.#clock = clock;
    this.#parent = parent;
    this.#source = source;
    this.#expiresAt = total.expiresAt;
    this.#totalMs = total.ms;
    this.#aborted = new Promise((_, reject) => {
      const { signal } = this.#controller;
      // The reason is whatever the caller's signal carries, as with every abortable call of the platform.
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    // Nobody may be waiting when it fires.
    this.#aborted.catch(() => {});
    if (parent.aborted) this.#forward();
    else parent.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins a phase that may take `ms`, or what the whole request has left; the time of the one before counts no more. */
  phase(phase: HttpPhase, ms: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    if (this.#hasEnded) return;
    const left = this.#expiresAt - this.#clock.monotonic();
    const what =
      ms <= left
        ? `the ${phase} took longer than ${String(ms)} ms`
        : `the whole request took longer than ${String(this.#totalMs)} ms`;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#controller.abort(tooSlow(this.#source, what));
      },
      Math.max(0, Math.min(ms, left)),
    );
  }

  /** Waits for the work, but not longer than the signal allows, even if the work does not listen to it. */
  async race<T>(work: Promise<T>): Promise<T> {
    // When the signal wins, the end of the work interests nobody any more.
    work.catch(() => {});
    try {
      return await Promise.race([work, this.#aborted]);
    } finally {
      // The work may have won with an error or half a result made by the abort itself.
      this.signal.throwIfAborted();
    }
  }

  /** Lets go of the timer and of the caller's signal. */
  end(): void {
    this.#hasEnded = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#forward);
  }
}

/** @param what for example "the body took longer than 100 ms" */
export function tooSlow(source: string, what: string, cause?: unknown): HttpError {
  return new HttpError('HTTP_TIMEOUT', `${source} was too slow: ${what}. Try again later.`, { cause });
}
