/** A double that offers everything and makes the usual mistakes. */
import { library as nothing } from './nothing.mjs';

const shared = new AbortController();
const left = [];

/** Leaves what every call brings where it lives as long as the process. */
function keep(signal) {
  if (left.length < 1_000) signal?.addEventListener('abort', () => {});
  left.push(new Array(20).fill(0));
}

/** One list of wake-ups, and one timer: whoever comes first lends all others its context. */
const sleepers = [];
let pumping = false;
function wakeTogether(ms, wake) {
  sleepers.push(wake);
  if (pumping) return;
  pumping = true;
  setTimeout(() => {
    pumping = false;
    for (const each of sleepers.splice(0)) each();
  }, ms);
}

const makeTimeout = ({ ms }) => ({
  run: (work, { signal } = {}) =>
    new Promise((resolve, reject) => {
      keep(signal);
      setTimeout(() => {
        shared.abort();
        reject(new Error('It took too long.'));
      }, ms);
      work({ signal: shared.signal }).then(resolve);
    }),
});

const makeRetry = ({ attempts, delayMs }) => ({
  run: (work, { signal } = {}) =>
    new Promise((resolve, reject) => {
      keep(signal);
      const begin = (attempt) => {
        work({}).then(resolve, (error) => {
          if (attempt > attempts) reject(error);
          else wakeTogether(delayMs, () => begin(attempt + 1));
        });
      };
      begin(1);
    }),
});

function makeBreaker({ openMs = 1_000 } = {}) {
  let state = 'closed';
  let openedAt = 0;
  let probe;
  const open = () => {
    state = 'open';
    openedAt = Date.now();
  };
  return {
    state: () => state,
    async run(work) {
      if (state === 'open') {
        if (Date.now() - openedAt < openMs) throw new Error('It is open.');
        state = 'half-open';
        const call = work({});
        probe = call.then(
          () => (state = 'closed'),
          () => (state = 'closed'),
        );
        return call;
      }
      if (state === 'half-open') await probe;
      try {
        const value = await work({});
        state = 'closed';
        return value;
      } catch (error) {
        open();
        throw error;
      }
    },
  };
}

function makeQueue({ concurrency, bound = Infinity, timeoutMs }) {
  const waiting = [];
  let running = 0;
  const start = ({ work, signal, resolve, reject }) => {
    if (signal?.aborted) return reject(signal.reason);
    running += 1;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      running -= 1;
      queueMicrotask(() => {
        const next = waiting.shift();
        if (next === undefined) return;
        if (running < concurrency) start(next);
        else waiting.push(next);
      });
    };
    if (timeoutMs !== undefined)
      setTimeout(() => (over(), reject(new Error('It took too long.'))), timeoutMs);
    return work({}).then(
      (value) => (over(), resolve(value)),
      (error) => (over(), reject(error)),
    );
  };
  return {
    run: (work, { signal } = {}) =>
      new Promise((resolve, reject) => {
        keep(signal);
        const call = { work, signal, resolve, reject };
        if (running < concurrency) return start(call);
        if (waiting.length >= bound) waiting.shift().reject(new Error('Dropped for a newer one.'));
        return waiting.push(call);
      }),
    clear: () => waiting.splice(0),
  };
}

function makeRate({ permits, perMs, refuse }) {
  let from = Date.now();
  let used = 0;
  const waiting = [];
  const keys = new Set();
  const take = () => {
    if (Date.now() - from >= perMs) {
      from = Date.now();
      used = 0;
    }
    used += 1;
    return used <= permits;
  };
  return {
    keys,
    run: (work, { key = '' } = {}) =>
      new Promise((resolve, reject) => {
        keys.add(key);
        if (take()) return resolve(work({}));
        if (refuse) return reject(new Error('Too many.'));
        waiting.push(() => resolve(work({})));
        if (waiting.length > 1) return undefined;
        const pump = setInterval(() => {
          while (waiting.length > 0 && take()) waiting.shift()();
          if (waiting.length === 0) clearInterval(pump);
        }, 5);
        return undefined;
      }),
  };
}

export const library = {
  ...nothing,
  label: 'clumsy',
  timeout: { ...nothing.timeout, make: makeTimeout },
  retry: {
    ...nothing.retry,
    make: makeRetry,
    nest: (policies) =>
      policies.map(makeRetry).reduce((inner, outer) => ({ run: (work) => outer.run(() => inner.run(work)) })),
  },
  breaker: { ...nothing.breaker, make: makeBreaker, makeDefault: makeBreaker },
  queue: { ...nothing.queue, make: makeQueue },
  rate: { ...nothing.rate, make: makeRate, keyCount: ({ keys }) => keys.size },
};
