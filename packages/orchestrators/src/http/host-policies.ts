import { type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';
import { type Failure, PolicyRegistry, ResilienceError } from '@kapelle/resilience';
import { HttpError, shownUrl } from './http-error.js';
import type { HopAnswer } from './http-exchange.js';
import type { HttpSettings } from './http-options.js';
import { retryAfterMs } from './retry-after.js';

/** Longest wait that a server is given for the next attempt; one that asks for more gets no other attempt. */
const LONGEST_RETRY_AFTER_MS = 5_000;
const LONGEST_BACKOFF_MS = 5_000;
const LONGEST_OPEN_FACTOR = 5;

/** Answers that another attempt may better, with what they say about the server. */
const PASSING: ReadonlyMap<number, ErrorCategory> = new Map([
  [408, 'timeout'],
  [425, 'transient'],
  [429, 'rate_limit'],
  [500, 'external_service_error'],
  [502, 'service_unavailable'],
  [503, 'service_unavailable'],
  [504, 'timeout'],
]);

/** An attempt that failed, in the form that policies understand. */
export class FailedAttempt extends StepFailure {
  override readonly name = 'FailedAttempt';
  /** What came back; undefined where nothing did. */
  readonly answer: HopAnswer | undefined;
  /** Why nothing came back. */
  readonly error: HttpError | undefined;
  readonly mayRetry: boolean;

  /** @param mayRetry whether the request may be sent twice at all */
  constructor(failed: HopAnswer | HttpError, mayRetry: boolean) {
    const failure =
      failed instanceof HttpError
        ? { error: failed, answer: undefined, result: failed.result, after: failed.retryAfterMs }
        : { error: undefined, answer: failed, ...meaningOf(failed) };
    super(failure.result);
    this.error = failure.error;
    this.answer = failure.answer;
    this.mayRetry = mayRetry && (failure.after ?? 0) <= LONGEST_RETRY_AFTER_MS;
  }
}

/** Whether an answer is a failure that may pass. */
export function mayPass(status: number): boolean {
  return PASSING.has(status);
}

function meaningOf({ status, headers }: HopAnswer): {
  result: StepFailure['result'];
  after: number | undefined;
} {
  const after = retryAfterMs(headers);
  const result = StepResult.fail(`The server answered with status ${String(status)}. Try again later.`, {
    errorCategory: PASSING.get(status) ?? 'external_service_error',
    retryable: true,
    ...(after === undefined ? {} : { retryAfterMs: after }),
  });
  if (result.status !== 'failed') throw new Error('A failure is a failed result.');
  return { result, after };
}

/** Breaker, retry budget and slots of each server. */
export type HostPolicies = PolicyRegistry<'host'>;

/** @param onRetry called before each further attempt */
export function hostPolicies(settings: HttpSettings, onRetry: () => void): HostPolicies {
  const { attempts, backoffMs, breaker, maxConcurrentPerHost, maxWaitingPerHost, timeoutMs } = settings;
  const { clock, random } = settings;
  const registry = new PolicyRegistry({
    maxInstances: settings.maxHosts,
    clock,
    ...(random === undefined ? {} : { random }),
  });
  return registry.define('host', {
    retry: {
      attempts,
      baseMs: backoffMs,
      throttledBaseMs: backoffMs,
      capMs: Math.max(backoffMs, LONGEST_BACKOFF_MS),
      shouldRetry: ({ thrown, retryable }: Failure) =>
        retryable && thrown instanceof FailedAttempt && thrown.mayRetry,
      onRetry,
    },
    breaker: { ...breaker, maxOpenMs: breaker.openMs * LONGEST_OPEN_FACTOR },
    bulkhead: {
      maxConcurrent: maxConcurrentPerHost,
      maxQueued: maxWaitingPerHost,
      maxWaitMs: timeoutMs,
      // Nobody is refused a free slot; who waits takes turns.
      fairness: { maxShare: 1 },
    },
  });
}

/** What a policy refused an attempt with, as the error of the client. */
export function refusal(error: unknown, url: URL): unknown {
  if (!(error instanceof ResilienceError)) return error;
  const { retryAfterMs: after, code } = error;
  const host = url.host;
  if (code === 'CIRCUIT_OPEN') {
    const wait = after === undefined ? 'later' : `in ${String(Math.ceil(after / 1000))} s`;
    return new HttpError(
      'HTTP_CIRCUIT_OPEN',
      `${host} has mostly failed lately and is left alone. Try again ${wait}.`,
      {
        retryAfterMs: after,
        cause: error,
      },
    );
  }
  if (code === 'TIMEOUT') {
    return new HttpError(
      'HTTP_TIMEOUT',
      `${shownUrl(url)} was not asked in time: too many requests wait for it. Try again later.`,
      {
        cause: error,
      },
    );
  }
  return new HttpError('HTTP_OVERLOADED', `Too many requests wait for ${host}. Send fewer at a time.`, {
    retryAfterMs: after,
    cause: error,
  });
}
