import type { Clock } from '@kapelle/core';
import { MonitoringError } from './monitoring-error.js';
import { shownTarget } from './remembered.js';
import type { SourceFindings } from './source-adapter.js';

/**
 * A look that ends with the signal and with its time, whether or not the adapter listens. Rejects with the reason of the
 * signal, or with `MONITOR_CHECK_TIMEOUT`.
 */
export async function boundedLook(
  look: (signal: AbortSignal) => Promise<SourceFindings>,
  target: string,
  within: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<SourceFindings> {
  const { clock, signal: outer, timeoutMs } = within;
  outer.throwIfAborted();
  const controller = new AbortController();
  const { signal } = controller;
  const forward = (): void => controller.abort(outer.reason);
  outer.addEventListener('abort', forward, { once: true });
  const timer = clock.setTimeout(() => {
    const what = `The look at ${shownTarget(target)} took longer than ${timeoutMs} ms. It will be tried again.`;
    controller.abort(new MonitoringError('MONITOR_CHECK_TIMEOUT', what));
  }, timeoutMs);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  aborted.catch(() => undefined);
  try {
    return readFindings(await Promise.race([look(signal), aborted]), target);
  } finally {
    clock.clearTimeout(timer);
    outer.removeEventListener('abort', forward);
  }
}

/** What an adapter gave may be anything. */
function readFindings(found: unknown, target: string): SourceFindings {
  const { items } = (typeof found === 'object' && found !== null ? found : {}) as {
    readonly items?: unknown;
  };
  if (Array.isArray(items) && items.every(isItem)) return found as SourceFindings;
  throw new MonitoringError(
    'MONITOR_SOURCE_UNREADABLE',
    `The adapter gave no { items } with an id and uris each for ${shownTarget(target)}. Correct the adapter.`,
  );
}

function isItem(item: unknown): boolean {
  const { id, uris } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
  return typeof id === 'string' && Array.isArray(uris) && uris.every((uri) => typeof uri === 'string');
}
