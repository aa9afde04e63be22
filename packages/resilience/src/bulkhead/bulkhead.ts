import type { Clock } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { DeadlineList } from '../deadline-list.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { refusal, ResilienceError } from '../resilience-error.js';
import { runWork } from '../run-work.js';
import { type BulkheadOptions, resolveBulkheadOptions } from './bulkhead-options.js';
import type { Lane } from './lane.js';
import type { Turns } from './turns.js';
import { WaitingCall, type WaitingRoom } from './waiting-call.js';

/** A bulkhead at the moment it was asked. */
export interface BulkheadStats {
  /** Slots taken now, the abandoned ones included. */
  readonly running: number;
  /** Executions waiting for a slot now. */
  readonly queued: number;
  /** Slots held now by work whose caller has been answered. */
  readonly abandoned: number;
  /** Refused with BULKHEAD_FULL since it was made: no place to wait, or waited in vain. */
  readonly refused: number;
  /** Cancelled by their callers while they waited, since it was made. */
  readonly cancelled: number;
}

/** Remaining time below which nothing is queued or started, in ms. */
const SHORTEST_MS = 1;

/**
 * Lets a bounded number of executions run at once, and a bounded number wait for a slot, each for a bounded time.
 *
 * - Never more than `maxConcurrent` run. A slot that becomes free is handed to the one that has waited for longest; it is never free in
 *   between, so a newcomer cannot overtake, and what once has a slot is never refused.
 * - Full, or waited for longer than `maxWaitMs`: BULKHEAD_FULL. The caller's deadline comes first: TIMEOUT. The caller cancels: CANCELLED, at once.
 * - A slot is held until the work has really ended: work that goes on after its time-out (a timeout policy further in)
 *   keeps its slot, and is counted in {@link BulkheadStats.abandoned}.
 * - Work that has waited starts in the async context of the caller that queued it.
 * - With `fairness`, keys take turns in proportion to their weights, and none has more than its share of the slots and of the waiting places.
 *
 * Work that runs here and calls the same bulkhead waits for itself when all slots are taken, until `maxWaitMs`.
 */
export class BulkheadPolicy implements Policy, WaitingRoom {
  readonly name: string;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly #maxWaitMs: number;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineList;
  #running = 0;
  #queued = 0;
  #abandoned = 0;
  #refused = 0;
  #cancelled = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: BulkheadOptions = {}) {
    const resolved = resolveBulkheadOptions(options);
    this.name = resolved.name;
    this.maxConcurrent = resolved.maxConcurrent;
    this.maxQueued = resolved.maxQueued;
    this.#maxWaitMs = resolved.maxWaitMs;
    this.#turns = resolved.turns;
    this.#clock = resolved.clock;
    this.#deadlines = new DeadlineList(resolved.clock, resolved.maxWaitMs);
  }

  get stats(): BulkheadStats {
    return {
      running: this.#running,
      queued: this.#queued,
      abandoned: this.#abandoned,
      refused: this.#refused,
      cancelled: this.#cancelled,
    };
  }

  /** Whether nothing runs and nothing waits. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#queued === 0;
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const caller = AttemptScope.of(options);
    if (caller.aborted) return Promise.reject(cancelled(this.name, caller.reason));
    let lane: Lane;
    try {
      lane = this.#turns.laneOf(caller.key);
    } catch (error) {
      return Promise.reject(error);
    }
    // Where a slot is free, nobody waits who could take it.
    if (this.#running < this.maxConcurrent && lane.running < lane.maxRunning) {
      this.#running += 1;
      lane.running += 1;
      // A scope just made is nobody else's, and can count what is abandoned of this execution.
      return this.#run(work, caller === options ? ownScope(caller) : caller, lane);
    }
    return this.#wait(work, caller, lane);
  }

  /** @internal */
  cancelled(call: WaitingCall, reason: unknown): void {
    this.#cancelled += 1;
    this.#giveUp(call, cancelled(this.name, reason));
  }

  /** @internal */
  expired(call: WaitingCall): void {
    this.#giveUp(
      call,
      call.expiresAt >= call.scope.expiresAt
        ? this.#noTimeLeft()
        : this.#full(`waited ${Math.round(this.#maxWaitMs)} ms for one of ${this.maxConcurrent} slots`),
    );
  }

  #run<T>(work: Work<T>, own: AttemptScope, lane: Lane): Promise<T> {
    return runWork(work, own).then(
      (value) => {
        this.#settled(own, lane);
        return value;
      },
      (error: unknown) => {
        this.#settled(own, lane);
        throw error;
      },
    );
  }

  #wait<T>(work: Work<T>, caller: AttemptScope, lane: Lane): Promise<T> {
    const now = this.#clock.monotonic();
    const waitMs = Math.min(this.#maxWaitMs, caller.expiresAt - now);
    const isFull = this.#queued >= this.maxQueued || lane.waiting >= lane.maxWaiting;
    if (isFull || waitMs < SHORTEST_MS) {
      this.#turns.leave(lane);
      return Promise.reject(
        isFull ? this.#full(`all slots are taken, and ${this.#queued} executions wait`) : this.#noTimeLeft(),
      );
    }
    const call = new WaitingCall(this, lane, caller, now + waitMs);
    this.#queued += 1;
    this.#turns.push(call);
    this.#deadlines.add(call, waitMs, now);
    // Resolved from inside: handing the promise of the work on to an outer one would cost two more.
    const answer = new Promise<T>((resolve, reject) => {
      void call.turn.then(() => {
        this.#runAfterWait(work, caller, lane, resolve, reject);
      }, reject);
    });
    if (caller.abortable) caller.link(call);
    return answer;
  }

  #runAfterWait<T>(
    work: Work<T>,
    caller: AttemptScope,
    lane: Lane,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    // Cancelled after it was given its slot and before it could use it.
    if (caller.aborted) {
      this.#release(lane);
      this.#cancelled += 1;
      reject(cancelled(this.name, caller.reason));
      return;
    }
    const own = ownScope(caller);
    void runWork(work, own).then(
      (value) => {
        this.#settled(own, lane);
        resolve(value);
      },
      (error: unknown) => {
        this.#settled(own, lane);
        reject(error);
      },
    );
  }

  #giveUp(call: WaitingCall, error: ResilienceError): void {
    this.#turns.remove(call);
    this.#leaveQueue(call);
    call.refuse(error);
  }

  #leaveQueue(call: WaitingCall): void {
    this.#queued -= 1;
    this.#deadlines.remove(call);
    call.scope.unlink(call);
  }

  #settled(own: AttemptScope, lane: Lane): void {
    if (own.abandoned === 0) {
      this.#release(lane);
      return;
    }
    this.#abandoned += 1;
    own.onIdle = () => {
      own.onIdle = undefined;
      this.#abandoned -= 1;
      this.#release(lane);
    };
  }

  #release(lane: Lane): void {
    lane.running -= 1;
    this.#turns.leave(lane);
    const next = this.#turns.next();
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    next.lane.running += 1;
    this.#leaveQueue(next);
    next.grant();
  }

  #full(why: string): ResilienceError {
    this.#refused += 1;
    return refusal('BULKHEAD_FULL', this.name, `${this.name}: refused, because ${why}. Try again later.`);
  }

  #noTimeLeft(): ResilienceError {
    return new ResilienceError(
      'TIMEOUT',
      this.name,
      `${this.name}: not started, because the caller's deadline passes before a slot is free.`,
      { notStarted: true },
    );
  }
}

function ownScope(caller: AttemptScope): AttemptScope {
  return new AttemptScope(caller.attempt, caller, caller.expiresAt, caller.priority, undefined);
}

/**
 * Makes a policy that bounds how many executions run and wait at once; see {@link BulkheadPolicy}.
 * @throws ResilienceError OPTION_INVALID
 */
export function bulkhead(options: BulkheadOptions = {}): BulkheadPolicy {
  return new BulkheadPolicy(options);
}
