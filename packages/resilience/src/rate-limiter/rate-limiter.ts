import type { Clock } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import {
  checkClock,
  checkCount,
  checkFunction,
  checkMs,
  checkName,
  checkNumber,
  contradiction,
  given,
} from '../options.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { RecentMap } from '../recent-map.js';
import { refusal, type ResilienceError } from '../resilience-error.js';
import { runWork } from '../run-work.js';
import { Bucket, type Rate } from './bucket.js';
import { WaitingPermit } from './waiting-permit.js';

/** How much is let through in which time, and what waits. */
export interface RateLimiterOptions {
  /** Executions per `perMs`, in the long run. @minimum above 0 */
  readonly permits: number;
  /** In ms. @minimum 1 */
  readonly perMs: number;
  /** Executions that may come at once after a pause. @default permits, rounded up @minimum 1 */
  readonly burst?: number;
  /** The bucket that an execution counts in, made from the `key` its caller gave ('' for none). @default that key itself */
  readonly key?: (key: string) => string;
  /** Keys told apart. More than so many in use at once share one bucket, so that made-up keys neither fill the memory nor pass the limit. @default 1_000 @minimum 1 */
  readonly maxKeys?: number;
  /** Longest wait for a permit, in ms; 0 refuses at once. Whoever would have to wait longer, or past its deadline, is refused at once. @default 0 */
  readonly maxWaitMs?: number;
  /** Executions of one key that wait, where `maxWaitMs` lets them; further ones are refused at once. @default 100 @minimum 0 */
  readonly maxQueued?: number;
  /** In errors and statistics. @default 'rate-limit' */
  readonly name?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A rate limiter at the moment it was asked. */
export interface RateLimiterStats {
  /** Keys with a bucket of their own now. */
  readonly keys: number;
  /** Executions waiting for a permit now. */
  readonly queued: number;
  /** Executions let through since it was made. */
  readonly allowed: number;
  /** Refused with RATE_LIMITED since it was made. */
  readonly refused: number;
  /** Cancelled by their callers while they waited, since it was made. */
  readonly cancelled: number;
}

/**
 * Bounds how often work is run, for each key apart: at most `burst + t · permits / perMs` executions in any stretch of `t` ms.
 *
 * - Refuses with RATE_LIMITED and `retryAfterMs`, after which there is a permit unless others take it first.
 * - With `maxWaitMs`, who can have a permit in time waits for it, first come, first served within its key. A caller that cancels leaves the line
 *   at once, and its permit goes to the next.
 * - Counts on the monotonic clock alone: steps of the wall clock change nothing.
 * - A key is forgotten only when its bucket is full again, so nothing is gained by making others forget it.
 */
export class RateLimiterPolicy implements Policy {
  readonly name: string;
  readonly #rate: Rate;
  readonly #keyOf: ((key: string) => string) | undefined;
  readonly #maxWaitMs: number;
  readonly #maxQueued: number;
  readonly #clock: Clock;
  readonly #buckets: RecentMap<Bucket>;
  readonly #shared: Bucket;
  #queued = 0;
  #allowed = 0;
  #refused = 0;
  #cancelled = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: RateLimiterOptions) {
    const name = (this.name = checkName('rate-limit', options));
    const clock = (this.#clock = checkClock(name, options.clock));
    const permits = checkNumber(name, 'permits', options.permits, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER);
    const intervalMs = checkMs(name, 'perMs', options.perMs, 1) / permits;
    const burst = checkCount(name, 'burst', given(options.burst, Math.ceil(permits)));
    checkMs(name, 'perMs / permits', intervalMs);
    this.#rate = { intervalMs, toleranceMs: (burst - 1) * intervalMs, clock };
    this.#keyOf = options.key === undefined ? undefined : checkFunction(name, 'key', options.key);
    this.#maxWaitMs = checkMs(name, 'maxWaitMs', given(options.maxWaitMs, 0));
    this.#maxQueued = checkCount(name, 'maxQueued', given(options.maxQueued, 100), 0);
    // Waiting that is turned off by name is no contradiction; waiting that was forgotten is.
    const isForgotten = options.maxWaitMs === undefined && options.maxQueued !== undefined;
    if (isForgotten ? this.#maxQueued > 0 : this.#maxWaitMs > 0 && this.#maxQueued === 0) {
      contradiction(
        name,
        `maxWaitMs is ${this.#maxWaitMs} and maxQueued is ${this.#maxQueued}, but waiting takes both`,
        'Give both, or neither',
      );
    }
    this.#buckets = new RecentMap(checkCount(name, 'maxKeys', given(options.maxKeys, 1_000)), (bucket) =>
      bucket.isFull(clock.monotonic()),
    );
    this.#shared = new Bucket(this.#rate);
  }

  get stats(): RateLimiterStats {
    return {
      keys: this.#buckets.size,
      queued: this.#queued,
      allowed: this.#allowed,
      refused: this.#refused,
      cancelled: this.#cancelled,
    };
  }

  /** Whether every bucket is full, and nobody waits: nothing would be lost with it. */
  get isIdle(): boolean {
    const now = this.#clock.monotonic();
    if (!this.#shared.isFull(now)) return false;
    for (const bucket of this.#buckets.values()) if (!bucket.isFull(now)) return false;
    return true;
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const caller = AttemptScope.of(options);
    if (caller.aborted) return Promise.reject(cancelled(this.name, caller.reason));
    let bucket: Bucket;
    try {
      bucket = this.#bucketOf(this.#keyOf === undefined ? caller.key : this.#keyOf(caller.key));
    } catch (error) {
      return Promise.reject(error);
    }
    const now = this.#clock.monotonic();
    const waitMs = bucket.take(now);
    if (waitMs === 0) {
      this.#allowed += 1;
      return runWork(work, caller);
    }
    if (waitMs > this.#maxWaitMs || waitMs >= caller.expiresAt - now || bucket.waiting >= this.#maxQueued) {
      return Promise.reject(this.#refusal(Math.ceil(waitMs)));
    }
    return this.#wait(work, caller, bucket, now);
  }

  async #wait<T>(work: Work<T>, caller: AttemptScope, bucket: Bucket, now: number): Promise<T> {
    this.#queued += 1;
    const granted = await new WaitingPermit(bucket, caller, now).granted;
    this.#queued -= 1;
    if (!granted || caller.aborted) {
      this.#cancelled += 1;
      throw cancelled(this.name, caller.reason);
    }
    this.#allowed += 1;
    return runWork(work, caller);
  }

  #bucketOf(key: string): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = new Bucket(this.#rate);
    return this.#buckets.add(key, bucket) ? bucket : this.#shared;
  }

  #refusal(retryAfterMs: number): ResilienceError {
    this.#refused += 1;
    return refusal(
      'RATE_LIMITED',
      this.name,
      `${this.name}: refused, because its rate is used up. Try again in ${retryAfterMs} ms.`,
      { retryAfterMs },
    );
  }
}

/**
 * Makes a policy that bounds how often work is run, by key; see {@link RateLimiterPolicy}.
 * @throws ResilienceError OPTION_INVALID
 */
export function rateLimiter(options: RateLimiterOptions): RateLimiterPolicy {
  return new RateLimiterPolicy(options);
}
