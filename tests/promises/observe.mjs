/** What the scenarios look through: promises that are watched, time that is waited for, clocks that are stepped. */

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A promise and what settles it. */
export function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** What becomes of a promise, readable at any time; its rejection counts as handled. */
export function watch(promise) {
  const seen = { state: 'pending', value: undefined, error: undefined, at: undefined };
  Promise.resolve(promise).then(
    (value) => Object.assign(seen, { state: 'fulfilled', value, at: performance.now() }),
    (error) => Object.assign(seen, { state: 'rejected', error, at: performance.now() }),
  );
  return seen;
}

/** {@link watch}, of a call that may also throw at once. */
export function attempt(call) {
  try {
    return watch(call());
  } catch (error) {
    return { state: 'rejected', value: undefined, error, at: performance.now() };
  }
}

export const isSettled = (seen) => seen.state !== 'pending';

/**
 * Whether the claim comes true in time. After a stall of the machine everything due at once is let through before the
 * last look.
 */
export async function until(claim, ms = 2_000) {
  const end = performance.now() + ms;
  while (!claim()) {
    if (performance.now() >= end) {
      for (let turn = 0; turn < 20 && !claim(); turn += 1) await sleep(1);
      return claim();
    }
    await sleep(2);
  }
  return true;
}

/** Lets so many microtasks pass. */
export async function microtasks(count) {
  for (let turn = 0; turn < count; turn += 1) await null;
}

/** An error in a few words. */
export function named(error) {
  if (!(error instanceof Error)) return String(error);
  const code = typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code} “${error.message}”`;
}

const PlatformDate = Date;

/** Steps the wall clock of this process, as an operator or NTP does; monotonic time and timers go on as they were. */
export function stepWallClock(byMs) {
  globalThis.Date = class extends PlatformDate {
    constructor(...parts) {
      if (parts.length === 0) super(PlatformDate.now() + byMs);
      else super(...parts);
    }

    static now() {
      return PlatformDate.now() + byMs;
    }
  };
}

/** Timers that hold the process open now. */
export const pendingTimers = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

/** A list of numbers that looks random and is the same in each run. */
export function pseudoRandom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export const HOUR_MS = 3_600_000;

/** Of values that no length of time, and no count, can be. */
export async function acceptedValues(values, tryIt) {
  const accepted = [];
  for (const value of values) if (await tryIt(value)) accepted.push(String(value));
  return accepted.length === 0 ? undefined : `accepted ${accepted.join(', ')}`;
}
