import type { FailedResult, StepResult } from '@kapelle/core';
import type { AnalysisBudget } from './analysis-budget.js';
import {
  analysisOf,
  experimentOf,
  narrativeOf,
  type DocumentJob,
  type MadeStages,
} from './document-briefing.js';
import type { DocumentResults } from './document-flow.js';
import type { FailedStage, FinishedWork } from './finished-work.js';
import { failureCode } from './port-failure.js';
import { planRecovery } from './recovery-plan.js';
import { timingsOf, type StageRunner } from './stage-runner.js';

/** What the stages gave, for whoever goes on after a failure. */
export function finishedWork(
  job: DocumentJob,
  results: DocumentResults,
  { runner, budget }: { readonly runner: StageRunner; readonly budget: AnalysisBudget },
): FinishedWork {
  const { briefing: _briefing, store: _store, ...stages } = results;
  const made = Object.fromEntries(
    (Object.entries(stages) as [string, StepResult][]).flatMap(([stage, result]) =>
      result.status === 'ok' && result.data !== undefined ? [[stage, result.data]] : [],
    ),
  ) as MadeStages;
  const checked = made.verification?.value;
  const narrative = narrativeOf(made);
  const experiment = experimentOf(made);
  return {
    contentHash: job.contentHash,
    document: job.document,
    analysis: analysisOf(made),
    ...(checked === undefined ? {} : { checked }),
    ...(narrative === undefined ? {} : { narrative }),
    ...(experiment === undefined ? {} : { experiment }),
    failures: failuresOf(results, runner),
    skipped: [...runner.refused].map(([stage, reason]) => ({ stage, reason })),
    timings: timingsOf([...job.before, ...Object.values(made).filter((each) => each !== undefined)]),
    spent: budget.report(),
  };
}

/** Why the budget did not allow what everything stands on, if that is so. */
export function budgetFailure({ read }: DocumentResults): FailedResult | undefined {
  return read.status === 'failed' && failureCode(read) === 'AUTONOMOUS_BUDGET_EXHAUSTED' ? read : undefined;
}

/** The failure after which nothing more is tried, if there is one. */
export function criticalFailure(results: DocumentResults, runner: StageRunner): FailedResult | undefined {
  for (const [stage, result] of Object.entries(results) as [string, StepResult][]) {
    if (result.status !== 'failed') continue;
    const { errorCategory, retryable } = result;
    const attempts = Math.max(1, runner.attemptsOf(stage));
    if (planRecovery({ stage, errorCategory, retryable, attempts, isLater: true }).action === 'abort')
      return result;
  }
  return undefined;
}

function failuresOf(results: DocumentResults, runner: StageRunner): readonly FailedStage[] {
  const failures: FailedStage[] = [];
  for (const [stage, result] of Object.entries(results) as [string, StepResult][]) {
    if (result.status !== 'failed') continue;
    const { error, errorCategory, retryable } = result;
    failures.push({
      stage,
      reason: error,
      retryable,
      errorCategory,
      attempts: Math.max(1, runner.attemptsOf(stage)),
    });
  }
  return failures;
}
