import {
  acceptedValues,
  attempt,
  HOUR_MS,
  isSettled,
  sleep,
  stepWallClock,
  until,
  watch,
} from '../observe.mjs';

/** When each of so many calls began. */
function flood(limiter, count, options) {
  const begun = [];
  const calls = Array.from({ length: count }, () =>
    watch(limiter.run(async () => void begun.push(performance.now()), options)),
  );
  return { begun, calls };
}

export const group = {
  title: 'Rate limits',
  promises: [
    {
      id: 'rate-bound',
      promise: 'In any stretch of time no more begin than one burst and what the rate allows.',
      why: 'The limit on the other side counts in stretches that one does not know.',
      needs: ['rate'],
      async check({ rate: { make } }) {
        const [permits, perMs] = [5, 250];
        const { begun, calls } = flood(make({ permits, perMs }), 25);
        await until(() => calls.every(isSettled), 20_000);
        if (begun.length < 25) return `only ${begun.length} of 25 had begun after 20 s`;
        for (const [index, from] of begun.entries()) {
          for (let last = index; last < begun.length; last += 1) {
            const ms = begun[last] - from;
            const most = permits + (permits * ms) / perMs + 1;
            if (last - index + 1 > most)
              return `${last - index + 1} began within ${Math.round(ms)} ms, the rate being ${permits} in ${perMs} ms`;
          }
        }
        return undefined;
      },
    },
    {
      id: 'rate-clock-back',
      promise: 'Goes on at its rate when the wall clock is set back by an hour.',
      why: 'Clocks are set, by NTP after a suspend or by hand.',
      needs: ['rate'],
      async check({ rate: { make } }) {
        const limiter = make({ permits: 2, perMs: 250 });
        const before = flood(limiter, 2);
        await until(() => before.calls.every(isSettled));
        stepWallClock(-HOUR_MS);
        const { calls } = flood(limiter, 2);
        return (await until(() => calls.every(isSettled), 2_500))
          ? undefined
          : 'with 2 in 250 ms, the next calls had not begun 2.5 s after the step';
      },
    },
    {
      id: 'rate-clock-forward',
      promise: 'Lets nobody through early when the wall clock is set forward by an hour.',
      why: 'The limit on the other side has not moved.',
      needs: ['rate'],
      async check({ rate: { make } }) {
        const limiter = make({ permits: 2, perMs: 10_000 });
        const before = flood(limiter, 2);
        await until(() => before.calls.every(isSettled));
        stepWallClock(HOUR_MS);
        const { begun } = flood(limiter, 2);
        await until(() => begun.length > 0, 3_000);
        return begun.length === 0 ? undefined : 'with 2 in 10 s, the third began within 3 s of the first';
      },
    },
    {
      id: 'rate-refuses',
      promise: 'What is over the limit can be refused at once instead of made to wait.',
      why: 'A server that lets requests wait for a permit fills up with them.',
      needs: ['rate.refuses'],
      async check({ rate: { make } }) {
        const { begun, calls } = flood(make({ permits: 2, perMs: 60_000, refuse: true }), 10);
        await until(() => calls.every(isSettled), 5_000);
        const refused = calls.filter((call) => call.state === 'rejected').length;
        return begun.length === 2 && refused === 8
          ? undefined
          : `limit 2: of 10 calls ${begun.length} ran and ${refused} were refused within 5 s`;
      },
    },
    {
      id: 'rate-retry-after',
      promise: 'A refusal says after how long there is a permit.',
      why: 'It is what a 429 has to tell.',
      needs: ['rate.refuses', 'rate.retryAfter'],
      async check({ rate: { make, retryAfter } }) {
        const { calls } = flood(make({ permits: 1, perMs: 60_000, refuse: true }), 2);
        await until(() => calls.every(isSettled));
        const ms = retryAfter(calls[1].error);
        return ms > 0 && ms <= 60_000 ? undefined : `said ${ms}`;
      },
    },
    {
      id: 'rate-cancel',
      promise: 'Who cancels while waiting for a permit is answered at once, and those behind go on.',
      why: 'Whoever has gone should neither wait nor use up what others need.',
      needs: ['rate.cancel'],
      async check({ rate: { make } }) {
        const limiter = make({ permits: 1, perMs: 1_000 });
        const first = flood(limiter, 1);
        await until(() => first.begun.length === 1);
        const controller = new AbortController();
        const gone = flood(limiter, 1, { signal: controller.signal });
        const behind = flood(limiter, 1);
        await sleep(10);
        const cancelledAt = performance.now();
        controller.abort();
        if (!(await until(() => isSettled(gone.calls[0]), 5_000)))
          return 'the cancelled call was not answered in 5 s';
        if (gone.begun.length > 0) return 'the cancelled work was run';
        if (gone.calls[0].at - cancelledAt > 800) return 'the cancelled call was answered when its turn came';
        await until(() => behind.begun.length > 0, 5_000);
        const waited = (behind.begun[0] ?? Infinity) - first.begun[0];
        return waited < 1_900 ? undefined : 'its permit was lost for the one behind it';
      },
    },
    {
      id: 'rate-keys',
      promise: 'Each key has a limit of its own.',
      why: 'One tenant over its limit must not use up that of the others.',
      needs: ['rate.keys', 'rate.refuses'],
      async check({ rate: { make } }) {
        const limiter = make({ permits: 2, perMs: 60_000, refuse: true });
        const loud = flood(limiter, 20, { key: 'loud' });
        await until(() => loud.calls.every(isSettled), 5_000);
        const quiet = flood(limiter, 1, { key: 'quiet' });
        await until(() => quiet.begun.length > 0);
        return quiet.begun.length === 1 ? undefined : 'the quiet key got no permit';
      },
    },
    {
      id: 'rate-key-count',
      promise: 'Made-up keys do not fill the memory.',
      why: 'A key is often a header that anybody can write.',
      needs: ['rate.keys'],
      async check({ rate: { make, keyCount } }) {
        const limiter = make({ permits: 1, perMs: 60_000, refuse: true });
        for (let count = 0; count < 10_000; count += 1) {
          watch(limiter.run(async () => {}, { key: `made up ${count}` }));
          if (count % 500 === 0) await sleep(0);
        }
        const kept = keyCount(limiter);
        return kept <= 2_000 ? undefined : `kept ${kept.toLocaleString('en')} of 10,000`;
      },
    },
    {
      id: 'rate-options',
      promise: 'A rate that is NaN, or negative, is refused.',
      why: 'With it nothing is ever let through, or everything.',
      needs: ['rate'],
      check: ({ rate: { make } }) =>
        acceptedValues(['permits NaN', 'permits −1', 'time NaN', 'time −1'], async (label) => {
          const value = label.endsWith('NaN') ? NaN : -1;
          const options = label.startsWith('permits')
            ? { permits: value, perMs: 250 }
            : { permits: 1, perMs: value };
          const call = attempt(() => make(options).run(async () => {}));
          await until(() => isSettled(call), 500);
          return !(call.error instanceof Error);
        }),
    },
  ],
};
