import type { Clock } from '@kapelle/core';

import {
  checkClock,
  checkCount,
  checkFlag,
  checkFunction,
  checkMs,
  checkName,
  checkOrder,
  given,
} from '../options.js';
import type { ClassifyRule, Failure } from '../outcome.js';
import { ResilienceError } from '../resilience-error.js';
import { RetryBudget } from './retry-budget.js';

/** A retry that has been decided, before its back-off. */
export interface RetryEvent {
  /** Name of the policy. */
  readonly policy: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Wait before the next one, in ms. */
  readonly delayMs: number;
  readonly failure: Failure;
}

/** How often, after which pauses and for which failures work is tried again. */
export interface RetryOptions {
  /** Attempts in all, the first included; 1 means no retry. @default 3 @minimum 1 */
  readonly attempts?: number;
  /** Ceiling of the first back-off, in ms; doubled for each further one. @default 100 @minimum 0 */
  readonly baseMs?: number;
  /** Highest ceiling of a back-off, in ms. @default 5_000 @minimum baseMs */
  readonly capMs?: number;
  /** Instead of baseMs after `rate_limit` and `service_overloaded`; not above `capMs` where both are given. @default 500 @minimum 0 */
  readonly throttledBaseMs?: number;
  /**
   * Whether the work may safely run again after it has had effects. Without it only a refusal that a policy inside
   * rejected with (open circuit, full bulkhead, rate limit, shed load, no time left) is retried. @default true
   */
  readonly idempotent?: boolean;
  /** What all callers of the dependency may retry together. @default one of its own, with the budget's defaults */
  readonly budget?: RetryBudget;
  /**
   * Whether another attempt may help; replaces the category's word (`failure.retryable`) and nothing else. One that
   * throws says no.
   */
  readonly shouldRetry?: (failure: Failure, attempt: number) => boolean;
  /** What counts as a failure at all. */
  readonly classify?: ClassifyRule;
  /** Called before each back-off. What it throws is dropped. */
  readonly onRetry?: (event: RetryEvent) => void;
  /** In errors and statistics. @default 'retry' */
  readonly name?: string;
  /** From 0 to 1, 1 excluded; for the jitter. @default Math.random */
  readonly random?: () => number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** The options with their defaults, checked. */
export interface ResolvedRetryOptions {
  readonly name: string;
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly throttledBaseMs: number;
  readonly idempotent: boolean;
  readonly budget: RetryBudget;
  readonly shouldRetry: RetryOptions['shouldRetry'];
  readonly classify: ClassifyRule | undefined;
  readonly onRetry: RetryOptions['onRetry'];
  readonly random: () => number;
  readonly clock: Clock;
}

/** @throws ResilienceError OPTION_INVALID */
export function resolveRetryOptions(options: RetryOptions): ResolvedRetryOptions {
  const name = checkName('retry', options);
  const clock = checkClock(name, options.clock);
  const baseMs = checkMs(name, 'baseMs', given(options.baseMs, 100));
  const capMs = checkMs(name, 'capMs', given(options.capMs, Math.max(5_000, baseMs)));
  checkOrder(name, ['baseMs', baseMs], ['capMs', capMs]);
  const throttledBaseMs = given(options.throttledBaseMs, Math.max(500, baseMs));
  checkMs(name, 'throttledBaseMs', throttledBaseMs);
  if (options.throttledBaseMs !== undefined && options.capMs !== undefined) {
    checkOrder(name, ['throttledBaseMs', throttledBaseMs], ['capMs', capMs]);
  }
  const budget = given(options.budget, new RetryBudget({ clock }));
  if (!(budget instanceof RetryBudget)) {
    throw new ResilienceError(
      'OPTION_INVALID',
      name,
      `${name}: budget must be a RetryBudget. Make one with new RetryBudget().`,
    );
  }
  for (const option of ['shouldRetry', 'classify', 'onRetry'] as const) {
    if (options[option] !== undefined) checkFunction(name, option, options[option]);
  }
  return {
    name,
    attempts: checkCount(name, 'attempts', given(options.attempts, 3)),
    baseMs,
    capMs,
    throttledBaseMs,
    idempotent: checkFlag(name, 'idempotent', given(options.idempotent, true)),
    budget,
    shouldRetry: options.shouldRetry,
    classify: options.classify,
    onRetry: options.onRetry,
    random: checkFunction(name, 'random', given(options.random, Math.random)),
    clock,
  };
}
