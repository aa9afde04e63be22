import type { Analysis, Briefing, CheckedClaim, ContentDocument } from './model.js';
import { listOf, maybe, record, someText, numberFrom, type Shape } from './shape.js';
import { CHECKED_SHAPE, DOCUMENT_SHAPE, NARRATIVE_SHAPE, PART_SHAPES } from './stage-shapes.js';

/** A stage that failed, before somebody else goes on. */
export interface FailedStage {
  readonly stage: string;
  readonly reason: string;
  /** Whether another attempt may work. */
  readonly retryable: boolean;
}

/** What was done when a stage failed: whoever goes on does not do it again. JSON. */
export interface FinishedWork {
  readonly contentHash: string;
  readonly document: ContentDocument;
  readonly analysis: Partial<Analysis>;
  readonly checked?: readonly CheckedClaim[];
  readonly narrative?: NonNullable<Briefing['narrative']>;
  readonly failures: readonly FailedStage[];
  readonly timings: Briefing['timings'];
}

const shape: Shape = record({
  contentHash: someText,
  document: DOCUMENT_SHAPE,
  analysis: record(
    Object.fromEntries(Object.entries(PART_SHAPES).map(([part, each]) => [part, maybe(each)])),
  ),
  checked: maybe(CHECKED_SHAPE),
  narrative: maybe(NARRATIVE_SHAPE),
  failures: listOf(record({ stage: someText, reason: someText })),
  timings: listOf(record({ stage: someText, ms: numberFrom(0) })),
});

/** What is wrong with work that somebody hands over, if anything is. */
export function finishedWorkProblem(value: unknown): string | undefined {
  return shape(value, 'finished');
}
