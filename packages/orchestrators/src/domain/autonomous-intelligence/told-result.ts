import { StepResult } from '@kapelle/core';
import type { AnalysisBudget, AnalysisPrices } from './analysis-budget.js';
import type { AnalyzeParams } from './analysis-params.js';
import type { Briefing } from './model.js';
import type { StageRunner } from './stage-runner.js';

/** What is told about an analysis besides its briefing. */
export interface Telling {
  readonly warnings: readonly string[];
  readonly runner: Pick<StageRunner, 'refused' | 'resumed'>;
  readonly budget: AnalysisBudget;
  readonly params: AnalyzeParams;
  readonly prices: AnalysisPrices;
}

/**
 * A result with what happened on the way to it: notices as warnings; stages that an earlier call had finished as
 * `metadata.resumed`, and the last of them as `resumedFrom`; `partial` where the budget did not allow a stage; and where there was a budget or something costs something, `metadata.budget`.
 */
export function told(
  result: StepResult<Briefing>,
  { warnings, runner, budget, params, prices }: Telling,
): StepResult<Briefing> {
  if (result.status !== 'ok' && result.status !== 'uncertain') return result;
  const report = budget.report();
  const hasBudget =
    [params.budgetUsd, params.budgetTokens, params.budgetMs].some((limit) => limit !== undefined) ||
    Object.values(prices).some((price: number) => price > 0);
  const isUnpriced =
    params.budgetUsd !== undefined && Object.values(prices).every((price: number) => price === 0);
  const unpriced = isUnpriced ? [UNPRICED] : [];
  const last = runner.resumed.at(-1);
  const refused = [...runner.refused].map(([stage, reason]) => `${stage} skipped: ${reason}`);
  return withExtra(result, {
    metadata: {
      ...result.metadata,
      ...(last === undefined ? {} : { resumed: [...runner.resumed], resumedFrom: last }),
      ...(refused.length === 0 ? {} : { partial: true }),
      ...(hasBudget && result.metadata['budget'] === undefined ? { budget: report } : {}),
    },
    warnings: [...new Set([...warnings, ...unpriced, ...refused, ...result.warnings])],
  });
}

const UNPRICED =
  'The budget in US dollars limits nothing, because nothing has a price. Set the option prices, or give budgetTokens or budgetMs.';

/** The same result with another frame. */
export function withExtra(
  result: Extract<StepResult<Briefing>, { status: 'ok' | 'uncertain' }>,
  extra: { readonly metadata: Readonly<Record<string, unknown>>; readonly warnings: readonly string[] },
): StepResult<Briefing> {
  if (result.status === 'ok') return StepResult.ok(result.data, extra);
  const { data, reason } = result;
  return StepResult.uncertain(data, { ...extra, ...(reason === undefined ? {} : { reason }) });
}
