import pRetry from 'p-retry';

import { sleep } from '../observe.mjs';

export const library = {
  label: 'p-retry',
  package: 'p-retry',
  setUp: '`factor: 1`, and `randomize` where jitter is asked for',

  retry: {
    cancel: true,
    options: true,
    jitter: true,
    hint: true,
    deadline: true,
    make: ({ attempts, delayMs, jitter = false, hinted = false, deadlineMs }) => ({
      run: (work, { signal } = {}) =>
        pRetry((count) => work({ attempt: count, signal }), {
          retries: attempts - 1,
          minTimeout: delayMs,
          factor: 1,
          randomize: jitter,
          ...(signal === undefined ? {} : { signal }),
          ...(deadlineMs === undefined ? {} : { maxRetryTime: deadlineMs }),
          ...(hinted ? { onFailedAttempt: ({ error }) => sleep(error.retryAfterMs ?? 0) } : {}),
        }),
    }),
    nest: ([outer, middle, inner]) => ({
      run: (work) => {
        const options = (policy) => ({ retries: policy.attempts - 1, minTimeout: 1, factor: 1 });
        return pRetry(() => pRetry(() => pRetry(work, options(inner)), options(middle)), options(outer));
      },
    }),
  },
};
