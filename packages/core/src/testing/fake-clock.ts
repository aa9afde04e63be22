import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers';

import { checkMs, type Clock, type TimerHandle } from '../clock/clock.js';

/** Where a {@link FakeClock} begins. */
export interface FakeClockOptions {
  /** Wall-clock time at the start, in epoch milliseconds. @default 2024-01-01T00:00:00Z */
  readonly now?: number;
  /** Monotonic time at the start, in milliseconds. @default 0 */
  readonly monotonic?: number;
}

interface FakeTimer {
  readonly dueAt: number;
  readonly run: () => void;
  keepsAlive: boolean;
}

/** Turns of the real event loop waited for between timers; code under test may itself yield once or twice. */
const TURNS = 3;
/** Timers run without time going on before it is called a loop. */
const SAME_INSTANT_LIMIT = 10_000;

/**
 * A clock that stands still until a test moves it. Timers run in the order they are due, equal ones in the order
 * they were armed, each in the async context it was armed in, as on a real clock.
 */
export class FakeClock implements Clock {
  #monotonic: number;
  /** Wall-clock time minus monotonic time. */
  #offset: number;
  /** Armed timers, the next one first. */
  readonly #timers: FakeTimer[] = [];
  #advancing: Promise<void> = Promise.resolve();

  constructor(options: FakeClockOptions = {}) {
    this.#monotonic = options.monotonic ?? 0;
    this.#offset = (options.now ?? Date.UTC(2024, 0, 1)) - this.#monotonic;
  }

  now(): number {
    return this.#monotonic + this.#offset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** @throws RangeError for a delay that the port does not allow: a real clock would silently make it 1 ms. */
  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const timer: FakeTimer = {
      dueAt: this.#monotonic + checkMs('delayMs', delayMs),
      run: AsyncResource.bind(run),
      keepsAlive: true,
    };
    this.#timers.splice(this.#placeOf(timer.dueAt), 0, timer);
    return timer;
  }

  /** Does nothing for a timer that has run or was cleared. */
  clearTimeout(handle: TimerHandle): void {
    const at = this.#timers.indexOf(handle as FakeTimer);
    if (at !== -1) this.#timers.splice(at, 1);
  }

  keepAlive(handle: TimerHandle, keep: boolean): void {
    const timer = this.#timers.find((armed) => armed === handle);
    if (timer !== undefined) timer.keepsAlive = keep;
  }

  /** Number of armed timers. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Number of armed timers that would hold a process open. */
  get keptAlive(): number {
    return this.#timers.filter((timer) => timer.keepsAlive).length;
  }

  /** Milliseconds until the next timer is due; `undefined` with none armed. */
  nextTimerIn(): number | undefined {
    const next = this.#timers[0];
    return next === undefined ? undefined : Math.max(0, next.dueAt - this.#monotonic);
  }

  /** A jump of the wall clock to `epochMs`. Monotonic time and timers know nothing of it. */
  setWallTime(epochMs: number): void {
    if (!Number.isFinite(epochMs)) {
      throw new RangeError(`setWallTime needs finite epoch milliseconds, got ${String(epochMs)}`);
    }
    this.#offset = epochMs - this.#monotonic;
  }

  /**
   * Lets `ms` pass: runs each timer that comes due, also those armed meanwhile. Before the first and after each
   * timer every pending promise reaction runs, however long the chain, and up to three `setImmediate` in a row;
   * real I/O is not waited for. `advance(0)` does only that and runs what is due now. Several calls at once run
   * one after the other.
   *
   * Rejects with what a timer throws; time then stands at that timer, and the later ones stay armed.
   */
  advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new RangeError(`advance needs a number of milliseconds >= 0, got ${String(ms)}`);
    }
    const advanced = this.#advancing.then(() => this.#advance(ms));
    this.#advancing = advanced.catch(() => undefined);
    return advanced;
  }

  async #advance(ms: number): Promise<void> {
    const target = this.#monotonic + ms;
    let sameInstant = 0;
    await turns();
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueAt <= target; timer = this.#timers[0]) {
      sameInstant = timer.dueAt > this.#monotonic ? 0 : sameInstant + 1;
      if (sameInstant > SAME_INSTANT_LIMIT) {
        throw new Error(
          `advance(${ms}) ran ${SAME_INSTANT_LIMIT} timers without time going on. Give the timer that arms itself a delay above 0.`,
        );
      }
      this.#timers.shift();
      this.#monotonic = Math.max(this.#monotonic, timer.dueAt);
      timer.run();
      await turns();
    }
    this.#monotonic = target;
  }

  /** Index behind every timer that is due at or before `dueAt`. */
  #placeOf(dueAt: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.dueAt ?? Infinity) <= dueAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A turn of the event loop empties the microtask queue, which counting `await`s cannot promise. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
