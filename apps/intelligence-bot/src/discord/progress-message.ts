import type { Clock, TimerHandle } from '@kapelle/core';
import type { ChatMessage } from './chat-surface.js';

/** From one edit to the next, in milliseconds: a channel takes five in five seconds, for everybody who writes there. */
export const EDIT_INTERVAL_MS = 2_000;

/** Keeps a message up to date without editing it too often: what is newest is shown, what came between is not. */
export class ProgressMessage {
  readonly #clock: Clock;
  readonly #edit: (message: ChatMessage) => Promise<void>;
  #next: ChatMessage | undefined;
  #lastAt = -Infinity;
  #timer: TimerHandle | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isEnded = false;

  /** @param edit a rejection ends the display: the end of the work is told by others */
  constructor(clock: Clock, edit: (message: ChatMessage) => Promise<void>) {
    this.#clock = clock;
    this.#edit = edit;
  }

  /** Shows it now, or when two seconds have gone by since the last edit began. */
  show(message: ChatMessage): void {
    if (this.#isEnded) return;
    this.#next = message;
    this.#arm();
  }

  /** Nothing is shown any more; resolves when an edit that is under way has ended, so that a later one is really later. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#next = undefined;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#isRunning) return;
    const wait = this.#lastAt + EDIT_INTERVAL_MS - this.#clock.monotonic();
    if (wait <= 0) {
      this.#running = this.#flush();
      return;
    }
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#flush();
    }, wait);
  }

  async #flush(): Promise<void> {
    const message = this.#next;
    if (message === undefined) return;
    this.#next = undefined;
    this.#lastAt = this.#clock.monotonic();
    this.#isRunning = true;
    try {
      await this.#edit(message);
    } catch {
      this.#isEnded = true;
      this.#next = undefined;
    } finally {
      this.#isRunning = false;
    }
    if (this.#next !== undefined) this.#arm();
  }
}
