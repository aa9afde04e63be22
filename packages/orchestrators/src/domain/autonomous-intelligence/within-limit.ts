import type { Clock } from '@kapelle/core';
import { boundedWork } from '../../bounded-work.js';
import { AutonomousIntelligenceError } from './autonomous-error.js';

/** How long work is waited for. */
export interface TimeLimit {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** The option that sets it. */
  readonly option: string;
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal;
  /** What waits, as the message names it. */
  readonly what: string;
}

/**
 * What the work gives. The signal of the work fires when the time is up, and when `signal` does; work that ignores it
 * runs on, and nobody hears of it.
 *
 * @throws AutonomousIntelligenceError `AUTONOMOUS_PORT_TIMEOUT` after the time
 */
export function withinLimit<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  { clock, timeoutMs, option, signal, what }: TimeLimit,
): Promise<T> {
  return boundedWork(work, {
    clock,
    timeoutMs,
    what,
    ...(signal === undefined ? {} : { signal }),
    timeout: () =>
      new AutonomousIntelligenceError(
        'AUTONOMOUS_PORT_TIMEOUT',
        `The ${what} had no answer after ${String(timeoutMs)} ms. Look after what it asks, or set ${option} higher.`,
      ),
  });
}
