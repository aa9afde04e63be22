import type { ErrorCategory } from '@kapelle/core';
import { COST_CATEGORIES, type AnalysisBudgetReport } from './analysis-budget.js';
import type { Analysis, Briefing, CheckedClaim, ContentDocument } from './model.js';
import { count, listOf, maybe, record, someText, numberFrom, type Shape } from './shape.js';
import {
  CHECKED_SHAPE,
  DOCUMENT_SHAPE,
  EXPERIMENT_SHAPE,
  NARRATIVE_SHAPE,
  PART_SHAPES,
} from './stage-shapes.js';

/** A stage that failed, before somebody else goes on. */
export interface FailedStage {
  readonly stage: string;
  readonly reason: string;
  /** Whether another attempt may work. */
  readonly retryable: boolean;
  /** What kind of failure it was, where that is known. */
  readonly errorCategory?: ErrorCategory;
  /** How often it was tried. @default 1 */
  readonly attempts?: number;
}

/** What was done when a stage failed: whoever goes on does not do it again. JSON. */
export interface FinishedWork {
  readonly contentHash: string;
  readonly document: ContentDocument;
  readonly analysis: Partial<Analysis>;
  readonly checked?: readonly CheckedClaim[];
  readonly narrative?: NonNullable<Briefing['narrative']>;
  readonly experiment?: NonNullable<Briefing['experiment']>;
  readonly failures: readonly FailedStage[];
  /** Stages that the budget did not allow: they are not tried again. */
  readonly skipped?: readonly { readonly stage: string; readonly reason: string }[];
  /** What was spent of the budget. */
  readonly spent?: Pick<AnalysisBudgetReport, 'spent' | 'byCategory'>;
  readonly timings: Briefing['timings'];
}

/** What something took, as it is handed over and kept. */
export const COST_SHAPE: Shape = record({
  usd: numberFrom(0),
  inputTokens: count,
  outputTokens: count,
  modelCalls: count,
  bytes: count,
  ms: numberFrom(0),
});

const shape: Shape = record({
  contentHash: someText,
  document: DOCUMENT_SHAPE,
  analysis: record(
    Object.fromEntries(Object.entries(PART_SHAPES).map(([part, each]) => [part, maybe(each)])),
  ),
  checked: maybe(CHECKED_SHAPE),
  narrative: maybe(NARRATIVE_SHAPE),
  experiment: maybe(EXPERIMENT_SHAPE),
  failures: listOf(record({ stage: someText, reason: someText, attempts: maybe(count) })),
  skipped: maybe(listOf(record({ stage: someText, reason: someText }))),
  spent: maybe(
    record({
      spent: COST_SHAPE,
      byCategory: record(Object.fromEntries(COST_CATEGORIES.map((category) => [category, numberFrom(0)]))),
    }),
  ),
  timings: listOf(record({ stage: someText, ms: numberFrom(0) })),
});

/** What is wrong with work that somebody hands over, if anything is. */
export function finishedWorkProblem(value: unknown): string | undefined {
  return shape(value, 'finished');
}
