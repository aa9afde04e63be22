import { checkCount, checkMs } from '../clock/clock.js';
import type { BackgroundOptions, RestartOptions } from '../orchestrator/options.js';

/** {@link BackgroundOptions} with every default in place. */
export interface ResolvedBackgroundOptions {
  readonly everyMs: number;
  readonly initialDelayMs: number;
  readonly jitterRatio: number;
  readonly timeoutMs: number | undefined;
  readonly restart: Required<RestartOptions>;
}

const THEN = ['degrade', 'stop-host'] as const;

/** @throws RangeError naming the task, the option and the value. */
export function resolveBackgroundOptions(
  task: string,
  options: BackgroundOptions,
): ResolvedBackgroundOptions {
  const { everyMs, initialDelayMs = 0, jitterRatio = 0.1, timeoutMs, restart = {} } = options;
  const { maxRestarts = 5, withinMs = 30_000, baseMs = 200, capMs = 10_000, then = 'degrade' } = restart;
  const named = (option: string): string => `${option} of background task "${task}"`;
  if (typeof jitterRatio !== 'number' || !(jitterRatio >= 0 && jitterRatio <= 1)) {
    throw new RangeError(`${named('jitterRatio')} must be a number from 0 to 1, got ${String(jitterRatio)}`);
  }
  if (!THEN.includes(then)) {
    throw new RangeError(`${named('restart.then')} must be one of ${THEN.join(', ')}, got ${String(then)}`);
  }
  return {
    everyMs: checkMs(named('everyMs'), everyMs, 1),
    initialDelayMs: checkMs(named('initialDelayMs'), initialDelayMs),
    jitterRatio,
    timeoutMs: timeoutMs === undefined ? undefined : checkMs(named('timeoutMs'), timeoutMs, 1),
    restart: {
      maxRestarts: checkCount(named('restart.maxRestarts'), maxRestarts, 0),
      withinMs: checkMs(named('restart.withinMs'), withinMs, 1),
      baseMs: checkMs(named('restart.baseMs'), baseMs),
      capMs: checkMs(named('restart.capMs'), capMs),
      then,
    },
  };
}
