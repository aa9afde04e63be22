import { acceptedValues, attempt, isSettled, sleep, until, watch } from '../observe.mjs';

const fails = async () => {
  throw new Error('down');
};

/** Work that counts its runs and fails. */
function failing() {
  const counted = {
    runs: 0,
    work: () => {
      counted.runs += 1;
      return fails();
    },
  };
  return counted;
}

export const group = {
  title: 'Retries',
  promises: [
    {
      id: 'retry-cancel-at-once',
      promise: 'A cancel during the back-off is answered at once.',
      why: 'Stopping and draining would otherwise take as long as the longest back-off.',
      needs: ['retry.cancel'],
      async check({ retry }) {
        const controller = new AbortController();
        const { work } = failing();
        const call = watch(
          retry.make({ attempts: 3, delayMs: 10_000 }).run(work, { signal: controller.signal }),
        );
        await sleep(50);
        controller.abort();
        const answered = await until(() => isSettled(call), 1_500);
        return answered ? undefined : 'not answered 1.5 s after a cancel during a back-off of 10 s';
      },
    },
    {
      id: 'retry-cancel-no-run',
      promise: 'After a cancel during the back-off the work is not run again.',
      why: 'The caller has been told that it is over, or believes so.',
      needs: ['retry.cancel'],
      async check({ retry }) {
        const controller = new AbortController();
        const failure = failing();
        const call = watch(
          retry.make({ attempts: 3, delayMs: 400 }).run(failure.work, { signal: controller.signal }),
        );
        await until(() => failure.runs === 1);
        await sleep(10);
        controller.abort();
        await until(() => isSettled(call), 1_500);
        await sleep(700);
        return failure.runs === 1 ? undefined : 'the work was run again after the cancel';
      },
    },
    {
      id: 'retry-already-aborted',
      promise: 'Work is not run for a caller that has already cancelled.',
      why: 'Effects that nobody waits for are a cost at best and a wrong booking at worst.',
      needs: ['retry.cancel'],
      async check({ retry }) {
        const failure = failing();
        const call = attempt(() =>
          retry.make({ attempts: 3, delayMs: 1 }).run(failure.work, { signal: AbortSignal.abort() }),
        );
        await until(() => isSettled(call));
        return failure.runs === 0 ? undefined : 'the work was run';
      },
    },
    {
      id: 'retry-count',
      promise: 'The work is run as often as was said, and the last failure comes back.',
      why: 'What hides the cause of a failure, or tries without end, makes an incident longer.',
      needs: ['retry'],
      async check({ retry }) {
        const failure = failing();
        const call = watch(retry.make({ attempts: 3, delayMs: 1 }).run(failure.work));
        if (!(await until(() => isSettled(call), 5_000))) return 'no answer';
        await sleep(30);
        if (failure.runs !== 3) return `ran ${failure.runs} times instead of 3`;
        return String(call.error?.message).includes('down') ? undefined : `came back with ${call.error}`;
      },
    },
    {
      id: 'retry-options',
      promise: 'Attempts and delays that are NaN or negative are refused.',
      why: 'A retry that never tries, or tries without a pause, shows only when it is needed.',
      needs: ['retry.options'],
      check: ({ retry }) =>
        acceptedValues(['attempts NaN', 'attempts −1', 'delay NaN', 'delay −1'], async (label) => {
          const value = label.endsWith('NaN') ? NaN : -1;
          const options = label.startsWith('attempts')
            ? { attempts: value, delayMs: 1 }
            : { attempts: 2, delayMs: value };
          let runs = 0;
          const work = async () => {
            runs += 1;
            if (runs > 20) return 'enough';
            return fails();
          };
          const call = attempt(() => retry.make(options).run(work));
          await until(() => isSettled(call), 1_000);
          return runs > 0;
        }),
    },
    {
      id: 'retry-jitter',
      promise: 'Clients that failed together do not come back together.',
      why: 'Retries in step hit a dependency that is just getting up with everything at once.',
      needs: ['retry.jitter'],
      async check({ retry }) {
        // A stall of the machine can only bunch them, so the best of three rounds counts.
        let least = Infinity;
        for (let round = 0; round < 3 && least > 50; round += 1) {
          const back = [];
          const policy = retry.make({ attempts: 2, delayMs: 400, jitter: true });
          const calls = Array.from({ length: 100 }, () => {
            let runs = 0;
            return watch(
              policy.run(async () => {
                runs += 1;
                if (runs === 1) return fails();
                back.push(performance.now());
                return 'up';
              }),
            );
          });
          await until(() => calls.every(isSettled), 8_000);
          if (back.length < 100) return `only ${back.length} of 100 came back at all`;
          back.sort((one, other) => one - other);
          const inWindow = back.map((from) => back.filter((at) => at >= from && at < from + 20).length);
          least = Math.min(least, Math.max(0, ...inWindow));
        }
        return least > 50 ? `${least} of 100 came back within 20 ms` : undefined;
      },
    },
    {
      id: 'retry-hint',
      promise: 'A failure that says when to come back is not retried sooner.',
      why: 'The dependency knows best when it can take a call again.',
      needs: ['retry.hint'],
      async check({ retry }) {
        const hintMs = 300;
        const runs = [];
        const refusal =
          retry.refusal ?? ((retryAfterMs) => Object.assign(new Error('busy'), { retryAfterMs }));
        const call = watch(
          retry.make({ attempts: 2, delayMs: 1, hinted: true }).run(async () => {
            runs.push(performance.now());
            if (runs.length === 1) throw refusal(hintMs);
          }),
        );
        if (!(await until(() => isSettled(call), 5_000))) return 'no answer';
        if (runs.length < 2) return 'not retried at all';
        const waited = runs[1] - runs[0];
        // Timers may be a millisecond early.
        return waited >= hintMs - 2 ? undefined : `retried before the ${hintMs} ms had passed`;
      },
    },
    {
      id: 'retry-deadline',
      promise: 'With a time limit for all attempts together, none begins after it.',
      why: 'Attempts that nobody waits for any more are load without a use.',
      needs: ['retry.deadline'],
      async check({ retry }) {
        const begun = performance.now();
        const runs = [];
        const call = watch(
          retry.make({ attempts: 3, delayMs: 1_500, deadlineMs: 100 }).run(() => {
            runs.push(performance.now() - begun);
            return fails();
          }),
        );
        await until(() => isSettled(call), 4_000);
        await sleep(1_800);
        const isLate = runs.slice(1).some((at) => at > 1_200);
        return isLate
          ? 'with a limit of 100 ms and a back-off of 1.5 s, another attempt was made after both'
          : undefined;
      },
    },
    {
      id: 'retry-budget',
      promise: 'While a dependency is down, all retries together stay within 15 % of the calls.',
      why: 'Three attempts each make three times the load, just when the dependency can take none.',
      needs: ['retry.budget'],
      async check({ retry }) {
        const policy = retry.make({ attempts: 3, delayMs: 1, budget: true });
        const failure = failing();
        const callCount = 1_000;
        for (let call = 0; call < callCount; call += 1) await policy.run(failure.work).catch(() => {});
        const factor = failure.runs / callCount;
        return factor <= 1.15 ? undefined : `${factor.toFixed(2)} runs for each call`;
      },
    },
    {
      id: 'retry-nested',
      promise: 'Retries inside of retries do not multiply.',
      why: 'Three layers with three attempts each make 27 runs of one call.',
      needs: ['retry'],
      async check({ retry }) {
        const failure = failing();
        const policies = Array.from({ length: 3 }, () => ({ attempts: 3, delayMs: 1 }));
        const call = watch(retry.nest(policies).run(failure.work));
        if (!(await until(() => isSettled(call), 10_000))) return 'no answer';
        return failure.runs <= 3 ? undefined : `${failure.runs} runs in three layers of three attempts`;
      },
    },
  ],
};
