import {
  FEEDBACK_COMPONENTS,
  type FeedbackComponent,
  FEEDBACK_SOURCES,
  type FeedbackSource,
} from './feedback-signal.js';

/** What was counted of one tenant, over restarts. */
export interface FeedbackTotals {
  /** Signals that went into a queue. */
  accepted: number;
  /** Signals that were learnt. */
  processed: number;
  /** Signals skipped because their component was disabled. */
  skipped: number;
  readonly bySource: Record<FeedbackSource, number>;
  readonly byComponent: Record<FeedbackComponent, number>;
  consolidations: number;
  healthChecks: number;
  /** Epoch milliseconds; 0 where there was none. */
  lastConsolidation: number;
  /** Learnt since then; of those about memory, the rewards too. */
  signalsSince: number;
  memorySignalsSince: number;
  memoryRewardSince: number;
}

export function newTotals(): FeedbackTotals {
  return {
    accepted: 0,
    processed: 0,
    skipped: 0,
    bySource: zeros(FEEDBACK_SOURCES),
    byComponent: zeros(FEEDBACK_COMPONENTS),
    consolidations: 0,
    healthChecks: 0,
    lastConsolidation: 0,
    signalsSince: 0,
    memorySignalsSince: 0,
    memoryRewardSince: 0,
  };
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

/** A mean of memory rewards below it asks for consolidation. */
const POOR_MEMORY = 0.7;
/** More signals than that ask for consolidation. */
const MANY_SIGNALS = 1_000;

/** Why the memory should be consolidated, by what came in since it was; empty where it need not. */
export function consolidationReasons(totals: FeedbackTotals): readonly string[] {
  const reasons: string[] = [];
  const mean = meanMemoryReward(totals);
  if (mean !== undefined && mean < POOR_MEMORY) reasons.push('memory_reward_low');
  if (totals.signalsSince > MANY_SIGNALS) reasons.push('many_signals');
  return reasons;
}

/** Since the last consolidation; `undefined` without any. */
export function meanMemoryReward(totals: FeedbackTotals): number | undefined {
  const { memorySignalsSince, memoryRewardSince } = totals;
  return memorySignalsSince === 0 ? undefined : memoryRewardSince / memorySignalsSince;
}
