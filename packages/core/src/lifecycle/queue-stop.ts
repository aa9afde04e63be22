import type { StopFailure } from './stop-failure.js';
import { type HookHost, tellHook } from './unit-hooks.js';
import type { UnitWorkers } from './unit-workers.js';

/** How long the queues of one orchestrator may take to end. */
export interface QueueStopTimes {
  /** For working off what waits. */
  readonly timeoutMs: number;
  /** What a consumer gets beyond that, once it is told to end. */
  readonly graceMs: number;
  /** Resolves, perhaps never, when nobody offers anything any more; until then what comes in is worked off. */
  readonly quiet?: Promise<unknown> | undefined;
}

/**
 * Lets queues be worked off, then aborts what is in work, and counts what is left. A consumer that does not end even
 * then is named.
 */
export async function stopQueues(
  host: HookHost,
  workers: UnitWorkers,
  { timeoutMs, graceMs, quiet }: QueueStopTimes,
): Promise<{ readonly undelivered: number; readonly failure: StopFailure | undefined }> {
  const { name } = host.unit;
  const { clock } = host.runtime;
  const begun = clock.monotonic();
  const abort = new AbortController();
  const reason = new DOMException(
    `The queues of ${name} had ${timeoutMs} ms to be worked off.`,
    'TimeoutError',
  );
  const timer = clock.setTimeout(
    () => {
      abort.abort(reason);
    },
    Math.max(1, timeoutMs),
  );
  if (quiet !== undefined) {
    await Promise.race([
      quiet,
      new Promise((resolve) => {
        abort.signal.addEventListener('abort', resolve);
      }),
    ]);
  }
  await workers.drainQueues(abort.signal);
  clock.clearTimeout(timer);
  const stuck = await workers.endConsumers(reason, Math.max(0, graceMs));
  const undelivered = workers.giveUpQueues();
  const durationMs = clock.monotonic() - begun;
  if (stuck.length === 0) {
    tellHook(host, 'queues', { ok: true, durationMs });
    return { undelivered, failure: undefined };
  }
  const error = new DOMException(
    `The consumer of ${stuck.map((queue) => `queue "${queue}"`).join(' and ')} of ${name} did not end when it was told to.`,
    'TimeoutError',
  );
  tellHook(host, 'queues', { ok: false, kind: 'timeout', error, durationMs });
  return { undelivered, failure: { orchestrator: name, phase: 'queues', kind: 'timeout', error } };
}
