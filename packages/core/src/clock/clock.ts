/** Handle of a pending timer; opaque to callers. */
export type TimerHandle = unknown;

/** The port through which the framework knows time. Tests put a {@link FakeClock} here. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds; may jump. For display and for deadlines that cross a process. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. For every duration. */
  monotonic(): number;
  /** Calls `run` once after `delayMs` (0 to 2,147,483,647). */
  setTimeout(run: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
  /** Whether a pending timer holds the process open; a clock without processes leaves it out. */
  keepAlive?(handle: TimerHandle, keep: boolean): void;
}

/** Longest delay a platform timer takes: 2^31 − 1 ms, about 24.8 days. */
export const MAX_DELAY_MS = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
  keepAlive: (handle, keep) => {
    if (keep) (handle as NodeJS.Timeout).ref();
    else (handle as NodeJS.Timeout).unref();
  },
};

/** Checks an option that is a length of time. @throws RangeError naming the option and the value. */
export function checkMs(option: string, value: unknown, minimum = 0): number {
  if (typeof value !== 'number' || !(value >= minimum) || value > MAX_DELAY_MS) {
    throw new RangeError(
      `${option} must be a number of milliseconds from ${minimum} to ${MAX_DELAY_MS}, got ${String(value)}`,
    );
  }
  return value;
}

/** Checks an option that counts something. @throws RangeError naming the option and the value. */
export function checkCount(option: string, value: unknown, minimum = 1): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < minimum) {
    throw new RangeError(`${option} must be an integer >= ${minimum}, got ${String(value)}`);
  }
  return value;
}
