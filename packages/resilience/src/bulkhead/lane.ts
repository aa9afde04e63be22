import type { WaitingCall } from './waiting-call.js';

/** The calls of one key: how many run, and those that wait, in the order they came. */
export class Lane {
  readonly key: string;
  /** Most that run at once. */
  readonly maxRunning: number;
  /** Most that wait. */
  readonly maxWaiting: number;
  /** Turns it gets, in relation to other lanes. */
  readonly weight: number;
  running = 0;
  waiting = 0;
  /** Virtual time at which the first of those that wait has its turn; see FairTurns. */
  start = 0;
  /** Virtual time at which the last turn taken is over. */
  finish = 0;
  /** Its place among the lanes that have a call to start; -1 for none. */
  place = -1;
  #first: WaitingCall | undefined;
  #last: WaitingCall | undefined;

  constructor(key: string, maxRunning: number, maxWaiting: number, weight: number) {
    this.key = key;
    this.maxRunning = maxRunning;
    this.maxWaiting = maxWaiting;
    this.weight = weight;
  }

  push(call: WaitingCall): void {
    call.previous = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.next = call;
    this.#last = call;
    this.waiting += 1;
  }

  /** The one that has waited for longest. */
  shift(): WaitingCall | undefined {
    const call = this.#first;
    if (call !== undefined) this.remove(call);
    return call;
  }

  /** Takes one out that waits. */
  remove(call: WaitingCall): void {
    const { previous, next } = call;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    call.previous = undefined;
    call.next = undefined;
    this.waiting -= 1;
  }
}
