import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';

import { isSettled, sleep, until, watch } from '../observe.mjs';

const tenant = new AsyncLocalStorage();

/** Calls a function for each of twenty tenants, in its context; how many times it saw a wrong one. */
async function asTenants(call) {
  const wrong = [];
  const calls = Array.from({ length: 20 }, (_, index) => {
    const check = () => {
      const seen = tenant.getStore();
      if (seen !== index) wrong.push(seen);
    };
    return watch(tenant.run(index, () => call(check)));
  });
  if (!(await until(() => calls.every(isSettled), 10_000))) return 'not all calls were answered';
  return wrong.length === 0 ? undefined : `${wrong.length} of 20 saw another tenant, or none`;
}

/** Every way in which the library takes a caller's signal, each a function that begins a call and ends soon. */
function waysOf({ timeout, retry, queue }) {
  const ways = [];
  if (timeout?.cancel) {
    const policy = timeout.make({ ms: 60_000 });
    ways.push(['time-out', (signal) => policy.run(() => sleep(150), { signal })]);
  }
  if (retry?.cancel) {
    const policy = retry.make({ attempts: 2, delayMs: 150 });
    ways.push([
      'back-off',
      (signal) => {
        let runs = 0;
        const work = async () => {
          runs += 1;
          if (runs === 1) throw new Error('down');
        };
        return policy.run(work, { signal });
      },
    ]);
  }
  if (queue?.cancel) {
    const policy = queue.make({ concurrency: 10 });
    ways.push(['queue', (signal) => policy.run(() => sleep(20), { signal })]);
  }
  return ways;
}

const ANY_CANCEL = [['timeout.cancel', 'retry.cancel', 'queue.cancel']];

export const group = {
  title: 'Context, and signals that live long',
  promises: [
    {
      id: 'context-queue',
      promise: 'Work that has waited runs in the async context of the caller that queued it.',
      why: 'Else the tenant of `AsyncLocalStorage` is somebody else’s: in logs, in traces, in queries.',
      needs: ['queue.waits'],
      async check({ queue: { make } }) {
        const queue = make({ concurrency: 2 });
        return asTenants((check) =>
          queue.run(async () => {
            check();
            await sleep(1);
          }),
        );
      },
    },
    {
      id: 'context-rate',
      promise: 'Work that has waited for a permit runs in the async context of its caller.',
      why: 'As above.',
      needs: ['rate'],
      async check({ rate: { make } }) {
        const limiter = make({ permits: 10, perMs: 250 });
        return asTenants((check) => limiter.run(async () => check()));
      },
    },
    {
      id: 'context-retry',
      promise: 'A further attempt runs in the async context of its caller.',
      why: 'As above.',
      needs: ['retry'],
      async check({ retry: { make } }) {
        const policy = make({ attempts: 2, delayMs: 20 });
        return asTenants((check) => {
          let runs = 0;
          return policy.run(async () => {
            runs += 1;
            if (runs === 1) throw new Error('down');
            check();
          });
        });
      },
    },
    {
      id: 'context-abort',
      promise: 'Listeners on the signal of a call that times out run in the async context of that call.',
      why: 'It is where work is undone and its end is logged.',
      needs: ['timeout.signal'],
      async check({ timeout: { make } }) {
        const policy = make({ ms: 40 });
        return asTenants((check) =>
          policy.run(
            ({ signal }) =>
              new Promise((_, reject) => {
                signal.addEventListener('abort', () => {
                  check();
                  reject(signal.reason);
                });
              }),
          ),
        );
      },
    },
    {
      id: 'signal-warning',
      promise: 'Fifty calls at once with one signal cause no MaxListeners warning.',
      why: 'The signal of a process, or of a large request, is shared by many calls. (Node 20 warns; 22 and newer do not.)',
      needs: ANY_CANCEL,
      async check(library) {
        const warnings = [];
        process.on('warning', (warning) => warnings.push(warning));
        const warned = [];
        for (const [name, call] of waysOf(library)) {
          const before = warnings.length;
          const { signal } = new AbortController();
          const calls = Array.from({ length: 50 }, () => watch(call(signal)));
          await until(() => calls.every(isSettled), 5_000);
          await sleep(20);
          if (warnings.slice(before).some((warning) => warning.name === 'MaxListenersExceededWarning'))
            warned.push(name);
        }
        return warned.length === 0 ? undefined : `warned, in: ${warned.join(', ')}`;
      },
    },
    {
      id: 'signal-listeners',
      promise: 'When its calls have ended, a signal has no more listeners than before.',
      why: 'A signal that lives as long as the process collects whatever is left on it.',
      needs: ANY_CANCEL,
      async check(library) {
        const left = [];
        for (const [name, call] of waysOf(library)) {
          const { signal } = new AbortController();
          const calls = Array.from({ length: 50 }, () => watch(call(signal)));
          if (!(await until(() => calls.every(isSettled), 5_000)))
            return `${name}: not all calls were answered`;
          await sleep(20);
          const count = getEventListeners(signal, 'abort').length;
          if (count > 0) left.push(`${name}: ${count}`);
        }
        return left.length === 0 ? undefined : `listeners left after 50 calls: ${left.join(', ')}`;
      },
    },
    {
      id: 'signal-memory',
      promise: 'After 200,000 calls with one signal that lives on, the heap has grown by less than 10 MB.',
      why: 'What each call leaves behind, a busy process collects until it ends of it.',
      needs: ANY_CANCEL,
      limitMs: 240_000,
      async check({ timeout, retry, queue }) {
        const { signal } = new AbortController();
        const listener = () => {};
        const [policy, work] = timeout?.cancel
          ? [
              timeout.make({ ms: 60_000 }),
              // As work does that passes its signal on and does not clean up: it is the call's own, and goes with it.
              timeout.signal
                ? async (own) => void own.signal.addEventListener('abort', listener)
                : async () => {},
            ]
          : [
              (retry?.cancel ? retry : queue).make({ attempts: 2, delayMs: 1, concurrency: 10 }),
              async () => {},
            ];
        const heap = () => {
          for (let round = 0; round < 4; round += 1) globalThis.gc();
          return process.memoryUsage().heapUsed;
        };
        const calls = async (count) => {
          for (let done = 0; done < count; done += 1) {
            await policy.run(work, { signal });
            if (done % 1_000 === 999) await sleep(0);
          }
          await sleep(20);
        };
        await calls(2_000);
        const before = heap();
        await calls(200_000);
        const grown = (heap() - before) / 1e6;
        return grown < 10 ? undefined : `grew by ${Math.round(grown)} MB`;
      },
    },
  ],
};
