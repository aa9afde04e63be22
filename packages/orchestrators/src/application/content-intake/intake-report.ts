import type { ErrorCategory, FailedResult } from '@kapelle/core';
import type { AnalysisBudgetReport } from '../../domain/autonomous-intelligence/analysis-budget.js';
import type { Briefing } from '../../domain/autonomous-intelligence/model.js';
import { failureCode } from '../../domain/autonomous-intelligence/port-failure.js';

interface OfSource {
  /** As it was given. */
  readonly source: string;
  /** Which item of a feed, counted from 0. */
  readonly item?: number;
}

/** A briefing was made, or was there already. */
export interface SourceBriefed extends OfSource {
  readonly status: 'analysed' | 'cached' | 'reduced' | 'duplicate';
  readonly briefing: Briefing;
  /** Whether it is in the store. */
  readonly stored: boolean;
  readonly warnings: readonly string[];
  /** The last stage that was finished before an interruption, and not done again. */
  readonly resumedFrom?: string;
  /** Where the same content came from first, where that was another place. */
  readonly firstSource?: { readonly uri: string; readonly title: string };
  /** What it cost, where there was a budget or something costs something. */
  readonly budget?: AnalysisBudgetReport;
}

/** There is no briefing. */
export interface SourceFailed extends OfSource {
  readonly status: 'failed';
  readonly error: string;
  readonly errorCategory: ErrorCategory;
  /** Stable, for example `SOURCE_NOT_FOUND`, where the failure has one. */
  readonly code?: string;
  readonly retryable: boolean;
}

/**
 * What became of a source, or of one item of a feed.
 *
 * - `analysed`: a new briefing
 * - `cached`: the same content had been analysed at this depth
 * - `reduced`: a briefing that lacks something, which it says: by the fallback, or for want of budget
 * - `duplicate`: the same content as another source of this call
 * - `failed`: no briefing
 */
export type SourceOutcome = SourceBriefed | SourceFailed;

/** What became of many sources. */
export interface IntakeReport {
  /** In the order of the sources. */
  readonly outcomes: readonly SourceOutcome[];
  readonly counts: Readonly<Record<SourceOutcome['status'], number>>;
  /** Items of feeds beyond `maxItems`, by source. */
  readonly leftOut: readonly { readonly source: string; readonly items: number }[];
}

/** A failed result as the outcome of a source. */
export function failedOutcome(at: OfSource, failure: FailedResult): SourceFailed {
  const code = failureCode(failure);
  return {
    ...at,
    status: 'failed',
    error: failure.error,
    errorCategory: failure.errorCategory,
    ...(code === undefined ? {} : { code }),
    retryable: failure.retryable,
  };
}

/** Counts outcomes, and marks the ones with the same content as an earlier one. */
export function reportOf(outcomes: readonly SourceOutcome[], leftOut: IntakeReport['leftOut']): IntakeReport {
  const seen = new Set<string>();
  const counts = { analysed: 0, cached: 0, reduced: 0, duplicate: 0, failed: 0 };
  const marked = outcomes.map((outcome): SourceOutcome => {
    if (outcome.status === 'failed') return outcome;
    const isRepeated = seen.has(outcome.briefing.contentHash);
    seen.add(outcome.briefing.contentHash);
    return isRepeated ? { ...outcome, status: 'duplicate' } : outcome;
  });
  for (const { status } of marked) counts[status] += 1;
  return { outcomes: marked, counts, leftOut };
}
