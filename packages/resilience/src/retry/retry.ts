import { type FailedResult, StepResult } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { notify } from '../notify.js';
import { classify, classifyRejection, classifyValue, type Failure } from '../outcome.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { runWork } from '../run-work.js';
import { backOff } from './back-off-sleep.js';
import { backoffMs, withHint } from './backoff.js';
import type { RetryBudget } from './retry-budget.js';
import { isMarked, markRejection, markResult, type RetryMarks } from './retry-marks.js';
import { type ResolvedRetryOptions, resolveRetryOptions, type RetryOptions } from './retry-options.js';
import { RunningMedian } from './running-median.js';

/** Counted since the policy was made. */
export interface RetryStats {
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Executions that succeeded after at least one retry. */
  readonly recovered: number;
  /** Executions that failed after the last of their attempts. */
  readonly exhausted: number;
  /** Executions that failed because the budget granted no further attempt. */
  readonly budgetRefused: number;
}

/** What came of an attempt that failed: what was returned or thrown, and what it means. */
interface FailedAttempt<T> {
  readonly failure: Failure;
  readonly rejected: boolean;
  readonly value: T | undefined;
}

type Verdict = { readonly delayMs: number } | 'exhausted' | 'budget' | 'final';

/**
 * Runs work again that failed in a way that may pass.
 *
 * Another attempt is made only if all hold: the failure is retryable (transient, by its category) · the work is idempotent, or a policy
 * inside refused it before it ran · attempts are left · the caller has not cancelled · the caller's `expiresAt` leaves
 * more than the back-off and the median time of a good attempt · no retry policy further in has dealt with the same failure ·
 * the budget grants it. Otherwise the failure comes back as it was.
 *
 * - Back-off: full jitter, `floor(random · min(capMs, baseMs · 2^retry))`. A `retryAfterMs` of the failure wins within
 *   bounds: never sooner than the back-off, at most 5 s later. The caller's cancel ends it at once, with CANCELLED.
 * - An open circuit is retried only if its whole wait fits a deadline of the caller; without a deadline it is not.
 * - Nested policies do not multiply: only the innermost retries. It marks what it gives up on (`metadata` of a failed
 *   result, or of the result in a rejection: `retried: true`, `attempts`, and `retry_budget_exhausted: true` where the budget was
 *   the reason), and one further out lets a marked failure pass. Other rejections stay the same object; for them the
 *   attempt of the outer policy carries the mark, where it was passed on as the options of the inner one.
 *
 * Sources: full jitter and hint bounds, AWS; three attempts and the budget, Google's SRE book; see {@link RetryBudget}.
 */
export class RetryPolicy implements Policy {
  readonly name: string;
  readonly #options: ResolvedRetryOptions;
  readonly #budget: RetryBudget;
  readonly #typicalMs = new RunningMedian();
  #retries = 0;
  #recovered = 0;
  #exhausted = 0;
  #budgetRefused = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: RetryOptions = {}) {
    this.#options = resolveRetryOptions(options);
    this.name = this.#options.name;
    this.#budget = this.#options.budget;
  }

  get stats(): RetryStats {
    return {
      retries: this.#retries,
      recovered: this.#recovered,
      exhausted: this.#exhausted,
      budgetRefused: this.#budgetRefused,
    };
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const caller = AttemptScope.of(options);
    if (caller.aborted) return Promise.reject(cancelled(this.name, caller.reason));
    // A scope just made is nobody else's, and can be the first attempt itself.
    const first = caller === options ? attemptOf(caller, 1) : caller;
    const startedAt = caller.expiresAt === Infinity ? undefined : this.#options.clock.monotonic();
    this.#budget.begin();
    return runWork(work, first).then(
      (value) => {
        const failed = this.#failedValue(value);
        if (failed !== undefined) return this.#retry(work, caller, first, failed);
        this.#budget.end();
        if (startedAt !== undefined) this.#typicalMs.add(this.#options.clock.monotonic() - startedAt);
        return value;
      },
      (error: unknown) => {
        const failed = this.#failedRejection<T>(error);
        if (failed !== undefined) return this.#retry(work, caller, first, failed);
        this.#budget.end();
        throw error;
      },
    );
  }

  async #retry<T>(
    work: Work<T>,
    caller: AttemptScope,
    first: AttemptScope,
    firstFailed: FailedAttempt<T>,
  ): Promise<T> {
    let failed = firstFailed;
    let scope = first;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const verdict = this.#decide(failed.failure, scope, caller, attempt);
        if (typeof verdict === 'string') return this.#giveUp(failed, caller, attempt, verdict);
        // The budget's grant is held from here on.
        try {
          await this.#wait(failed.failure, caller, attempt, verdict.delayMs);
          scope = attemptOf(caller, attempt + 1);
          this.#retries += 1;
          const startedAt = this.#options.clock.monotonic();
          const again = await this.#attempt(work, scope);
          if (again.failed === undefined) {
            this.#recovered += 1;
            this.#typicalMs.add(this.#options.clock.monotonic() - startedAt);
            return again.value;
          }
          failed = again.failed;
        } finally {
          this.#budget.endRetry();
        }
      }
    } finally {
      this.#budget.end();
    }
  }

  /** @throws ResilienceError CANCELLED when the caller cancels meanwhile */
  async #wait(failure: Failure, caller: AttemptScope, attempt: number, delayMs: number): Promise<void> {
    const { onRetry, clock } = this.#options;
    if (onRetry !== undefined) notify(onRetry, { policy: this.name, attempt, delayMs, failure });
    // The listener may have been who cancelled.
    const slept = !caller.aborted && (await backOff(clock, caller, delayMs));
    if (!slept || caller.aborted) throw cancelled(this.name, caller.reason);
  }

  async #attempt<T>(
    work: Work<T>,
    scope: AttemptScope,
  ): Promise<{ value: T; failed?: undefined } | { failed: FailedAttempt<T> }> {
    try {
      const value = await runWork(work, scope);
      const failed = this.#failedValue(value);
      return failed === undefined ? { value } : { failed };
    } catch (error) {
      const failed = this.#failedRejection<T>(error);
      if (failed === undefined) throw error;
      return { failed };
    }
  }

  #failedValue<T>(value: T): FailedAttempt<T> | undefined {
    const rule = this.#options.classify;
    const outcome = rule === undefined ? classifyValue(value) : classify({ ok: true, value }, rule);
    return outcome.kind === 'success' ? undefined : { failure: outcome, rejected: false, value };
  }

  #failedRejection<T>(error: unknown): FailedAttempt<T> | undefined {
    const rule = this.#options.classify;
    const outcome = rule === undefined ? classifyRejection(error) : classify({ ok: false, error }, rule);
    return outcome.kind === 'success' ? undefined : { failure: outcome, rejected: true, value: undefined };
  }

  /** How long to wait before another attempt, or why there is none. A wait means that the budget has granted it. */
  #decide(failure: Failure, scope: AttemptScope, caller: AttemptScope, attempt: number): Verdict {
    const { attempts, idempotent, baseMs, throttledBaseMs, capMs, random, clock } = this.#options;
    if (isMarked(failure) || scope.retried || caller.aborted) return 'final';
    if (!idempotent && !failure.beforeEffect) return 'final';
    if (!this.#mayHelp(failure, attempt)) return 'final';
    if (attempt >= attempts) return 'exhausted';
    const base = failure.throttled ? throttledBaseMs : baseMs;
    let delayMs = backoffMs(attempt - 1, base, Math.max(base, capMs), random);
    if (failure.category === 'circuit_breaker_open') {
      if (failure.retryAfterMs === undefined || caller.expiresAt === Infinity) return 'final';
      delayMs = Math.max(delayMs, failure.retryAfterMs);
    } else {
      delayMs = withHint(delayMs, failure.retryAfterMs);
    }
    if (
      caller.expiresAt !== Infinity &&
      clock.monotonic() + delayMs + this.#typicalMs.value >= caller.expiresAt
    ) {
      return 'final';
    }
    return this.#budget.tryRetry() ? { delayMs } : 'budget';
  }

  #mayHelp(failure: Failure, attempt: number): boolean {
    const { shouldRetry } = this.#options;
    if (shouldRetry === undefined) return failure.retryable;
    try {
      return shouldRetry(failure, attempt);
    } catch {
      return false;
    }
  }

  /** Returns, or throws, what the last attempt came to. */
  #giveUp<T>(failed: FailedAttempt<T>, caller: AttemptScope, attempts: number, why: Verdict): T {
    if (why === 'exhausted' && attempts > 1) this.#exhausted += 1;
    if (why === 'budget') this.#budgetRefused += 1;
    const { failure, rejected } = failed;
    if ((attempts === 1 && why !== 'budget') || isMarked(failure)) {
      if (rejected) throw failure.thrown;
      return failed.value as T;
    }
    const marks: RetryMarks = {
      retried: true,
      attempts,
      ...(why === 'budget' ? { retry_budget_exhausted: true } : {}),
    };
    if (rejected) {
      const marked = markRejection(failure, marks);
      if (marked === failure.thrown) caller.markRetried();
      throw marked;
    }
    // A failed result is what T is here; a plain value that a rule called a failure has no place for a mark.
    return isFailedResult(failed.value)
      ? (markResult(failed.value, marks, failure) as T)
      : (failed.value as T);
  }
}

function isFailedResult(value: unknown): value is FailedResult {
  return StepResult.isResult(value) && value.status === 'failed';
}

function attemptOf(caller: AttemptScope, attempt: number): AttemptScope {
  return new AttemptScope(attempt, caller, caller.expiresAt, caller.priority, undefined);
}

/**
 * Makes a policy that runs transiently failing work again; see {@link RetryPolicy}.
 * @throws ResilienceError OPTION_INVALID
 */
export function retry(options: RetryOptions = {}): RetryPolicy {
  return new RetryPolicy(options);
}
