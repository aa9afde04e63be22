/** A double that offers everything and does nothing: it runs the work. */
const bare = () => ({
  run: (work) => work({ signal: new AbortController().signal }),
  clear: () => {},
  state: () => 'closed',
});

const anything = {
  cancel: true,
  signal: true,
  deadline: true,
  options: true,
  jitter: true,
  budget: true,
  hint: true,
  waits: true,
  bounded: true,
  timeout: true,
  clear: true,
  fair: true,
  refuses: true,
  keys: true,
  probes: true,
  retryAfter: () => undefined,
  keyCount: () => 0,
};

export const library = {
  label: 'nothing',
  timeout: {
    ...anything,
    make: bare,
    makeNested: () => ({
      run: async (between, work) => {
        await between();
        return work({});
      },
    }),
  },
  retry: { ...anything, make: bare, nest: bare },
  breaker: { ...anything, make: bare, makeDefault: bare },
  queue: { ...anything, make: bare },
  rate: { ...anything, make: bare },
};
