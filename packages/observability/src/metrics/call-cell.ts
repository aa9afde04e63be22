import { ERROR_CATEGORIES, type StepResult } from '@kapelle/core';

import type { DurationScale } from './duration-scale.js';

/** What calls may come to: a status, and of failures the category. */
export const OUTCOMES: readonly { readonly status: StepResult['status']; readonly errorCategory: string }[] =
  Object.freeze([
    { status: 'ok', errorCategory: '' } as const,
    { status: 'skipped', errorCategory: '' } as const,
    { status: 'uncertain', errorCategory: '' } as const,
    ...Object.keys(ERROR_CATEGORIES).map((errorCategory) => ({ status: 'failed', errorCategory }) as const),
  ]);
const FAILURES = new Map(
  OUTCOMES.map(({ status, errorCategory }, index) => [status === 'failed' ? errorCategory : '', index]),
);

/** The labels of a cell. */
export type CellLabels = Readonly<Record<'orchestrator' | 'layer' | 'operation', string>> & {
  readonly tenant?: string;
};

/** The counts of one operation: written by calls in a few nanoseconds, read by scrapes. */
export class CallCell {
  readonly labels: Readonly<Record<string, string>>;
  readonly scale: DurationScale;
  /** By index of {@link OUTCOMES}. */
  readonly outcomes = new Float64Array(OUTCOMES.length);
  /** Calls per bucket of the scale, not summed up. */
  readonly buckets: Float64Array;
  sumMs = 0;
  inFlight = 0;

  constructor(labels: CellLabels, scale: DurationScale) {
    this.labels = Object.freeze({ ...labels });
    this.scale = scale;
    this.buckets = new Float64Array(scale.size);
  }

  end(result: StepResult, durationMs: number): void {
    this.inFlight -= 1;
    this.sumMs += durationMs;
    const bucket = this.scale.bucketOf(durationMs);
    (this.buckets[bucket] as number) += 1;
    const outcome = outcomeOf(result);
    (this.outcomes[outcome] as number) += 1;
  }
}

function outcomeOf(result: StepResult): number {
  switch (result.status) {
    case 'ok':
      return 0;
    case 'skipped':
      return 1;
    case 'uncertain':
      return 2;
    case 'failed':
      return FAILURES.get(result.errorCategory) ?? (FAILURES.get('execution') as number);
  }
}
