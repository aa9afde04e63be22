import type { ErrorCategory } from '@kapelle/core';
import { EXTRA_STAGES } from './depth-plan.js';

export const RECOVERY_SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type RecoverySeverity = (typeof RECOVERY_SEVERITIES)[number];

/**
 * What is done about a failed stage.
 *
 * - `abort`: nothing; the call fails
 * - `retry_simplified`: once more with less to do
 * - `graceful_degradation`: go on with whatever stands in for it
 * - `substitute`: something else makes what the stage should have made
 * - `simplified_execution`: the smallest form of it
 */
export type RecoveryAction =
  'abort' | 'retry_simplified' | 'graceful_degradation' | 'substitute' | 'simplified_execution';

/** One way of making up for a failed stage. */
export type RecoveryTry = 'again' | 'simplified' | 'substitute';

export interface RecoveryPlan {
  readonly severity: RecoverySeverity;
  readonly action: RecoveryAction;
  /** What is tried, in this order, until one works. */
  readonly tries: readonly RecoveryTry[];
  /** How much poorer the briefing is for it. */
  readonly degradation: 'none' | 'minimal' | 'moderate' | 'significant';
  /** Whether a person should look at the briefing. */
  readonly needsReview: boolean;
}

/** A failed stage, as far as a plan depends on it. */
export interface StageFailure {
  readonly stage: string;
  readonly errorCategory?: ErrorCategory | undefined;
  readonly retryable: boolean;
  /** Attempts so far, 1 or more. */
  readonly attempts: number;
  /** Whether another attempt is possible at another time than the failed one. */
  readonly isLater: boolean;
}

/** Nothing more can be done in a process that is in this state. */
const CRITICAL: readonly (ErrorCategory | undefined)[] = ['memory_error', 'system'];
/** Everything stands on these. */
const FOUNDATION: readonly string[] = ['acquire', 'parse', 'read'];
/** Nobody misses these much. */
const EXTRAS: readonly string[] = EXTRA_STAGES;

/**
 * What to do about a failed stage, by its severity: that of the failure, of the stage, and of the attempts so far. A
 * failure that may pass is tried again first, where time has passed.
 */
export function planRecovery(failure: StageFailure): RecoveryPlan {
  const again: readonly RecoveryTry[] = failure.retryable && failure.isLater ? ['again'] : [];
  const { stage, attempts, errorCategory } = failure;
  if (CRITICAL.includes(errorCategory)) {
    return {
      severity: 'critical',
      action: 'abort',
      tries: [],
      degradation: 'significant',
      needsReview: true,
    };
  }
  if (FOUNDATION.includes(stage) || attempts >= 3) {
    const isEarly = attempts < 2;
    return {
      severity: 'high',
      action: isEarly ? 'retry_simplified' : 'graceful_degradation',
      tries: [...again, ...(isEarly ? (['simplified'] as const) : []), 'substitute'],
      degradation: isEarly ? 'minimal' : 'significant',
      needsReview: true,
    };
  }
  if (EXTRAS.includes(stage)) {
    return {
      severity: 'low',
      action: 'simplified_execution',
      tries: ['simplified', 'substitute'],
      degradation: 'minimal',
      needsReview: false,
    };
  }
  return {
    severity: 'medium',
    action: 'substitute',
    tries: [...again, 'substitute', 'simplified'],
    degradation: 'moderate',
    needsReview: false,
  };
}

/** How recoveries of stages ended. */
export interface RecoveryCounts {
  /** The stage was made after all, in full. */
  readonly successful: number;
  /** Something poorer stands in for it. */
  readonly degraded: number;
  /** It is missing. */
  readonly failed: number;
}

export interface RecoveryReport extends RecoveryCounts {
  /** Of all recoveries, how many gave something, 0 to 1; 1 where there was none. */
  readonly successRate: number;
  readonly byStage: Readonly<Record<string, RecoveryCounts>>;
}

/** Counts how recoveries end. The stages of an analysis are few, so there is no bound. */
export class RecoveryCounters {
  readonly #byStage = new Map<string, RecoveryCounts>();

  count(stage: string, outcome: keyof RecoveryCounts): void {
    const before = this.#byStage.get(stage) ?? { successful: 0, degraded: 0, failed: 0 };
    this.#byStage.set(stage, { ...before, [outcome]: before[outcome] + 1 });
  }

  report(): RecoveryReport {
    const sum = { successful: 0, degraded: 0, failed: 0 };
    for (const counts of this.#byStage.values()) {
      sum.successful += counts.successful;
      sum.degraded += counts.degraded;
      sum.failed += counts.failed;
    }
    const all = sum.successful + sum.degraded + sum.failed;
    const successRate = all === 0 ? 1 : (sum.successful + sum.degraded) / all;
    return { ...sum, successRate, byStage: Object.fromEntries(this.#byStage) };
  }
}
