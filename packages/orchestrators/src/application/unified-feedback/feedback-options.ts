import { FeedbackError } from './feedback-error.js';

/** Binding key of the options of `unified_feedback`. */
export const UNIFIED_FEEDBACK_OPTIONS = Symbol.for('kapelle.unifiedFeedback.options');

/** What can be set of `unified_feedback`; all of it has a default. */
export interface UnifiedFeedbackOptions {
  /** Tenants whose learning is held in memory; the one not used for longest is stored and let go. @default 100 @minimum 1 */
  readonly maxTenants?: number;
  /**
   * Components of one type that are known of one tenant; the one without a signal for longest is forgotten.
   *
   * @default 1_000 @minimum 2
   */
  readonly maxComponents?: number;
  /** How long a disabled component rests before it may prove itself, for the first time. @default 300_000 @minimum 1 */
  readonly probeAfterMs?: number;
  /** The longest such rest; each failed probation doubles it. Not below `probeAfterMs`. @default 3_600_000 */
  readonly maxProbeAfterMs?: number;
  /** Share of recommendations that try something else than what is best. From 0 to 1. @default 0.1 */
  readonly explorationRatio?: number;
  /** How long a port may take for one call. @default 5_000 @minimum 1 */
  readonly portTimeoutMs?: number;
  /**
   * Where thresholds begin, by name; others begin at the first value they are seen with.
   *
   * @default min_words 500, min_sentences 10, min_coherence 0.6, min_overall 0.65
   */
  readonly thresholds?: Readonly<Record<string, number>>;
}

/** The options with their defaults. */
export type FeedbackSettings = Required<UnifiedFeedbackOptions>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_DELAY_MS = 2_147_483_647;

/** @throws FeedbackError `FEEDBACK_OPTIONS_INVALID` */
export function feedbackSettings(options: UnifiedFeedbackOptions): FeedbackSettings {
  const settings: FeedbackSettings = {
    maxTenants: options.maxTenants ?? 100,
    maxComponents: options.maxComponents ?? 1_000,
    probeAfterMs: options.probeAfterMs ?? 5 * MINUTE_MS,
    maxProbeAfterMs: options.maxProbeAfterMs ?? Math.max(HOUR_MS, options.probeAfterMs ?? 0),
    explorationRatio: options.explorationRatio ?? 0.1,
    portTimeoutMs: options.portTimeoutMs ?? 5_000,
    thresholds: options.thresholds ?? {
      min_words: 500,
      min_sentences: 10,
      min_coherence: 0.6,
      min_overall: 0.65,
    },
  };
  const { thresholds, ...numbers } = settings;
  whole('maxTenants', numbers.maxTenants, 1, 10_000);
  whole('maxComponents', numbers.maxComponents, 2, 10_000);
  within('probeAfterMs', numbers.probeAfterMs, 1, 30 * 24 * HOUR_MS);
  within('maxProbeAfterMs', numbers.maxProbeAfterMs, 1, 30 * 24 * HOUR_MS);
  within('explorationRatio', numbers.explorationRatio, 0, 1);
  within('portTimeoutMs', numbers.portTimeoutMs, 1, MAX_DELAY_MS);
  if (numbers.maxProbeAfterMs < numbers.probeAfterMs) {
    throw invalid(
      `maxProbeAfterMs (${numbers.maxProbeAfterMs}) is below probeAfterMs (${numbers.probeAfterMs}). Raise the one or lower the other.`,
    );
  }
  const names = Object.keys(thresholds);
  if (names.length > 100)
    throw invalid(`thresholds has ${names.length} entries, at most 100 are kept. Leave some out.`);
  for (const name of names) within(`thresholds.${name}`, thresholds[name], Number.MIN_VALUE, 1e12);
  return settings;
}

function whole(name: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw invalid(
    `${name} must be a whole number from ${least} to ${most}, got ${String(value)}. Pass one, or leave it out.`,
  );
}

function within(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw invalid(
    `${name} must be a number from ${least} to ${most}, got ${String(value)}. Pass one, or leave it out.`,
  );
}

function invalid(message: string): FeedbackError {
  return new FeedbackError('FEEDBACK_OPTIONS_INVALID', message);
}
