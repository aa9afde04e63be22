import { HierarchicalError } from './hierarchical-error.js';

/** Binding key of the options of `hierarchical`. */
export const HIERARCHICAL_OPTIONS = Symbol.for('kapelle.hierarchical.options');

/** What can be set of `hierarchical`; all of it has a default. */
export interface HierarchicalOptions {
  /** Tasks of one session that run at the same time. @default 6 @minimum 1 @maximum 100 */
  readonly maxParallelTasks?: number;
  /** Retries of a task that may name its own, fewer number. @default 3 @minimum 0 @maximum 3 */
  readonly maxRetries?: number;
  /** Pause before the first retry, doubled for each further one, varied by up to a half. @default 500 */
  readonly retryBaseMs?: number;
  /** Longest pause between attempts. @default 30,000 */
  readonly retryCapMs?: number;
  /** Longest attempt of a task that names none of its own. @default 1,800,000 */
  readonly taskTimeoutMs?: number;
  /** Silence after which an agent is stale and its task handed to another one. @default 60,000 */
  readonly staleAfterMs?: number;
  /** Age at which a running task is reported as stuck, unless it was estimated to take longer. @default 300,000 */
  readonly stuckAfterMs?: number;
  /** Estimate of an objective without one; the plan says so. @default 60,000 */
  readonly defaultEstimateMs?: number;
  /** How long a manager or supervisor may think about an escalation. @default 30,000 */
  readonly decisionTimeoutMs?: number;
  /** Sessions kept per tenant; the oldest that is over is forgotten first. @default 100 @minimum 1 @maximum 1,000 */
  readonly maxSessions?: number;
  /** Age since its end after which a session is forgotten. @default 604,800,000 (7 days) */
  readonly retentionMs?: number;
  /** Agents per tenant, those bound for all counted apart. @default 200 @minimum 1 @maximum 10,000 */
  readonly maxAgents?: number;
  /** Recoveries of one session. @default 3 @minimum 0 @maximum 100 */
  readonly maxRecoveries?: number;
}

export type HierarchicalSettings = Readonly<Required<HierarchicalOptions>>;

const DAY_MS = 24 * 60 * 60_000;

/** Default, least and greatest value of each option. */
const BOUNDS: Readonly<Record<keyof HierarchicalOptions, readonly [number, number, number]>> = {
  maxParallelTasks: [6, 1, 100],
  maxRetries: [3, 0, 3],
  retryBaseMs: [500, 0, 60_000],
  retryCapMs: [30_000, 0, 10 * 60_000],
  taskTimeoutMs: [30 * 60_000, 1, DAY_MS],
  staleAfterMs: [60_000, 1_000, DAY_MS],
  stuckAfterMs: [300_000, 1_000, DAY_MS],
  defaultEstimateMs: [60_000, 1, DAY_MS],
  decisionTimeoutMs: [30_000, 1, 60 * 60_000],
  maxSessions: [100, 1, 1_000],
  retentionMs: [7 * DAY_MS, 1_000, 3_650 * DAY_MS],
  maxAgents: [200, 1, 10_000],
  maxRecoveries: [3, 0, 100],
};

/** @throws HierarchicalError `HIERARCHICAL_OPTION_INVALID` */
export function hierarchicalSettings(options: HierarchicalOptions): HierarchicalSettings {
  const settings = {} as Record<keyof HierarchicalOptions, number>;
  for (const name of Object.keys(BOUNDS) as (keyof HierarchicalOptions)[]) {
    const [standard, least, greatest] = BOUNDS[name];
    const value = options[name] ?? standard;
    if (!Number.isSafeInteger(value) || value < least || value > greatest) {
      throw new HierarchicalError(
        'HIERARCHICAL_OPTION_INVALID',
        `${name} is ${String(value)}, it must be a whole number from ${least} to ${greatest}. Correct the options of hierarchical.`,
      );
    }
    settings[name] = value;
  }
  if (settings.retryBaseMs > settings.retryCapMs) {
    throw new HierarchicalError(
      'HIERARCHICAL_OPTION_INVALID',
      `retryBaseMs (${settings.retryBaseMs}) is above retryCapMs (${settings.retryCapMs}). Lower the one or raise the other.`,
    );
  }
  return settings;
}
