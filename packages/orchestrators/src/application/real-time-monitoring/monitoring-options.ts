import { MIN_INTERVAL_MS } from './schedule-presets.js';

/** Token of {@link MonitoringOptions}. */
export const MONITORING_OPTIONS = Symbol.for('kapelle.MonitoringOptions');

/** What monitoring does at once, and what it keeps; bound under {@link MONITORING_OPTIONS}. */
export interface MonitoringOptions {
  /** Looks at sources at the same time. @default 4 @minimum 1 */
  readonly maxChecks?: number;
  /** Analyses at the same time. @default 2 @minimum 1 */
  readonly maxAnalyses?: number;
  /** Longest look at a source, in ms. @default 60_000 @minimum 1 */
  readonly checkTimeoutMs?: number;
  /** Longest wait after failures of a source, in ms; never less than its interval. @default 3_600_000 (1 h) @minimum 10_000 */
  readonly maxBackOffMs?: number;
  /** Wait before an item is analysed again, in ms; doubled each time, up to `maxBackOffMs`. @default 60_000 @minimum 10_000 */
  readonly retryAnalysisMs?: number;
  /** Analyses of one item, the first included, where they fail in a way that may pass. @default 5 @minimum 1 */
  readonly maxAnalysisAttempts?: number;
  /** Longest analysis, in ms; one that takes longer has failed, and is tried again. @default 600_000 (10 min) @minimum 1_000 */
  readonly analysisTimeoutMs?: number;
  /** Items taken of one look; the rest comes with the next one. @default 50 @minimum 1 */
  readonly maxItemsPerCheck?: number;
  /** Sources of a tenant. @default 500 @minimum 1 */
  readonly maxSources?: number;
  /** Items of a tenant that wait; its sources are not looked at while there are so many. @default 1_000 @minimum 1 */
  readonly maxWaiting?: number;
  /** Items of a tenant that are done and still listed; the oldest are forgotten. @default 2_000 @minimum 1 */
  readonly maxFinished?: number;
  /** Ids remembered of one source, so that nothing is taken twice. @default 5_000 @minimum 2_000 */
  readonly maxSeen?: number;
  /** Folders that may be watched, with all below them. @default none */
  readonly folders?: readonly string[];
  /** Asked of each file of a watched folder, by its absolute path: `true` for one that is no content. @default none is passed over */
  readonly passOver?: (path: string) => boolean;
  /** Who analyses: an orchestrator whose `analyze` takes `{ uri, item?, depth? }` and gives a briefing. @default 'autonomous_intelligence' */
  readonly analyst?: string;
}

/** The options with their defaults, checked. */
export type MonitoringSettings = Required<MonitoringOptions>;

/** @throws RangeError naming the option and the value */
export function resolveMonitoringOptions(options: MonitoringOptions): MonitoringSettings {
  const settings: MonitoringSettings = {
    maxChecks: whole('maxChecks', options.maxChecks ?? 4, 1),
    maxAnalyses: whole('maxAnalyses', options.maxAnalyses ?? 2, 1),
    checkTimeoutMs: whole('checkTimeoutMs', options.checkTimeoutMs ?? 60_000, 1),
    maxBackOffMs: whole('maxBackOffMs', options.maxBackOffMs ?? 3_600_000, MIN_INTERVAL_MS),
    retryAnalysisMs: whole('retryAnalysisMs', options.retryAnalysisMs ?? 60_000, MIN_INTERVAL_MS),
    maxAnalysisAttempts: whole('maxAnalysisAttempts', options.maxAnalysisAttempts ?? 5, 1),
    analysisTimeoutMs: whole('analysisTimeoutMs', options.analysisTimeoutMs ?? 600_000, 1_000),
    maxItemsPerCheck: whole('maxItemsPerCheck', options.maxItemsPerCheck ?? 50, 1),
    maxSources: whole('maxSources', options.maxSources ?? 500, 1),
    maxWaiting: whole('maxWaiting', options.maxWaiting ?? 1_000, 1),
    maxFinished: whole('maxFinished', options.maxFinished ?? 2_000, 1),
    maxSeen: whole('maxSeen', options.maxSeen ?? 5_000, 2_000),
    folders: options.folders ?? [],
    passOver: options.passOver ?? (() => false),
    analyst: options.analyst ?? 'autonomous_intelligence',
  };
  if (typeof settings.passOver !== 'function') {
    throw new RangeError(`passOver must be a function, got ${typeof settings.passOver}`);
  }
  if (settings.retryAnalysisMs > settings.maxBackOffMs) {
    throw new RangeError(
      `retryAnalysisMs (${settings.retryAnalysisMs}) is longer than maxBackOffMs (${settings.maxBackOffMs}). Shorten the one or lengthen the other.`,
    );
  }
  return settings;
}

const MAX_MS = 2_147_483_647;

function whole(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= MAX_MS) return value;
  throw new RangeError(`${name} must be a whole number from ${min} to ${MAX_MS}, got ${String(value)}`);
}
