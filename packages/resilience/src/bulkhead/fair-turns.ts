import { Lane } from './lane.js';
import { LaneHeap } from './lane-heap.js';
import type { Turns } from './turns.js';
import type { WaitingCall } from './waiting-call.js';

/** What one key may have. */
export interface Shares {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  readonly weightOf: (key: string) => number;
}

/**
 * Turns by key, in proportion to weights; within a key first come, first served.
 *
 * Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996), every call of the same length: a call's start tag is the later of the virtual time
 * it came at and the finish tag of the one before it in its lane; its finish tag is `1 / weight` later. The lowest start tag goes
 * first, and virtual time is the start tag of the last one started. So a key that was idle has saved nothing up, and one that floods
 * delays only itself. Lanes at their limit stand aside until one of their calls ends. A lane with nothing to do is forgotten.
 */
export class FairTurns implements Turns {
  readonly #shares: Shares;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that have a call waiting and a slot to start it in. */
  readonly #ready = new LaneHeap();
  #virtualTime = 0;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  /** Keys with a running or waiting call. */
  get size(): number {
    return this.#lanes.size;
  }

  laneOf(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const { maxRunning, maxWaiting, weightOf } = this.#shares;
      lane = new Lane(key, maxRunning, maxWaiting, weightOf(key));
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  push(call: WaitingCall): void {
    const { lane } = call;
    lane.push(call);
    if (lane.waiting === 1) lane.start = Math.max(this.#virtualTime, lane.finish);
    if (lane.place < 0 && lane.running < lane.maxRunning) this.#ready.add(lane);
  }

  remove(call: WaitingCall): void {
    const { lane } = call;
    lane.remove(call);
    if (lane.waiting === 0 && lane.place >= 0) this.#ready.remove(lane);
    this.#forgetIfIdle(lane);
  }

  leave(lane: Lane): void {
    if (lane.waiting > 0 && lane.place < 0 && lane.running < lane.maxRunning) this.#ready.add(lane);
    this.#forgetIfIdle(lane);
  }

  next(): WaitingCall | undefined {
    const lane = this.#ready.takeFirst();
    const call = lane?.shift();
    if (lane === undefined || call === undefined) return undefined;
    this.#virtualTime = lane.start;
    lane.finish = lane.start + 1 / lane.weight;
    lane.start = lane.finish;
    // The call that is taken out will run in this lane.
    if (lane.waiting > 0 && lane.running + 1 < lane.maxRunning) this.#ready.add(lane);
    return call;
  }

  #forgetIfIdle(lane: Lane): void {
    if (lane.running === 0 && lane.waiting === 0) this.#lanes.delete(lane.key);
  }
}
