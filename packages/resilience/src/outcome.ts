import { type ErrorCategory, FailedResult, SkippedResult, StepResult } from '@kapelle/core';

import { failureTraits, saysNotStarted } from './failure-traits.js';
import { ResilienceError } from './resilience-error.js';

/** It worked: any value that is not a failed StepResult; `skipped` and `uncertain` results are successes too. */
export interface Success {
  readonly kind: 'success';
}

/** It did not work. */
export interface Failure {
  /**
   * `failure`: it says something about the health of what was called; a breaker counts it.
   * `ignored`: it says nothing about it: the caller cancelled or asked for something wrong, a limit of this side refused
   * it, or this side's own code has a bug.
   */
  readonly kind: 'failure' | 'ignored';
  readonly category: ErrorCategory;
  /** Whether another attempt may help: the failed result's own word, else what its category says. */
  readonly retryable: boolean;
  /**
   * Nothing has happened yet: a policy inside rejected with its refusal. False for failed results, which may pass on a
   * refusal that came after other effects of the work.
   */
  readonly beforeEffect: boolean;
  /** Refused for load (`rate_limit`, `service_overloaded`): back off for longer. */
  readonly throttled: boolean;
  /** When to come back, in ms, where it said so. */
  readonly retryAfterMs: number | undefined;
  /** The rejection; undefined where a failed result came back. */
  readonly thrown: unknown;
  /** The same as a StepResult. */
  readonly result: FailedResult | SkippedResult;
}

/** What came back from work. Narrow on `kind`. */
export type Outcome = Success | Failure;

/** What settled: a value, or a rejection. */
export type Settled =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/**
 * A user's own rule, asked before the default one. `undefined` leaves it to the default; a rule that throws counts as
 * `undefined`. Called once per settled execution, so it has to be quick. A plain value called a `failure` has the category
 * `transient` and is retryable; the category of everything else stays what it is.
 */
export type ClassifyRule = (settled: Settled) => Outcome['kind'] | undefined;

/** The one success there is, so that classifying it makes nothing. */
export const SUCCESS: Success = Object.freeze({ kind: 'success' });

/**
 * What a value says that work resolved to: {@link SUCCESS} unless it is a failed StepResult.
 *
 * Defaults by category. `ignored`: caller's mistakes (validation and its kin, not_found, authentication, authorization,
 * permission_denied, broken rules), `cancelled`, refusals by a limit (`rate_limit`, `quota_exceeded`,
 * `service_overloaded`, `circuit_breaker_open`), `configuration`, problems of the data (`parsing_error`,
 * `transformation_error`, `computation_error`), `depth_exceeded`, `cycle_detected`, and `execution` caused by a programming
 * error (TypeError, ReferenceError, RangeError, SyntaxError, EvalError, URIError, AssertionError). All others are
 * `failure`. A time-out before the work began is `ignored`.
 */
export function classifyValue(value: unknown): Outcome {
  if (typeof value !== 'object' || value === null) return SUCCESS;
  if (!StepResult.isResult(value) || value.status !== 'failed') return SUCCESS;
  return failureFrom(value, undefined);
}

/**
 * What a rejection says; never a success. As {@link classifyValue}, through `StepResult.fromError`; in addition errors that
 * carry a well-known code of the network (ECONNRESET, ETIMEDOUT, EAI_AGAIN, UND_ERR_SOCKET …, their own or within
 * three causes) and the `fetch failed` of the platform are `network` or `timeout`, and so retryable. Never throws.
 */
export function classifyRejection(error: unknown): Failure {
  return failureFrom(StepResult.fromError(error), error);
}

/** {@link classifyValue} or {@link classifyRejection}, after the user's own rule. */
export function classify(settled: Settled, rule?: ClassifyRule): Outcome {
  const outcome = settled.ok ? classifyValue(settled.value) : classifyRejection(settled.error);
  if (rule === undefined) return outcome;
  const kind = ask(rule, settled);
  if (kind === undefined || kind === outcome.kind) return outcome;
  if (kind === 'success') return SUCCESS;
  if (outcome.kind !== 'success') return { ...outcome, kind };
  const result = StepResult.fail("The policy's own rule does not count this answer as a success.", {
    errorCategory: kind === 'failure' ? 'transient' : 'execution',
  });
  return { ...failureFrom(result, undefined), kind };
}

function ask(rule: ClassifyRule, settled: Settled): Outcome['kind'] | undefined {
  try {
    return rule(settled);
  } catch {
    return undefined;
  }
}

function failureFrom(result: FailedResult | SkippedResult, thrown: unknown): Failure {
  const traits = failureTraits(result);
  return {
    kind: traits.counts ? 'failure' : 'ignored',
    category: traits.category,
    retryable: traits.retryable,
    beforeEffect: isRefusal(thrown),
    throttled: traits.category === 'rate_limit' || traits.category === 'service_overloaded',
    retryAfterMs: result.status === 'failed' ? usable(result.retryAfterMs) : undefined,
    thrown,
    result,
  };
}

function isRefusal(thrown: unknown): boolean {
  if (!isResilienceError(thrown)) return false;
  switch (thrown.code) {
    case 'CIRCUIT_OPEN':
    case 'BULKHEAD_FULL':
    case 'RATE_LIMITED':
    case 'LOAD_SHED':
      return true;
    case 'TIMEOUT':
      return thrown.result.status === 'failed' && saysNotStarted(thrown.result.details);
    case 'CANCELLED':
    case 'OPTION_INVALID':
      return false;
  }
}

function isResilienceError(thrown: unknown): thrown is ResilienceError {
  try {
    return thrown instanceof ResilienceError;
  } catch {
    return false; // A proxy whose traps throw.
  }
}

/** A hint comes from outside: one that is no length of time is none. */
function usable(retryAfterMs: number | undefined): number | undefined {
  return typeof retryAfterMs === 'number' && retryAfterMs >= 0 && Number.isFinite(retryAfterMs)
    ? retryAfterMs
    : undefined;
}
