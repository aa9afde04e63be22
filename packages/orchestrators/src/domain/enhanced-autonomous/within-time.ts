import type { Clock } from '@kapelle/core';
import { boundedWork } from '../../bounded-work.js';

/** Work that did not end within its time, or that nobody waits for any more. */
export class TimeIsUp extends Error {
  // By this name everybody takes it for what it is.
  override readonly name = 'TimeoutError';
}

/**
 * What the work gives, or a rejection with {@link TimeIsUp} after the time, or with the reason of `ended` when that fires.
 * The signal of the work fires in both cases; work that ignores it runs on unheard.
 */
export function withinTime<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  {
    clock,
    timeoutMs,
    ended,
  }: { readonly clock: Clock; readonly timeoutMs: number; readonly ended: AbortSignal },
): Promise<T> {
  return boundedWork(work, {
    clock,
    timeoutMs,
    signal: ended,
    what: 'The probe',
    timeout: () => new TimeIsUp(`There was no answer within ${timeoutMs} ms.`),
  });
}
