import { Lane } from './lane.js';
import type { WaitingCall } from './waiting-call.js';

/** Whose turn it is when a slot becomes free. */
export interface Turns {
  /** The lane of a key. One that gets neither a running nor a waiting call must be given to {@link leave}. */
  laneOf(key: string): Lane;
  /** A call begins to wait. */
  push(call: WaitingCall): void;
  /** A call gives up waiting. */
  remove(call: WaitingCall): void;
  /** A call of the lane has ended, or none was begun. */
  leave(lane: Lane): void;
  /** Takes out the call that starts next; undefined where none waits that may start. */
  next(): WaitingCall | undefined;
}

/** First come, first served, whoever it is. */
export class FirstComeTurns implements Turns {
  readonly #lane: Lane;

  constructor(maxWaiting: number) {
    this.#lane = new Lane('', Infinity, maxWaiting, 1);
  }

  laneOf(): Lane {
    return this.#lane;
  }

  push(call: WaitingCall): void {
    this.#lane.push(call);
  }

  remove(call: WaitingCall): void {
    this.#lane.remove(call);
  }

  leave(): void {
    // There is one lane, and it stays.
  }

  next(): WaitingCall | undefined {
    return this.#lane.shift();
  }
}
