import { StepResult } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { checkFunction, checkName, given } from '../options.js';
import { classifyRejection, classifyValue, type Failure } from '../outcome.js';
import type { Attempt, ExecuteOptions, Policy, Work } from '../policy.js';
import { runWork } from '../run-work.js';
import { copyOfFailure } from '../copy-of-failure.js';

/** What answers instead, and for which failures. */
export interface FallbackOptions {
  /**
   * Makes the answer instead. Gets the failure and the attempt, whose signal it should heed. A failed StepResult, and a rejection, mean
   * that it has no answer either.
   */
  readonly fallback: (failure: Failure, attempt: Attempt) => unknown;
  /**
   * Whether this failure is one to answer instead. One that throws says no.
   * @default failures of what was called, and whatever is retryable: time-outs, open circuits, limits; not the caller's
   * mistakes, missing rights, or bugs of this side
   */
  readonly shouldHandle?: (failure: Failure) => boolean;
  /** In errors and statistics. @default 'fallback' */
  readonly name?: string;
}

/** Counted since the policy was made. */
export interface FallbackStats {
  /** Executions answered by the fallback. */
  readonly answered: number;
  /** Executions for which it had no answer either. */
  readonly failed: number;
}

/** The failure as the caller would have had it. */
interface Original<T> {
  readonly rejected: boolean;
  readonly value: T | undefined;
}

/**
 * Answers in another way where work has failed for good: from a cache, a simpler model, a constant. Belongs outside of every
 * other policy. The caller's cancel is never answered.
 *
 * The answer says what it is. A StepResult that the fallback returns, and a plain value where the work returned a failed
 * StepResult, becomes an `uncertain` result with `metadata.fallback: true` and `metadata.fallback_for`, the category of the
 * failure; a skipped one stays skipped, with the same metadata. A plain value where the work *rejected* is returned as it is: its
 * caller does not deal in StepResults. Where the fallback fails too, the first failure comes back, because it is the one to mend;
 * a failed result then has a warning that says so.
 */
export class FallbackPolicy implements Policy {
  readonly name: string;
  readonly #fallback: FallbackOptions['fallback'];
  readonly #shouldHandle: (failure: Failure) => boolean;
  #answered = 0;
  #failed = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: FallbackOptions) {
    this.name = checkName('fallback', options);
    this.#fallback = checkFunction(this.name, 'fallback', options.fallback);
    this.#shouldHandle = checkFunction(this.name, 'shouldHandle', given(options.shouldHandle, isWorthIt));
  }

  get stats(): FallbackStats {
    return { answered: this.#answered, failed: this.#failed };
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const scope = AttemptScope.of(options);
    if (scope.aborted) return Promise.reject(cancelled(this.name, scope.reason));
    return runWork(work, scope).then(
      (value) => {
        const outcome = classifyValue(value);
        if (outcome.kind === 'success' || !this.#handles(outcome, scope)) return value;
        return this.#answer(outcome, { rejected: false, value }, scope);
      },
      (error: unknown) => {
        const failure = classifyRejection(error);
        if (!this.#handles(failure, scope)) throw error;
        return this.#answer<T>(failure, { rejected: true, value: undefined }, scope);
      },
    );
  }

  #handles(failure: Failure, scope: AttemptScope): boolean {
    if (scope.aborted || failure.category === 'cancelled') return false;
    try {
      return this.#shouldHandle(failure);
    } catch {
      return false;
    }
  }

  async #answer<T>(failure: Failure, original: Original<T>, scope: AttemptScope): Promise<T> {
    let answer: unknown;
    let problem: Failure;
    try {
      answer = await this.#fallback(failure, scope);
      const outcome = classifyValue(answer);
      if (outcome.kind === 'success') {
        this.#answered += 1;
        // The policy is generic in what the work returns; that its fallback returns the like is up to its user.
        return marked(answer, failure, original.rejected) as T;
      }
      problem = outcome;
    } catch (error) {
      problem = classifyRejection(error);
    }
    this.#failed += 1;
    if (original.rejected) throw failure.thrown;
    return withWarning(original.value as T, problem);
  }
}

function isWorthIt(failure: Failure): boolean {
  return failure.kind === 'failure' || failure.retryable;
}

function marked(answer: unknown, failure: Failure, rejected: boolean): unknown {
  const metadata = { fallback: true, fallback_for: failure.category };
  const reason = `Answered by the fallback, after a failure of category ${failure.category}.`;
  if (!StepResult.isResult(answer)) {
    return rejected ? answer : StepResult.uncertain(answer, { metadata, reason });
  }
  const extra = { metadata: { ...answer.metadata, ...metadata }, warnings: answer.warnings };
  switch (answer.status) {
    case 'skipped':
      return StepResult.skip(answer.reason, extra);
    case 'ok':
      return StepResult.uncertain(answer.data, { ...extra, reason });
    case 'uncertain':
      return StepResult.uncertain(answer.data, { ...extra, reason: answer.reason ?? reason });
    case 'failed':
      return answer;
  }
}

function withWarning<T>(value: T, problem: Failure): T {
  if (!StepResult.isResult(value) || value.status !== 'failed') return value;
  const why = problem.result.status === 'failed' ? problem.result.error : problem.result.reason;
  return copyOfFailure(value, {
    warnings: [...value.warnings, `The fallback had no answer either: ${why}`],
  }) as T;
}

/**
 * Makes a policy that answers in another way where work has failed; see {@link FallbackPolicy}.
 * @throws ResilienceError OPTION_INVALID
 */
export function fallback(options: FallbackOptions): FallbackPolicy {
  return new FallbackPolicy(options);
}
