import { AutonomyError } from './autonomy-error.js';

/** Binding key of the options of `enhanced_autonomous`. */
export const ENHANCED_AUTONOMOUS_OPTIONS = Symbol.for('kapelle.EnhancedAutonomousOptions');

/** What can be set of `enhanced_autonomous`; all of it has a default. */
export interface EnhancedAutonomousOptions {
  /**
   * For a whole analysis, both paths and the probes included, in milliseconds; a deadline of the caller that is earlier
   * counts instead. @default 1,800,000 (30 minutes) @minimum 1 @maximum 86,400,000
   */
  readonly totalTimeoutMs?: number;
  /**
   * Share of the time that is kept back for the fallback while the full path runs: with 0 the full path may use all of
   * it, and there is no fallback after its time-out. @default 0.2 @minimum 0 @maximum 0.9
   */
  readonly fallbackShare?: number;
  /**
   * How long a probe may take to answer, in milliseconds. Less than `totalTimeoutMs`.
   * @default 5,000 @minimum 1 @maximum 60,000
   */
  readonly probeTimeoutMs?: number;
  /** How long an answer of a probe is used again, in milliseconds; 0 asks each time. @default 15,000 @maximum 3,600,000 */
  readonly probeCacheMs?: number;
  /**
   * Whether the full path is passed over at depths that narrate where no language model is bound. Without it that path is
   * taken, and its briefing says that there is no narrative. @default false
   */
  readonly requireLanguageModel?: boolean;
  /** Runs remembered per tenant, depth and path. @default 50 @minimum 1 @maximum 500 */
  readonly historySize?: number;
  /** Older runs say nothing any more, in milliseconds. @default 2,592,000,000 (30 days) @minimum 1 */
  readonly historyMaxAgeMs?: number;
  /**
   * Runs of a path before anything is concluded from them; at most `historySize`. @default 5 @minimum 1 @maximum 500
   */
  readonly minimumRuns?: number;
}

/** The options with their defaults. */
export type EnhancedAutonomousSettings = Readonly<Required<EnhancedAutonomousOptions>>;

const DAY_MS = 24 * 60 * 60 * 1_000;

/** @throws AutonomyError `AUTONOMY_OPTION_INVALID` naming the option, or both where two contradict each other */
export function enhancedAutonomousSettings(
  options: EnhancedAutonomousOptions = {},
): EnhancedAutonomousSettings {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`The options are ${String(options)}, they must be an object.`);
  }
  const {
    totalTimeoutMs = 1_800_000,
    fallbackShare = 0.2,
    probeTimeoutMs = Math.min(5_000, Math.max(1, Math.floor(totalTimeoutMs / 2))),
    probeCacheMs = 15_000,
    requireLanguageModel = false,
    historySize = 50,
    historyMaxAgeMs = 30 * DAY_MS,
    minimumRuns = Math.min(5, historySize),
  } = options;
  checkWhole('totalTimeoutMs', totalTimeoutMs, [1, DAY_MS]);
  checkWhole('probeTimeoutMs', probeTimeoutMs, [1, 60_000]);
  checkWhole('probeCacheMs', probeCacheMs, [0, 3_600_000]);
  checkWhole('historySize', historySize, [1, 500]);
  checkWhole('historyMaxAgeMs', historyMaxAgeMs, [1, Number.MAX_SAFE_INTEGER]);
  checkWhole('minimumRuns', minimumRuns, [1, 500]);
  if (typeof fallbackShare !== 'number' || !(fallbackShare >= 0 && fallbackShare <= 0.9)) {
    throw invalid(`fallbackShare is ${String(fallbackShare)}, it must be a number from 0 to 0.9.`);
  }
  if (typeof requireLanguageModel !== 'boolean') {
    throw invalid(`requireLanguageModel is ${String(requireLanguageModel)}, it must be true or false.`);
  }
  if (probeTimeoutMs >= totalTimeoutMs) {
    throw invalid(
      `probeTimeoutMs (${probeTimeoutMs}) and totalTimeoutMs (${totalTimeoutMs}) contradict each other: the probes may use all the time. Make probeTimeoutMs smaller.`,
    );
  }
  if (minimumRuns > historySize) {
    throw invalid(
      `minimumRuns (${minimumRuns}) and historySize (${historySize}) contradict each other: so many runs are never remembered. Make minimumRuns smaller.`,
    );
  }
  return {
    totalTimeoutMs,
    fallbackShare,
    probeTimeoutMs,
    probeCacheMs,
    requireLanguageModel,
    historySize,
    historyMaxAgeMs,
    minimumRuns,
  };
}

function checkWhole(name: string, value: number, [least, greatest]: readonly [number, number]): void {
  if (Number.isSafeInteger(value) && value >= least && value <= greatest) return;
  throw invalid(`${name} is ${String(value)}, it must be a whole number from ${least} to ${greatest}.`);
}

function invalid(what: string): AutonomyError {
  return new AutonomyError('AUTONOMY_OPTION_INVALID', `${what} Correct the options of enhanced_autonomous.`);
}
