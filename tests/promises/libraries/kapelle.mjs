import { StepFailure, StepResult } from '@kapelle/core';
import {
  bulkhead,
  circuitBreaker,
  pipeline,
  rateLimiter,
  retry,
  RetryBudget,
  timeout,
} from '@kapelle/resilience';

const MANY = 1_000_000;

export const library = {
  label: 'Kapelle',
  package: '@kapelle/resilience',
  setUp: 'retries without a budget, except where the budget is asked for',

  timeout: {
    cancel: true,
    signal: true,
    deadline: true,
    make({ ms }) {
      const policy = timeout({ ms });
      return { run: (work, options) => policy.execute(work, options) };
    },
    /** Two time-outs, the longer one inside. */
    makeNested({ outerMs, innerMs }) {
      const outer = timeout({ ms: outerMs });
      const inner = timeout({ ms: innerMs });
      return {
        run: (between, work) =>
          outer.execute(async (attempt) => {
            await between();
            return inner.execute(work, attempt);
          }),
      };
    },
  },

  retry: {
    cancel: true,
    options: true,
    jitter: true,
    budget: true,
    hint: true,
    deadline: true,
    make({ attempts, delayMs, jitter = false, budget = false, deadlineMs }) {
      const policy = retry({
        attempts,
        baseMs: delayMs,
        shouldRetry: () => true,
        ...(jitter ? {} : { random: () => 0.999_999 }),
        ...(budget ? {} : { budget: RetryBudget.unlimited() }),
      });
      const whole =
        deadlineMs === undefined ? policy : pipeline({ retry: policy, deadline: { ms: deadlineMs } });
      return { run: (work, options) => whole.execute(work, options) };
    },
    /** A refusal that says when to come back, as this library's users write it. */
    refusal: (retryAfterMs) =>
      new StepFailure(StepResult.fail('busy', { errorCategory: 'transient', retryAfterMs })),
    nest(policies) {
      const [outer, middle, inner] = policies.map(() => retry(NESTED));
      return {
        run: (work) =>
          outer.execute((first) => middle.execute((second) => inner.execute(work, second), first)),
      };
    },
  },

  breaker: {
    cancel: true,
    probes: true,
    retryAfter: (error) => error.retryAfterMs,
    makeDefault() {
      return circuit(circuitBreaker());
    },
    make({ minimum, windowMs, openMs, isMistake, probes = 1, ratio = 0.5, timeoutMs }) {
      return circuit(
        circuitBreaker({
          failureRatio: ratio,
          minimumCalls: minimum,
          windowMs,
          openMs,
          jitterRatio: 0,
          probes,
          probeTimeoutMs: timeoutMs ?? 200,
          ...(isMistake === undefined
            ? {}
            : { classify: (settled) => (!settled.ok && isMistake(settled.error) ? 'ignored' : undefined) }),
        }),
      );
    },
  },

  queue: {
    waits: true,
    bounded: true,
    cancel: true,
    timeout: true,
    fair: true,
    make({ concurrency, bound = MANY, timeoutMs, fair = false }) {
      const places = {
        maxConcurrent: concurrency,
        maxQueued: bound,
        maxWaitMs: 60_000,
        ...(fair ? { fairness: { maxShare: 1 } } : {}),
      };
      const policy =
        timeoutMs === undefined
          ? bulkhead(places)
          : pipeline({ bulkhead: places, timeout: { ms: timeoutMs } });
      return { run: (work, options) => policy.execute(work, options) };
    },
  },

  rate: {
    cancel: true,
    refuses: true,
    retryAfter: (error) => error.retryAfterMs,
    keys: true,
    keyCount: (made) => made.policy.stats.keys,
    make({ permits, perMs, refuse = false }) {
      const policy = rateLimiter({ permits, perMs, maxWaitMs: refuse ? 0 : 60_000, maxQueued: MANY });
      return { policy, run: (work, options) => policy.execute(work, options) };
    },
  },
};

const NESTED = { attempts: 3, baseMs: 1, shouldRetry: () => true, budget: RetryBudget.unlimited() };

const circuit = (policy) => ({
  run: (work, options) => policy.execute(work, options),
  state: () => policy.state,
});
