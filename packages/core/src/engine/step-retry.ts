import { checkCount, checkMs } from '../clock/clock.js';
import { kindOf } from '../json-data.js';
import type { FailedResult } from '../step-result.js';
import type { StepRetry } from './verbs.js';

/** What somebody asked for with `retry`, for a step or for a consumer. */

/** How many attempts there are in all. @throws RangeError or TypeError for an option that is none, before anything runs */
export function attemptsOf(retry: StepRetry | undefined): number {
  if (retry === undefined) return 1;
  if (typeof retry !== 'object' || retry === null) {
    throw new TypeError(`retry must be an object, got ${kindOf(retry)}`);
  }
  if (retry.baseMs !== undefined) checkMs('retry.baseMs', retry.baseMs);
  if (retry.capMs !== undefined) checkMs('retry.capMs', retry.capMs);
  if (retry.when !== undefined && typeof retry.when !== 'function') {
    throw new TypeError(`retry.when must be a function, got ${kindOf(retry.when)}`);
  }
  return checkCount('retry.maxAttempts', retry.maxAttempts ?? 3);
}

/** Whether such a failure is tried again. `thrown`: it was no returned result. */
export function mayRetry(retry: StepRetry | undefined, failure: FailedResult, thrown: boolean): boolean {
  if (retry?.when !== undefined) return retry.when(failure);
  // Whoever asked for retries says that it may run again; only a failure that says otherwise is final.
  return failure.retryable || (thrown && failure.errorCategory === 'execution');
}

/**
 * The pause after an attempt, in ms. Full jitter: anything from 0 to the doubled ceiling; what the failure asks for wins
 * within 5 s of it.
 *
 * @param attempt the one that failed, counted from 1
 */
export function pauseAfter(
  retry: StepRetry | undefined,
  attempt: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number {
  const { baseMs = 100, capMs = 5_000 } = retry ?? {};
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  const delayMs = Math.floor(random() * ceiling);
  return retryAfterMs === undefined ? delayMs : Math.max(delayMs, Math.min(retryAfterMs, delayMs + 5_000));
}
