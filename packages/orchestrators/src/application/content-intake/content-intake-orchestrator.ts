import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import type { AnalysisBudgetReport } from '../../domain/autonomous-intelligence/analysis-budget.js';
import { AutonomousIntelligenceOrchestrator } from '../../domain/autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import type { Briefing } from '../../domain/autonomous-intelligence/model.js';
import { IntakeParams } from './intake-params.js';
import {
  failedOutcome,
  reportOf,
  type IntakeReport,
  type SourceBriefed,
  type SourceOutcome,
} from './intake-report.js';

const DEFAULT_CONCURRENCY = 2;
const DEFAULT_MAX_ITEMS = 10;

interface Taken {
  readonly outcomes: readonly SourceOutcome[];
  /** Items of a feed that were not taken. */
  readonly leftOut: number;
}

/**
 * Takes many sources in: each goes to `autonomous_intelligence`, some at a time, and what becomes of it is told
 * source by source. That some or all fail is no failure of the call.
 */
@orchestrator('application', 'coordination', {
  name: 'content_intake',
  description: 'Analyses many sources, some at a time, and reports on each.',
  dependsOn: [AutonomousIntelligenceOrchestrator],
})
export class ContentIntakeOrchestrator extends BaseOrchestrator {
  /** Progress counts the sources that are done. */
  @operation({ name: 'take_in', default: true, params: IntakeParams, description: 'Analyses many sources.' })
  async takeIn(context: OperationContext, params: IntakeParams): Promise<StepResult<IntakeReport>> {
    const { concurrency = DEFAULT_CONCURRENCY } = params;
    const sources = [
      ...new Set(params.sources.map((source) => (source.trim() === '' ? source : source.trim()))),
    ];
    let done = 0;
    const branches = Object.fromEntries(
      sources.map((source, at) => [
        `source ${String(at)}`,
        async (): Promise<Taken> => {
          const taken = await this.#take(context, source, params);
          done += 1;
          context.progress(done / sources.length, source);
          return taken;
        },
      ]),
    );
    const taken = Object.values(await context.parallel(branches, { concurrency }));
    const report = reportOf(
      taken.flatMap(({ outcomes }) => outcomes),
      taken.flatMap(({ leftOut }, at) =>
        leftOut === 0 ? [] : [{ source: sources[at] ?? '', items: leftOut }],
      ),
    );
    const warnings = report.outcomes.flatMap((outcome) =>
      outcome.status === 'failed' ? [`${outcome.source}: ${outcome.error}`] : [],
    );
    return StepResult.ok(report, { warnings });
  }

  /** A source; of a feed, its first items one after the other. */
  async #take(context: OperationContext, source: string, params: IntakeParams): Promise<Taken> {
    const { maxItems = DEFAULT_MAX_ITEMS } = params;
    const first = await this.#analyse(context, source, params);
    const items = Number(first.metadata['items'] ?? 1);
    const outcomes = [outcomeOf(items > 1 ? { source, item: 0 } : { source }, first)];
    for (let item = 1; item < Math.min(items, maxItems); item += 1) {
      if (context.signal.aborted) break;
      outcomes.push(outcomeOf({ source, item }, await this.#analyse(context, source, params, item)));
    }
    return { outcomes, leftOut: Math.max(0, items - maxItems) };
  }

  #analyse(
    context: OperationContext,
    uri: string,
    { depth, force, budgetUsd }: IntakeParams,
    item?: number,
  ): Promise<StepResult<Briefing>> {
    return context.call(AutonomousIntelligenceOrchestrator, {
      operation: 'analyze' as const,
      uri,
      ...(depth === undefined ? {} : { depth }),
      ...(force === undefined ? {} : { force }),
      ...(item === undefined ? {} : { item }),
      ...(budgetUsd === undefined ? {} : { budgetUsd }),
    });
  }
}

function outcomeOf(at: { source: string; item?: number }, result: StepResult<Briefing>): SourceOutcome {
  if (result.status === 'failed') return failedOutcome(at, result);
  if (result.status === 'skipped') return failedOutcome(at, StepResult.fail(result.reason));
  const { metadata, warnings, data: briefing } = result;
  return {
    ...at,
    status:
      metadata['cached'] === true
        ? 'cached'
        : metadata['fallback'] === true || metadata['partial'] === true
          ? 'reduced'
          : 'analysed',
    briefing,
    stored: metadata['stored'] !== false,
    warnings,
    ...storyOf(metadata),
  };
}

/** What else is known of the way to a briefing. */
function storyOf(
  metadata: Readonly<Record<string, unknown>>,
): Pick<SourceBriefed, 'resumedFrom' | 'firstSource' | 'budget'> {
  const { resumedFrom, firstSource, budget } = metadata as AnalysisMetadata;
  return {
    ...(resumedFrom === undefined ? {} : { resumedFrom }),
    ...(firstSource === undefined ? {} : { firstSource }),
    ...(budget === undefined ? {} : { budget }),
  };
}

/** As far as it is told here; `autonomous_intelligence` says what it is. */
interface AnalysisMetadata {
  readonly resumedFrom?: string;
  readonly firstSource?: { readonly uri: string; readonly title: string };
  readonly budget?: AnalysisBudgetReport;
}
