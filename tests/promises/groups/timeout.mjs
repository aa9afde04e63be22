import {
  acceptedValues,
  attempt,
  deferred,
  isSettled,
  named,
  pendingTimers,
  sleep,
  until,
  watch,
} from '../observe.mjs';

const forever = () => new Promise(() => {});

export const group = {
  title: 'Time-outs',
  promises: [
    {
      id: 'timeout-answers',
      promise: 'The caller is answered when the time is up, whatever the work does.',
      why: 'A dependency that hangs must not hang its callers.',
      needs: ['timeout'],
      async check({ timeout }) {
        const call = watch(timeout.make({ ms: 40 }).run(forever));
        if (!(await until(() => isSettled(call)))) return 'no answer 2 s after a time-out of 40 ms';
        if (call.state === 'fulfilled') return 'the call was answered as if it had succeeded';
        return undefined;
      },
    },
    {
      id: 'timeout-aborts',
      promise: 'When the time is up, the signal given to the work is aborted.',
      why: 'Only the work itself can stop: without the signal it runs on, with all its effects.',
      needs: ['timeout.signal'],
      async check({ timeout }) {
        let signal;
        const call = watch(
          timeout.make({ ms: 40 }).run((context) => {
            signal = context.signal;
            return forever();
          }),
        );
        await until(() => isSettled(call));
        if (!(await until(() => signal.aborted))) return 'the signal was not aborted';
        return undefined;
      },
    },
    {
      id: 'timeout-own-signal',
      promise: 'A time-out aborts the signal of its own call and of no other, running or later.',
      why: 'One slow call must not cancel its neighbours, who are still inside their time.',
      needs: ['timeout.signal'],
      async check({ timeout }) {
        const policy = timeout.make({ ms: 300 });
        const signals = [];
        const work = (context) => {
          signals.push(context.signal);
          return forever();
        };
        const slow = watch(policy.run(work));
        await sleep(150);
        const other = watch(policy.run(work));
        const otherBegan = performance.now();
        await until(() => isSettled(slow));
        await sleep(20);
        const inTime = !isSettled(other) && performance.now() - otherBegan < 290;
        const running = inTime && signals[1].aborted;
        await until(() => isSettled(other));
        let later = false;
        await watch(policy.run(async ({ signal }) => void (later = signal.aborted)));
        await sleep(5);
        if (running && later)
          return 'aborted the signal of a call inside its time, and that of the next call';
        if (running) return 'aborted the signal of another call that was inside its time';
        return later ? 'the next call began with an aborted signal' : undefined;
      },
    },
    {
      id: 'timeout-cancel-apart',
      promise: 'A cancel by the caller is told apart from a time-out.',
      why: 'A time-out is retried, counted and alerted on; a cancel is none of these.',
      needs: ['timeout.cancel'],
      async check({ timeout }) {
        const timedOut = watch(timeout.make({ ms: 40 }).run(forever));
        const controller = new AbortController();
        const cancelled = watch(timeout.make({ ms: 10_000 }).run(forever, { signal: controller.signal }));
        await until(() => isSettled(timedOut));
        controller.abort();
        if (!(await until(() => isSettled(cancelled)))) return 'the cancelled call was not answered in 2 s';
        if (cancelled.state === 'fulfilled') return 'the cancelled call was answered as if it had succeeded';
        const [one, other] = [timedOut.error, cancelled.error];
        const same = one?.constructor === other?.constructor && one?.code === other?.code;
        return same
          ? `cancelled by its caller long before its 10 s, it came back as ${named(other)}`
          : undefined;
      },
    },
    {
      id: 'timeout-already-aborted',
      promise: 'Work is not run for a caller that has already cancelled.',
      why: 'Effects that nobody waits for are a cost at best and a wrong booking at worst.',
      needs: ['timeout.cancel'],
      async check({ timeout }) {
        let runs = 0;
        const work = async () => (runs += 1);
        const call = attempt(() => timeout.make({ ms: 1_000 }).run(work, { signal: AbortSignal.abort() }));
        await until(() => isSettled(call));
        return runs === 0 ? undefined : 'the work was run';
      },
    },
    {
      id: 'timeout-timers',
      promise: 'No timer is left behind by calls that ended in time.',
      why: 'A timer left keeps a process from ending, and a hundred thousand of them cost memory.',
      needs: ['timeout'],
      async check({ timeout }) {
        const before = pendingTimers();
        const policy = timeout.make({ ms: 60_000 });
        const calls = Array.from({ length: 30 }, (_, index) =>
          watch(
            policy.run(async () => {
              await null;
              if (index % 3 === 0) throw new Error('fails');
            }),
          ),
        );
        const settled = () => calls.every(isSettled);
        if (!(await until(settled, 5_000))) return 'not all calls were answered';
        await sleep(30);
        const left = pendingTimers() - before;
        return left > 0 ? `${left} timers were left after 30 calls` : undefined;
      },
    },
    {
      id: 'timeout-late-rejection',
      promise: 'Work that fails after its time-out causes no unhandled rejection.',
      why: 'By default an unhandled rejection ends a Node process.',
      needs: ['timeout'],
      async check({ timeout, unhandled }) {
        const late = deferred();
        const call = watch(timeout.make({ ms: 40 }).run(() => late.promise));
        await until(() => isSettled(call));
        late.reject(new Error('too late'));
        await sleep(50);
        return unhandled.length > 0 ? `unhandled: ${named(unhandled[0])}` : undefined;
      },
    },
    {
      id: 'timeout-options',
      promise: 'NaN and negative lengths are refused, and 2³¹ ms is refused or really that long.',
      why: 'A Node timer fires after 1 ms for each of them: a typing error becomes an outage.',
      needs: ['timeout'],
      check: ({ timeout }) =>
        acceptedValues(['NaN', '−1', '2³¹ ms (and ended the call at once)'], async (label) => {
          const ms = { N: NaN, '−': -1, 2: 2 ** 31 }[label[0]];
          const begun = deferred();
          const call = attempt(() =>
            timeout.make({ ms }).run(async () => {
              begun.resolve();
              await sleep(40);
            }),
          );
          await until(() => isSettled(call));
          const began = (await Promise.race([begun.promise.then(() => true), sleep(0)])) === true;
          if (call.state === 'rejected' && !began) return false;
          return !(ms === 2 ** 31 && call.state === 'fulfilled');
        }),
    },
    {
      id: 'timeout-deadline',
      promise: 'A call inside another has no more time than is left outside; with none left it is not begun.',
      why: 'Work begun after its caller has been answered is load without a use, when load is scarcest.',
      needs: ['timeout.deadline'],
      async check({ timeout }) {
        let begun = 0;
        const work = async () => void (begun += 1);
        const blockedFor = (ms) => async () => {
          const end = performance.now() + ms;
          while (performance.now() < end);
        };
        const policy = timeout.makeNested({ outerMs: 40, innerMs: 10_000 });
        const late = watch(policy.run(blockedFor(60), work));
        if (!(await until(() => isSettled(late)))) return 'no answer';
        if (begun > 0) return 'the inner work was begun 20 ms after the end of the outer time';
        const inner = watch(policy.run(async () => {}, forever));
        return (await until(() => isSettled(inner))) ? undefined : 'the inner call outlived the outer time';
      },
    },
  ],
};
