import type { Clock, TimerHandle } from '@kapelle/core';

import { outsideTimer } from '../deadline-list.js';
import type { Recent } from '../recent-map.js';
import type { WaitingPermit } from './waiting-permit.js';

/** Rounding of a sum of floats may not cost a call its permit, in ms. */
const ROUNDING_MS = 1e-6;

/** A rate, as one bucket counts it. */
export interface Rate {
  /** Between two permits, in ms. */
  readonly intervalMs: number;
  /** How far ahead of its schedule a bucket may be, in ms: the burst less one, times the interval. */
  readonly toleranceMs: number;
  readonly clock: Clock;
}

/**
 * The permits of one key.
 *
 * The generic cell rate algorithm (ITU-T I.371, annex A, virtual scheduling): one number, the time at which the bucket would be full again, stands for the whole history. It equals a
 * token bucket that holds `burst` and is refilled one permit per interval, without a timer.
 */
export class Bucket implements Recent {
  wasUsed = false;
  readonly #rate: Rate;
  /** Monotonic time at which the next permit is due by the schedule. */
  #dueAt = -Infinity;
  #waiting = 0;
  #first: WaitingPermit | undefined;
  #last: WaitingPermit | undefined;
  #timer: TimerHandle | undefined;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Whether nothing would be lost by forgetting it. */
  isFull(now: number): boolean {
    return this.#waiting === 0 && this.#dueAt <= now;
  }

  /** Takes a permit, where there is one and nobody waits; else returns in how many ms a newcomer would have one. */
  take(now: number): number {
    if (this.#waiting === 0 && this.#takeNow(now)) return 0;
    const nextMs = Math.max(0, this.#dueAt - this.#rate.toleranceMs - now);
    return Math.max(ROUNDING_MS, nextMs + this.#waiting * this.#rate.intervalMs);
  }

  /** Puts one at the end of the line. */
  push(permit: WaitingPermit, now: number): void {
    permit.previous = this.#last;
    if (this.#last === undefined) this.#first = permit;
    else this.#last.next = permit;
    this.#last = permit;
    this.#waiting += 1;
    if (this.#timer === undefined) this.#arm(now);
  }

  /** Takes one out of the line. */
  remove(permit: WaitingPermit): void {
    const { previous, next } = permit;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    permit.previous = undefined;
    permit.next = undefined;
    this.#waiting -= 1;
    if (this.#waiting > 0 || this.#timer === undefined) return;
    this.#rate.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #takeNow(now: number): boolean {
    const { intervalMs, toleranceMs } = this.#rate;
    if (this.#dueAt - toleranceMs - now > ROUNDING_MS) return false;
    this.#dueAt = Math.max(this.#dueAt, now) + intervalMs;
    return true;
  }

  #arm(now: number): void {
    const waitMs = Math.max(1, Math.ceil(this.#dueAt - this.#rate.toleranceMs - now));
    this.#timer = outsideTimer(this.#rate.clock, this.#serve, waitMs);
  }

  readonly #serve = (): void => {
    this.#timer = undefined;
    const now = this.#rate.clock.monotonic();
    for (let next = this.#first; next !== undefined && this.#takeNow(now); next = this.#first) {
      this.remove(next);
      next.grant();
    }
    if (this.#first !== undefined) this.#arm(now);
  };
}
