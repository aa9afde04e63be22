import pLimit from 'p-limit';

export const library = {
  label: 'p-limit',
  package: 'p-limit',
  setUp: '`rejectOnClear: true`',

  queue: {
    waits: true,
    clear: true,
    make({ concurrency }) {
      const limit = pLimit({ concurrency, rejectOnClear: true });
      return { run: (work) => limit(() => work({})), clear: () => limit.clearQueue() };
    },
  },
};
