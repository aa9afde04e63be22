import { outsideOfCalls } from '../tasks/outside-of-calls.js';
import { type Clock, MAX_DELAY_MS, type TimerHandle } from './clock.js';

/** Something that expires unless it is removed before. The fields belong to the queue. */
export interface Deadline {
  /** Monotonic time at which it expires. */
  expiresAt: number;
  onExpire(): void;
  list: DeadlineList | undefined;
  previous: Deadline | undefined;
  next: Deadline | undefined;
}

/** Deadlines of one length, which therefore expire in the order they were added. */
export interface DeadlineList {
  readonly lengthMs: number;
  head: Deadline | undefined;
  tail: Deadline | undefined;
}

/**
 * Any number of deadlines on one timer. Adding and removing is O(1): deadlines of equal (whole-millisecond)
 * length form a list that is ordered by itself, and only the heads of the lists are compared when the timer
 * fires. The design of Node's own timer lists.
 */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();
  /** The one that was added to last: most deadlines of a process have one of few lengths. */
  #last: DeadlineList | undefined;
  #timer: TimerHandle | undefined;
  #armedFor = Infinity;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of deadlines that have neither expired nor been removed. */
  get size(): number {
    return this.#count;
  }

  add(deadline: Deadline, now: number): void {
    const lengthMs = Math.max(1, Math.ceil(deadline.expiresAt - now));
    const list = this.#last?.lengthMs === lengthMs ? this.#last : this.#listOf(lengthMs);
    deadline.list = list;
    deadline.previous = list.tail;
    deadline.next = undefined;
    if (list.tail === undefined) list.head = deadline;
    else list.tail.next = deadline;
    list.tail = deadline;
    this.#count += 1;
    if (deadline.expiresAt < this.#armedFor) this.#arm(deadline.expiresAt, now);
    else if (this.#count === 1) this.#hold(true);
  }

  /** Does nothing for a deadline that has expired or was removed. */
  remove(deadline: Deadline): void {
    const list = deadline.list;
    if (list === undefined) return;
    if (deadline.previous === undefined) list.head = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next === undefined) list.tail = deadline.previous;
    else deadline.next.previous = deadline.previous;
    deadline.list = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
    this.#count -= 1;
    // The timer stays armed, so that a busy operation need not arm it per call, but no longer holds the process.
    if (this.#count === 0) this.#hold(false);
  }

  #listOf(lengthMs: number): DeadlineList {
    let list = this.#lists.get(lengthMs);
    if (list === undefined) {
      list = { lengthMs, head: undefined, tail: undefined };
      this.#lists.set(lengthMs, list);
    }
    this.#last = list;
    return list;
  }

  #forget(list: DeadlineList): void {
    this.#lists.delete(list.lengthMs);
    if (this.#last === list) this.#last = undefined;
  }

  #hold(keep: boolean): void {
    if (this.#timer !== undefined) this.#clock.keepAlive?.(this.#timer, keep);
  }

  #arm(at: number, now: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#armedFor = at;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(1, Math.ceil(at - now)));
    // One timer for everybody: it must not run as part of the call that happened to arm it.
    this.#timer = outsideOfCalls(() => this.#clock.setTimeout(this.#fire, delayMs));
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#armedFor = Infinity;
    const now = this.#clock.monotonic();
    let nearest = Infinity;
    for (const list of [...this.#lists.values()]) {
      while (list.head !== undefined && list.head.expiresAt <= now) {
        const expired = list.head;
        this.remove(expired);
        expired.onExpire();
      }
      if (list.head === undefined) this.#forget(list);
      else if (list.head.expiresAt < nearest) nearest = list.head.expiresAt;
    }
    if (nearest < this.#armedFor) this.#arm(nearest, now);
  };
}
