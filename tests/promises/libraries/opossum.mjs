import CircuitBreaker from 'opossum';

const NEVER_OPENS = 1_000_000_000;

const runOf = (breaker) => ({
  run: (work) => breaker.fire(work),
  state: () => (breaker.opened ? 'open' : breaker.halfOpen ? 'half-open' : 'closed'),
});

export const library = {
  label: 'opossum',
  package: 'opossum',
  newer: 'opossum 10.0.0 asks for Node 22. Asked on Node 24, it answers as 9.0.0 does.',
  setUp:
    'the action is the work it is fired with; mistakes filtered with `errorFilter`; `autoRenewAbortController` for signals',

  timeout: {
    signal: true,
    make({ ms }) {
      const breaker = new CircuitBreaker((work) => work({ signal: breaker.getSignal() }), {
        timeout: ms,
        volumeThreshold: NEVER_OPENS,
        abortController: new AbortController(),
        autoRenewAbortController: true,
      });
      return runOf(breaker);
    },
  },

  breaker: {
    makeDefault: () => runOf(new CircuitBreaker((work) => work({}))),
    make: ({ minimum, windowMs, openMs, isMistake, ratio = 0.5, timeoutMs = false }) =>
      runOf(
        new CircuitBreaker((work) => work({}), {
          errorThresholdPercentage: ratio * 100,
          volumeThreshold: minimum,
          rollingCountTimeout: windowMs,
          resetTimeout: openMs,
          timeout: timeoutMs,
          ...(isMistake === undefined ? {} : { errorFilter: isMistake }),
        }),
      ),
  },

  // `capacity`: calls beyond it are refused; nothing waits.
  queue: {
    bounded: true,
    timeout: true,
    make: ({ concurrency, timeoutMs = false }) =>
      runOf(
        new CircuitBreaker((work) => work({}), {
          capacity: concurrency,
          timeout: timeoutMs,
          volumeThreshold: NEVER_OPENS,
        }),
      ),
  },
};
