import type { Clock } from '@kapelle/core';
import { boundedWork as workWithin } from '../../bounded-work.js';

/** Within what a piece of work has to end. */
export interface WorkBounds {
  readonly clock: Clock;
  /** Ends the work; the promise rejects with its reason. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** What it rejects with when the time is over. */
  readonly timeout: () => Error;
  /** How long work that was told to stop is waited for. */
  readonly graceMs: number;
  /** Told when work that was given up ends after all. */
  readonly onLate?: () => void;
}

/**
 * Work that ends with its signal and with its time, whether or not it listens. It is told to stop and waited
 * for a little, so that what comes next does not run beside it; what it gives after that is dropped.
 */
export async function boundedWork<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, signal, timeoutMs, timeout, graceMs, onLate }: WorkBounds,
): Promise<T> {
  let running: { readonly work: Promise<unknown>; readonly signal: AbortSignal } | undefined;
  let isOver = false;
  const begin = (given: AbortSignal): Promise<T> => {
    const begun = (async () => work(given))().finally(() => {
      isOver = true;
    });
    running = { work: begun, signal: given };
    return begun;
  };
  try {
    return await workWithin(begin, { clock, signal, timeoutMs, timeout, what: 'The work' });
  } catch (error) {
    const given = running as { readonly work: Promise<unknown>; readonly signal: AbortSignal } | undefined;
    if (given === undefined || !given.signal.aborted) throw error;
    if (!isOver) {
      await settledWithin(given.work, clock, graceMs);
      // It settles in between as well as never.
      if (!(isOver as boolean)) void given.work.catch(() => undefined).then(() => onLate?.());
    }
    throw given.signal.reason;
  }
}

/** Resolves after `ms`; rejects with the reason of the signal. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const stop = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

async function settledWithin(work: Promise<unknown>, clock: Clock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.setTimeout(resolve, ms);
    const done = (): void => {
      clock.clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}
