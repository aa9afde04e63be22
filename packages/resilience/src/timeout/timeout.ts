import type { Clock } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { DeadlineList } from '../deadline-list.js';
import { checkClock, checkMs, checkName } from '../options.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { TimedCall } from './timed-call.js';

/** How long work may take. */
export interface TimeoutOptions {
  /** How long the work may take, in ms, at most 2,147,483,647. @minimum 1 */
  readonly ms: number;
  /** In errors and statistics. @default 'timeout' */
  readonly name?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** Counted since the policy was made, except for what says "now". */
export interface TimeoutStats {
  /** Executions running now whose caller waits. */
  readonly pending: number;
  /** Answered with TIMEOUT after the work had begun. */
  readonly timedOut: number;
  /** Answered with CANCELLED after the work had begun. */
  readonly cancelled: number;
  /** Refused because there was less than 1 ms left. */
  readonly notStarted: number;
  /** Work running now although its caller has been answered. */
  readonly abandoned: number;
  /** Values that came after the answer, and were dropped. */
  readonly lateResults: number;
  /** Rejections that came after the answer, and were dropped. */
  readonly lateFailures: number;
}

const SHORTEST_MS = 1;

/**
 * Ends the waiting for work that takes too long.
 *
 * - After `ms`, or at the caller's `expiresAt` if that comes first, the attempt's signal is aborted (its reason is the error) and
 *   the execution rejects with TIMEOUT. When the caller's signal fires it rejects with CANCELLED at once. Whichever of
 *   value, rejection, time-out and cancel comes first decides; what comes later is counted and dropped.
 * - **Work that ignores its signal goes on**, with its effects; {@link TimeoutStats.abandoned} says how much does. Scopes
 *   further out are told, so that a bulkhead keeps its slot taken.
 * - With less than 1 ms left, or after the caller's cancel, the work is not run.
 * - All executions share one timer, which holds the process open only while one of them is pending.
 */
export class TimeoutPolicy implements Policy {
  readonly name: string;
  readonly ms: number;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineList;
  readonly #counts = { timedOut: 0, cancelled: 0, abandoned: 0, lateResults: 0, lateFailures: 0 };
  #notStarted = 0;

  /** @throws ResilienceError OPTION_INVALID for an `ms` that is no number from 1 to 2,147,483,647 */
  constructor(options: TimeoutOptions) {
    this.name = checkName('timeout', options);
    this.ms = checkMs(this.name, 'ms', options.ms, SHORTEST_MS);
    this.#clock = checkClock(this.name, options.clock);
    this.#deadlines = new DeadlineList(this.#clock, this.ms);
  }

  get stats(): TimeoutStats {
    return { ...this.#counts, pending: this.#deadlines.size, notStarted: this.#notStarted };
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const parent = AttemptScope.of(options);
    if (parent.aborted) return Promise.reject(cancelled(this.name, parent.reason));
    const now = this.#clock.monotonic();
    let lengthMs = this.ms;
    let expiresAt = now + lengthMs;
    if (parent.expiresAt < expiresAt) {
      expiresAt = parent.expiresAt;
      lengthMs = expiresAt - now;
      if (lengthMs < SHORTEST_MS) return Promise.reject(this.#noTimeLeft());
    }
    const call = new TimedCall<T>(this.name, lengthMs, parent, expiresAt, this.#deadlines, this.#counts);
    return call.start(work, now);
  }

  #noTimeLeft(): ResilienceError {
    this.#notStarted += 1;
    return new ResilienceError(
      'TIMEOUT',
      this.name,
      `${this.name}: not started, because the caller's deadline leaves less than ${SHORTEST_MS} ms.`,
      { notStarted: true },
    );
  }
}

/**
 * Makes a policy that ends the waiting after `ms`.
 * @throws ResilienceError OPTION_INVALID for an `ms` that is no number from 1 to 2,147,483,647
 */
export function timeout(options: TimeoutOptions): TimeoutPolicy {
  return new TimeoutPolicy(options);
}
