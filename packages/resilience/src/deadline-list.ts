import { AsyncResource } from 'node:async_hooks';

import type { Clock, TimerHandle } from '@kapelle/core';

import { MAX_DELAY_MS } from './options.js';

/** Something that expires unless it is removed before. The fields belong to the list. */
export interface Deadline {
  readonly expiresAt: number;
  onExpire(): void;
  queue: DeadlineQueue | undefined;
  before: Deadline | undefined;
  after: Deadline | undefined;
}

/** Deadlines of equal length, hence in the order they expire. */
interface DeadlineQueue {
  readonly lengthMs: number;
  first: Deadline | undefined;
  last: Deadline | undefined;
}

/**
 * Made while the package is loaded, outside of any call: the one timer of a list must not run as part of the call that
 * happened to arm it, with the tenant and the trace of that call.
 */
const OUTSIDE = new AsyncResource('kapelle.resilience.timer');

/** Arms a timer that belongs to no call. */
export function outsideTimer(clock: Clock, run: () => void, delayMs: number): TimerHandle {
  return OUTSIDE.runInAsyncScope(() => clock.setTimeout(run, delayMs));
}

/**
 * Any number of deadlines on one timer. Adding and removing is O(1): deadlines of the usual length form a list that is
 * in order by itself, others are grouped by their whole milliseconds. The timer stays armed when the list runs empty, so that
 * a busy policy does not arm one per call; it then no longer holds the process, and ends at its time.
 */
export class DeadlineList {
  readonly #clock: Clock;
  readonly #usual: DeadlineQueue;
  readonly #others = new Map<number, DeadlineQueue>();
  #timer: TimerHandle | undefined;
  #armedFor = Infinity;
  #count = 0;
  #held = false;

  constructor(clock: Clock, usualMs: number) {
    this.#clock = clock;
    this.#usual = { lengthMs: usualMs, first: undefined, last: undefined };
  }

  /** Number of deadlines that have neither expired nor been removed. */
  get size(): number {
    return this.#count;
  }

  /** Adds one that expires `lengthMs` after `now`. */
  add(deadline: Deadline, lengthMs: number, now: number): void {
    const queue = lengthMs === this.#usual.lengthMs ? this.#usual : this.#other(Math.ceil(lengthMs));
    deadline.queue = queue;
    deadline.before = queue.last;
    if (queue.last === undefined) queue.first = deadline;
    else queue.last.after = deadline;
    queue.last = deadline;
    this.#count += 1;
    if (deadline.expiresAt < this.#armedFor) this.#arm(deadline.expiresAt, now);
    else if (!this.#held) this.#hold(true);
  }

  /** Does nothing for one that has expired or was removed. */
  remove(deadline: Deadline): void {
    const { queue, before, after } = deadline;
    if (queue === undefined) return;
    if (before === undefined) queue.first = after;
    else before.after = after;
    if (after === undefined) queue.last = before;
    else after.before = before;
    deadline.queue = undefined;
    deadline.before = undefined;
    deadline.after = undefined;
    this.#count -= 1;
    if (this.#count === 0) this.#hold(false);
  }

  #other(lengthMs: number): DeadlineQueue {
    let queue = this.#others.get(lengthMs);
    if (queue === undefined) {
      queue = { lengthMs, first: undefined, last: undefined };
      this.#others.set(lengthMs, queue);
    }
    return queue;
  }

  #hold(keep: boolean): void {
    this.#held = keep;
    if (this.#timer !== undefined) this.#clock.keepAlive?.(this.#timer, keep);
  }

  #arm(at: number, now: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#armedFor = at;
    this.#held = true;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(1, Math.ceil(at - now)));
    this.#timer = outsideTimer(this.#clock, this.#fire, delayMs);
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#armedFor = Infinity;
    this.#held = false;
    const now = this.#clock.monotonic();
    let nearest = this.#expire(this.#usual, now);
    for (const queue of [...this.#others.values()]) {
      nearest = Math.min(nearest, this.#expire(queue, now));
      if (queue.first === undefined) this.#others.delete(queue.lengthMs);
    }
    if (nearest < this.#armedFor) this.#arm(nearest, now);
  };

  /** Ends what is due; returns when the next one of the queue is. */
  #expire(queue: DeadlineQueue, now: number): number {
    for (let due = queue.first; due !== undefined && due.expiresAt <= now; due = queue.first) {
      this.remove(due);
      due.onExpire();
    }
    return queue.first?.expiresAt ?? Infinity;
  }
}
