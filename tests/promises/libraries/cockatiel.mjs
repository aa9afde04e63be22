import {
  bulkhead,
  circuitBreaker,
  CircuitState,
  ConstantBackoff,
  DelegateBackoff,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  retry,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';

const aggressive = (ms) => timeout(ms, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });

const STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'isolated',
};

const runOf = (policy) => ({
  run: (work, { signal } = {}) => policy.execute((context) => work(context), signal),
});

export const library = {
  label: 'cockatiel',
  package: 'cockatiel',
  newer:
    'cockatiel 4.0.0 asks for Node 22. Asked on Node 24, it answers as 3.2.1 does there, but for one: a cancelled queued call does not stop those behind it.',
  setUp:
    'aggressive time-outs with `abortOnReturn: false`; `SamplingBreaker`; mistakes filtered with `handleWhen`',

  timeout: {
    cancel: true,
    signal: true,
    make: ({ ms }) => runOf(aggressive(ms)),
  },

  retry: {
    cancel: true,
    options: true,
    jitter: true,
    hint: true,
    deadline: true,
    make({ attempts, delayMs, jitter = false, hinted = false, deadlineMs }) {
      const backoff = hinted
        ? new DelegateBackoff(({ result }) => result.error.retryAfterMs ?? delayMs)
        : jitter
          ? new ExponentialBackoff({ initialDelay: delayMs })
          : new ConstantBackoff(delayMs);
      const policy = retry(handleAll, { maxAttempts: attempts - 1, backoff });
      return runOf(deadlineMs === undefined ? policy : wrap(aggressive(deadlineMs), policy));
    },
    nest: (policies) =>
      runOf(
        wrap(...policies.map(() => retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(1) }))),
      ),
  },

  breaker: {
    cancel: true,
    makeDefault: () =>
      circuit(
        circuitBreaker(handleAll, {
          halfOpenAfter: 5_000,
          breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
        }),
      ),
    make({ minimum, windowMs, openMs, isMistake = () => false, ratio = 0.5, timeoutMs }) {
      const breaker = circuitBreaker(
        handleWhen((error) => !isMistake(error)),
        {
          halfOpenAfter: openMs,
          breaker: new SamplingBreaker({
            threshold: ratio,
            duration: windowMs,
            // A little less, so that rounding does not ask for one call more.
            minimumRps: (minimum - 0.01) / (windowMs / 1_000),
          }),
        },
      );
      return circuit(breaker, timeoutMs === undefined ? breaker : wrap(breaker, aggressive(timeoutMs)));
    },
  },

  queue: {
    waits: true,
    bounded: true,
    cancel: true,
    timeout: true,
    make({ concurrency, bound = 1_000_000, timeoutMs }) {
      const policy = bulkhead(concurrency, bound);
      return runOf(timeoutMs === undefined ? policy : wrap(policy, aggressive(timeoutMs)));
    },
  },
};

const circuit = (breaker, policy = breaker) => ({ ...runOf(policy), state: () => STATES[breaker.state] });
