import type { Clock } from '@kapelle/core';

import { checkClock, checkCount, checkMs, checkNumber, checkOptions, given } from '../options.js';

/** How many retries are allowed for how much work. */
export interface RetryBudgetOptions {
  /** Length of the sliding window, in ms. @default 10_000 @minimum 10 */
  readonly windowMs?: number;
  /** Retries allowed per first attempt in the window, 0 to 1. @default 0.1 */
  readonly ratio?: number;
  /** Retries allowed per window however few first attempts there are. @default 10 (one per second) @minimum 0 */
  readonly minRetries?: number;
  /** Share of the running executions that may be in a retry at once, 0 to 1. @default 0.2 */
  readonly concurrentRatio?: number;
  /** Executions that may be in a retry at once however few are running. @default 3 @minimum 0 */
  readonly minConcurrent?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A retry budget at the moment it was asked. */
export interface RetryBudgetStats {
  /** First attempts in the window. */
  readonly first: number;
  /** Retries in the window. */
  readonly retries: number;
  /** Executions running now. */
  readonly inFlight: number;
  /** Of these, in a retry or waiting for it. */
  readonly retriesInFlight: number;
  /** Retries refused since the budget was made. */
  readonly refused: number;
}

const BUCKETS = 10;
const NAME = 'retry-budget';

/**
 * How many attempts beyond the first everybody who calls one dependency may make together. Without one, a retry policy multiplies
 * the load of a dependency that is down already.
 *
 * A retry is granted while `retries < max(minRetries, ratio · first)` over the window and
 * `retriesInFlight < max(minConcurrent, concurrentRatio · inFlight)`. The window is a ring of ten buckets on the
 * monotonic clock, so a long healthy time saves nothing up and an outage leaves no debt (Finagle's expiring buckets; the
 * concurrency bound is Envoy's; 10 % is Google's SRE book). A retry is in flight from its grant, its back-off included.
 *
 * Share one per dependency: between the retry and hedging policies of that dependency, in the whole process.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #bucketMs: number;
  readonly #ratio: number;
  readonly #minRetries: number;
  readonly #concurrentRatio: number;
  readonly #minConcurrent: number;
  readonly #firsts = new Array<number>(BUCKETS).fill(0);
  readonly #retried = new Array<number>(BUCKETS).fill(0);
  #tick = 0;
  #first = 0;
  #retries = 0;
  #inFlight = 0;
  #retriesInFlight = 0;
  #refused = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: RetryBudgetOptions = {}) {
    checkOptions(NAME, options);
    this.#clock = checkClock(NAME, options.clock);
    this.#bucketMs = checkMs(NAME, 'windowMs', given(options.windowMs, 10_000), 10) / BUCKETS;
    this.#ratio = checkNumber(NAME, 'ratio', given(options.ratio, 0.1), 0, 1);
    this.#minRetries = checkCount(NAME, 'minRetries', given(options.minRetries, 10), 0);
    this.#concurrentRatio = checkNumber(NAME, 'concurrentRatio', given(options.concurrentRatio, 0.2), 0, 1);
    this.#minConcurrent = checkCount(NAME, 'minConcurrent', given(options.minConcurrent, 3), 0);
  }

  /** A budget that grants everything. Only where something else bounds the load. */
  static unlimited(): RetryBudget {
    const most = Number.MAX_SAFE_INTEGER;
    return new RetryBudget({ minRetries: most, minConcurrent: most });
  }

  get stats(): RetryBudgetStats {
    this.#advance();
    return {
      first: this.#first,
      retries: this.#retries,
      inFlight: this.#inFlight,
      retriesInFlight: this.#retriesInFlight,
      refused: this.#refused,
    };
  }

  /** An execution begins with its first attempt. Every one must {@link end}. */
  begin(): void {
    const slot = this.#advance();
    this.#firsts[slot] = (this.#firsts[slot] ?? 0) + 1;
    this.#first += 1;
    this.#inFlight += 1;
  }

  /** An execution has ended. */
  end(): void {
    this.#inFlight -= 1;
  }

  /** Asks for one more attempt. Where it says true, {@link endRetry} must follow when that attempt has ended. */
  tryRetry(): boolean {
    const slot = this.#advance();
    if (
      this.#retries >= Math.max(this.#minRetries, this.#ratio * this.#first) ||
      this.#retriesInFlight >= Math.max(this.#minConcurrent, this.#concurrentRatio * this.#inFlight)
    ) {
      this.#refused += 1;
      return false;
    }
    this.#retried[slot] = (this.#retried[slot] ?? 0) + 1;
    this.#retries += 1;
    this.#retriesInFlight += 1;
    return true;
  }

  /** A granted attempt has ended, or will not be made after all. */
  endRetry(): void {
    this.#retriesInFlight -= 1;
  }

  /** Empties what is older than the window, by elapsed time; returns the present bucket. */
  #advance(): number {
    const tick = Math.floor(this.#clock.monotonic() / this.#bucketMs);
    if (tick !== this.#tick) {
      const stale = Math.min(BUCKETS, tick - this.#tick);
      for (let step = 1; step <= stale; step += 1) {
        const slot = (this.#tick + step) % BUCKETS;
        this.#first -= this.#firsts[slot] ?? 0;
        this.#retries -= this.#retried[slot] ?? 0;
        this.#firsts[slot] = 0;
        this.#retried[slot] = 0;
      }
      this.#tick = tick;
    }
    return tick % BUCKETS;
  }
}
