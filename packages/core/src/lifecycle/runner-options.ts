import { constants } from 'node:os';

import { checkMs } from '../clock/clock.js';
import type { Logger } from '../logging/logger.js';

/** How a process runs a host and ends with it. */
export interface RunHostOptions {
  /**
   * What ends the process in order; the second one that arrives ends it at once. Not those that cannot be caught
   * (SIGKILL, SIGSTOP) or that say the process is broken (SIGSEGV, SIGBUS, SIGILL, SIGFPE).
   *
   * @default SIGTERM and SIGINT
   */
  readonly signals?: readonly NodeJS.Signals[];
  /**
   * How long calls are still served after the first signal while `health().ready` is already false: what a load
   * balancer takes to notice.
   *
   * @default 5,000 in a Kubernetes pod (KUBERNETES_SERVICE_HOST is set), at most a quarter of hardDeadlineMs; else 0
   */
  readonly readinessDelayMs?: number;
  /**
   * When the process is killed, counted from the first signal, whatever it does; also the longest time that its event
   * loop may stand still. Leave 2 s to what kills the container after that (Kubernetes: 30 s).
   *
   * @default 28,000
   * @minimum 100
   */
  readonly hardDeadlineMs?: number;
  /** Whether a worker thread holds the process to hardDeadlineMs. @default true */
  readonly watchdog?: boolean;
  /** Gets what the runner has to say. @default one line per problem on stderr, nothing else */
  readonly logger?: Logger;
  /** Awaited before the process ends, for at most 1,000 ms: for log lines that are written later. */
  readonly flush?: () => unknown;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
}

/** The longest time of a host's stop, and whether somebody has set it. */
export interface TotalTimeout {
  readonly ms: number;
  readonly isGiven: boolean;
}

/** @internal Checked options, with the time of the stop shared out. */
export interface RunnerPlan {
  readonly signals: readonly NodeJS.Signals[];
  readonly readinessDelayMs: number;
  /** What the stop of the host gets once the readiness delay is over. */
  readonly stopTimeoutMs: number;
  readonly hardDeadlineMs: number;
  readonly hasWatchdog: boolean;
  readonly logger: Logger | undefined;
  readonly flush: (() => unknown) | undefined;
  readonly exit: (code: number) => void;
}

const DEFAULTS = {
  signals: ['SIGTERM', 'SIGINT'] as const,
  clusterReadinessDelayMs: 5_000,
  hardDeadlineMs: 28_000,
};

/** What a stop that was shortened leaves to the end of the process, before the hard deadline. */
const MARGIN_MS = 1_000;

const UNFIT_SIGNALS: ReadonlySet<string> = new Set([
  'SIGKILL',
  'SIGSTOP',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
]);

/**
 * Shares the time before the hard deadline between readiness delay and stop. Two lengths that somebody has set must
 * fit; a default gives way, so that a host that runs outside of a cluster also runs inside of one.
 *
 * @throws RangeError for a number out of its bounds or lengths that do not fit, TypeError for a wrong kind of value
 */
export function resolveRunHostOptions(
  options: RunHostOptions,
  total: TotalTimeout,
  inCluster: boolean,
): RunnerPlan {
  const hardDeadlineMs = checkMs('hardDeadlineMs', options.hardDeadlineMs ?? DEFAULTS.hardDeadlineMs, 100);
  const readinessDelayMs =
    options.readinessDelayMs === undefined
      ? inCluster
        ? Math.min(DEFAULTS.clusterReadinessDelayMs, hardDeadlineMs / 4)
        : 0
      : checkMs('readinessDelayMs', options.readinessDelayMs);
  if (options.watchdog !== undefined && typeof options.watchdog !== 'boolean') {
    throw new TypeError(`watchdog must be true or false, got ${String(options.watchdog)}`);
  }
  for (const name of ['flush', 'exit'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new TypeError(`${name} must be a function, got ${typeof options[name]}`);
  }
  return {
    signals: checkSignals(options.signals ?? DEFAULTS.signals),
    readinessDelayMs,
    stopTimeoutMs: stopTimeout(
      readinessDelayMs,
      options.readinessDelayMs === undefined && inCluster,
      hardDeadlineMs,
      total,
    ),
    hardDeadlineMs,
    hasWatchdog: options.watchdog ?? true,
    logger: options.logger,
    flush: options.flush,
    exit: options.exit ?? ((code) => process.exit(code)),
  };
}

function stopTimeout(
  readinessDelayMs: number,
  isClusterDefault: boolean,
  hardDeadlineMs: number,
  total: TotalTimeout,
): number {
  const left = hardDeadlineMs - readinessDelayMs;
  if (left <= 0) {
    throw new RangeError(
      `readinessDelayMs (${readinessDelayMs}) must be less than hardDeadlineMs (${hardDeadlineMs}), or nothing is left for the stop. Lower the delay.`,
    );
  }
  if (total.ms <= left) return total.ms;
  // A host that is accepted outside of a cluster must be accepted inside of one.
  const mayGiveWay = !total.isGiven || (isClusterDefault && total.ms <= hardDeadlineMs);
  if (mayGiveWay) return left - Math.min(MARGIN_MS, left / 10);
  throw new RangeError(
    `readinessDelayMs (${readinessDelayMs}) and shutdown.totalTimeoutMs (${total.ms}) must fit into hardDeadlineMs (${hardDeadlineMs}), or the process is killed before its stop is over. Lower one of the two, or raise hardDeadlineMs where the platform waits longer.`,
  );
}

function checkSignals(signals: unknown): readonly NodeJS.Signals[] {
  if (!Array.isArray(signals)) {
    throw new TypeError(`signals must be an array of signal names, got ${typeof signals}`);
  }
  for (const signal of signals as unknown[]) {
    if (typeof signal !== 'string' || !Object.hasOwn(constants.signals, signal)) {
      throw new RangeError(`signals must hold names like "SIGTERM", got ${String(signal)}`);
    }
    if (UNFIT_SIGNALS.has(signal)) {
      throw new RangeError(`signals must not hold ${signal}: a process cannot end in order after it`);
    }
  }
  return [...new Set(signals as NodeJS.Signals[])];
}
