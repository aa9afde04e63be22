import Bottleneck from 'bottleneck';

const asPromise = (work) => async () => work({});

export const library = {
  label: 'bottleneck',
  package: 'bottleneck',
  setUp:
    '`strategy: OVERFLOW` for bounded queues; retries by the `failed` event; rates by a refreshed reservoir; keys by `Group`',

  timeout: {
    make({ ms }) {
      const limiter = new Bottleneck();
      return { run: (work) => limiter.schedule({ expiration: ms }, asPromise(work)) };
    },
  },

  // The listener of `failed` says how long to wait: its delay is the user's own number.
  retry: {
    hint: true,
    make({ attempts, delayMs, hinted = false }) {
      const limiter = new Bottleneck();
      limiter.on('failed', (error, { retryCount }) => {
        if (retryCount < attempts - 1) return hinted ? (error.retryAfterMs ?? delayMs) : delayMs;
        return undefined;
      });
      return { run: (work) => limiter.schedule(asPromise(work)) };
    },
    nest(policies) {
      const [outer, middle, inner] = policies.map((policy) => library.retry.make(policy));
      return { run: (work) => outer.run(() => middle.run(() => inner.run(work))) };
    },
  },

  queue: {
    waits: true,
    bounded: true,
    timeout: true,
    clear: true,
    make({ concurrency, bound, timeoutMs }) {
      const limiter = new Bottleneck({
        maxConcurrent: concurrency,
        ...(bound === undefined ? {} : { highWater: bound, strategy: Bottleneck.strategy.OVERFLOW }),
      });
      const options = timeoutMs === undefined ? {} : { expiration: timeoutMs };
      return {
        run: (work) => limiter.schedule(options, asPromise(work)),
        clear: () => void limiter.stop({ dropWaitingJobs: true }),
      };
    },
  },

  rate: {
    refuses: true,
    keys: true,
    keyCount: (made) => made.group.keys().length,
    make({ permits, perMs, refuse = false }) {
      const group = new Bottleneck.Group({
        reservoir: permits,
        reservoirRefreshAmount: permits,
        reservoirRefreshInterval: perMs,
        ...(refuse ? { highWater: 0, strategy: Bottleneck.strategy.OVERFLOW } : {}),
      });
      return {
        group,
        run: (work, { key = '' } = {}) => group.key(key).schedule(asPromise(work)),
      };
    },
  },
};
