import type { Clock } from '@kapelle/core';

/** What work at a port is bounded by. */
export interface WorkBounds {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Of whoever waits for it. @default nobody else ends it */
  readonly signal?: AbortSignal;
  /** What it is, for the message: `The driver "scale"`. */
  readonly what: string;
  /** What it rejects with when the time is over. @default an Error that says so */
  readonly timeout?: () => Error;
}

/**
 * What the work gives. Rejects after its time, and with the reason of the signal when that fires, whether or not the work
 * listens to the signal that it is given; what it gives later is dropped.
 */
export async function boundedWork<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  { clock, timeoutMs, signal: outer, what, timeout }: WorkBounds,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const { signal } = controller;
  const forward = (): void => controller.abort(outer?.reason);
  outer?.addEventListener('abort', forward, { once: true });
  const timer = clock.setTimeout(() => {
    controller.abort(
      timeout?.() ?? new Error(`${what} did not end within ${timeoutMs} ms. See why, or allow more time.`),
    );
  }, timeoutMs);
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([(async () => work(signal))(), aborted]);
  } finally {
    clock.clearTimeout(timer);
    outer?.removeEventListener('abort', forward);
  }
}
