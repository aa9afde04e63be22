import type { Clock } from '@kapelle/core';

/** Work that did not end within its time, or that nobody waits for any more. */
export class TimeIsUp extends Error {
  // By this name everybody takes it for what it is.
  override readonly name = 'TimeoutError';
}

/**
 * What the work gives, or a rejection with {@link TimeIsUp} after the time, or with the reason of `ended` when that fires.
 * The signal of the work fires in both cases; work that ignores it runs on unheard.
 */
export async function withinTime<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  {
    clock,
    timeoutMs,
    ended,
  }: { readonly clock: Clock; readonly timeoutMs: number; readonly ended: AbortSignal },
): Promise<T> {
  ended.throwIfAborted();
  const controller = new AbortController();
  let timer: unknown;
  let onEnd: (() => void) | undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    const stop = (reason: unknown): void => {
      controller.abort(reason);
      reject(reason);
    };
    timer = clock.setTimeout(
      () => stop(new TimeIsUp(`There was no answer within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    onEnd = () => stop(ended.reason);
    ended.addEventListener('abort', onEnd, { once: true });
  });
  try {
    return await Promise.race([(async () => work(controller.signal))(), interrupted]);
  } finally {
    clock.clearTimeout(timer);
    if (onEnd !== undefined) ended.removeEventListener('abort', onEnd);
  }
}
