import type { Clock } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { checkClock, checkCount, checkFunction, checkMs, checkName, checkNumber, given } from '../options.js';
import { classify, type ClassifyRule, type Outcome, type Settled } from '../outcome.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { refusal } from '../resilience-error.js';
import { runWork } from '../run-work.js';
import { shareOf } from '../share-of.js';
import { RollingWindow } from './rolling-window.js';

/** How soon an adaptive throttle refuses. */
export interface AdaptiveThrottleOptions {
  /** Requests sent per accepted one before any is refused; the lower, the sooner. 1 to 100. @default 2 */
  readonly multiplier?: number;
  /** Length of the sliding window, in ms; ten buckets. @default 120_000 @minimum 10 */
  readonly windowMs?: number;
  /** Refuses nothing with fewer requests in the window. @default 20 @minimum 0 */
  readonly minimumCalls?: number;
  /** What counts as accepted, as failed, or not at all; asked before the default rule. */
  readonly classify?: ClassifyRule;
  /** In errors and statistics. @default 'adaptive-throttle' */
  readonly name?: string;
  /** From 0 to 1, 1 excluded; decides who is refused. @default Math.random */
  readonly random?: () => number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** An adaptive throttle at the moment it was asked. */
export interface AdaptiveThrottleStats {
  /** Requests in the window, those refused here included. */
  readonly requests: number;
  /** Of these, those that succeeded. */
  readonly accepts: number;
  /** Probability that the next one is refused, 0 to 1. */
  readonly refusalRatio: number;
  /** Refused since the policy was made. */
  readonly refused: number;
}

/**
 * The smooth alternative to a circuit breaker: refuses with the probability
 * `max(0, (requests − multiplier · accepts) / (requests + 1))` over the window, so a dependency that fails half of the time still gets
 * as much as it can bear. Refused requests count as requests, so the refusals grow while it stays down, and there are always
 * some that go through and find out. Rejects with CIRCUIT_OPEN, without `retryAfterMs`.
 *
 * What counts is as with a breaker: an outcome that says nothing of the dependency is neither a request nor an accept.
 *
 * Source: client-side throttling, "Handling Overload", Site Reliability Engineering (Google, 2016), with K = 2 over two minutes;
 * `minimumCalls` is added, because by the formula alone the first failure refuses every second call.
 */
export class AdaptiveThrottle implements Policy {
  readonly name: string;
  readonly #multiplier: number;
  readonly #minimumCalls: number;
  readonly #classify: ClassifyRule | undefined;
  readonly #random: () => number;
  readonly #clock: Clock;
  readonly #window: RollingWindow;
  #refused = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: AdaptiveThrottleOptions = {}) {
    const name = (this.name = checkName('adaptive-throttle', options));
    this.#multiplier = checkNumber(name, 'multiplier', given(options.multiplier, 2), 1, 100);
    this.#minimumCalls = checkCount(name, 'minimumCalls', given(options.minimumCalls, 20), 0);
    this.#window = new RollingWindow(checkMs(name, 'windowMs', given(options.windowMs, 120_000), 10));
    this.#random = checkFunction(name, 'random', given(options.random, Math.random));
    if (options.classify !== undefined) checkFunction(name, 'classify', options.classify);
    this.#classify = options.classify;
    this.#clock = checkClock(name, options.clock);
  }

  get stats(): AdaptiveThrottleStats {
    this.#window.advance(this.#clock.monotonic());
    const { calls, bad } = this.#window;
    return {
      requests: calls,
      accepts: calls - bad,
      refusalRatio: this.#refusalRatio(),
      refused: this.#refused,
    };
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const scope = AttemptScope.of(options);
    if (scope.aborted) return Promise.reject(cancelled(this.name, scope.reason));
    const now = this.#clock.monotonic();
    this.#window.advance(now);
    const ratio = this.#refusalRatio();
    if (ratio > 0 && shareOf(this.#random) < ratio) {
      this.#window.add(now, true, false);
      this.#refused += 1;
      return Promise.reject(
        refusal(
          'CIRCUIT_OPEN',
          this.name,
          `${this.name}: refused, because the dependency accepts too few requests (${Math.round(ratio * 100)} % are being refused). Try again later.`,
        ),
      );
    }
    return runWork(work, scope).then(
      (value) => {
        this.#completed({ ok: true, value }, scope);
        return value;
      },
      (error: unknown) => {
        this.#completed({ ok: false, error }, scope);
        throw error;
      },
    );
  }

  #refusalRatio(): number {
    const { calls, bad } = this.#window;
    if (calls < this.#minimumCalls) return 0;
    return Math.max(0, (calls - this.#multiplier * (calls - bad)) / (calls + 1));
  }

  #completed(settled: Settled, scope: AttemptScope): void {
    const outcome: Outcome = classify(settled, this.#classify);
    if (outcome.kind === 'ignored' || (outcome.kind === 'failure' && scope.aborted)) return;
    this.#window.add(this.#clock.monotonic(), outcome.kind === 'failure', false);
  }
}

/**
 * Makes an adaptive throttle; see {@link AdaptiveThrottle}.
 * @throws ResilienceError OPTION_INVALID
 */
export function adaptiveThrottle(options: AdaptiveThrottleOptions = {}): AdaptiveThrottle {
  return new AdaptiveThrottle(options);
}
