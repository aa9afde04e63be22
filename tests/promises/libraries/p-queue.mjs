import PQueue from 'p-queue';

const runOf = (queue) => ({
  run: (work, options = {}) =>
    queue.add(work, options.signal === undefined ? {} : { signal: options.signal }),
});

export const library = {
  label: 'p-queue',
  package: 'p-queue',
  setUp: '`strict` intervals for rates',

  // The work is given the caller's own signal: a time-out does not abort it.
  timeout: {
    cancel: true,
    make: ({ ms }) => runOf(new PQueue({ timeout: ms })),
  },

  queue: {
    waits: true,
    cancel: true,
    timeout: true,
    clear: true,
    make({ concurrency, timeoutMs }) {
      const queue = new PQueue({ concurrency, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) });
      return { ...runOf(queue), clear: () => queue.clear() };
    },
  },

  rate: {
    cancel: true,
    make: ({ permits, perMs }) => runOf(new PQueue({ intervalCap: permits, interval: perMs, strict: true })),
  },
};
