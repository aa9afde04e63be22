import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import {
  type BanditDecision,
  type Briefing,
  type Depth,
  EnhancedAutonomousOrchestrator,
  type FeedbackHealth,
} from '@kapelle/orchestrators';
import { analysisReward } from './analysis-reward.js';
import { DeskParams } from './desk-params.js';
import { lowerDepth } from './lower-depth.js';

/** The depths that the desk chooses among, as `advanced_bandits` knows them. */
export const DEPTH_DOMAIN = 'analysis_depth';
export const DESK_DEPTHS: readonly Depth[] = ['quick', 'standard', 'deep'];

/** What an analysis may take before it counts as slow. */
const LIMIT_MS = 60_000;

/**
 * Takes what is to be analysed, chooses how deeply by what has turned out best and leaves out what is at rest, and tells the
 * learners how it went: the bandit that chose, and `unified_feedback` about the parts that worked and that failed.
 */
@orchestrator('application', 'adaptive', {
  name: 'analysis_desk',
  description: 'Has content analysed at the depth that turned out best, and tells the learners how it went.',
  dependsOn: [EnhancedAutonomousOrchestrator],
})
export class AnalysisDeskOrchestrator extends BaseOrchestrator {
  /** Makes the briefing of some content; `metadata.desk` says how the depth was chosen, and what it was worth. */
  @operation({ default: true, params: DeskParams, description: 'Has content analysed at the best depth.' })
  async analyze(context: OperationContext, params: DeskParams): Promise<StepResult<Briefing>> {
    const { uri, item } = params;
    const chosen = params.depth === undefined ? await this.#choose(context, uri) : undefined;
    const wanted = params.depth ?? (chosen?.action as Depth | undefined) ?? 'standard';
    const depth = params.depth ?? (await this.#withoutResting(context, wanted));
    // What was done instead says nothing of what was chosen.
    const decision = depth === wanted ? chosen : undefined;
    const from = context.now();
    const result = await context.call(EnhancedAutonomousOrchestrator, {
      operation: 'analyze',
      uri,
      depth,
      ...(item === undefined ? {} : { item }),
    });
    const isAnswer = result.status === 'ok' || result.status === 'uncertain';
    const briefing = isAnswer ? result.data : undefined;
    // Nothing was done for what was there already, and a wrong address says nothing of a depth.
    const isTelling = result.metadata['cached'] !== true && (briefing !== undefined || isOwnFault(result));
    if (!isTelling) return result;
    const failed = stagesOf(result);
    const reward = analysisReward({
      // Less may have been made than was asked for.
      depth: briefing?.depth ?? depth,
      failedStages: failed.length,
      tookMs: context.now() - from,
      limitMs: LIMIT_MS,
      ...(briefing === undefined ? {} : { briefing }),
    });
    await this.#tell(context, { decision, depth, briefing, failed, reward });
    if (!isAnswer) return result;
    const desk = { depth, reward, ...(decision === undefined ? {} : { decisionId: decision.decisionId }) };
    const { reason } = result;
    const extra = { metadata: { ...result.metadata, desk }, warnings: result.warnings };
    return result.status === 'ok'
      ? StepResult.ok(result.data, extra)
      : StepResult.uncertain(result.data, { ...extra, ...(reason === undefined ? {} : { reason }) });
  }

  /** `undefined` where nobody can choose: then it is the usual depth. */
  async #choose(context: OperationContext, uri: string): Promise<BanditDecision | undefined> {
    const result = await context.call<BanditDecision>('advanced_bandits', {
      operation: 'make_decision',
      domain: DEPTH_DOMAIN,
      features: { source: kindOf(uri) },
    });
    if (result.status === 'ok') return result.data;
    this.logger.warn('depth_not_chosen', { reason: result.error ?? result.reason });
    return undefined;
  }

  /** What does badly is at rest for a while: nobody who leaves the choice to the desk waits for it. */
  async #withoutResting(context: OperationContext, wanted: Depth): Promise<Depth> {
    const result = await context.call<FeedbackHealth>('unified_feedback', {
      operation: 'get_health',
      componentType: 'tool',
    });
    if (result.status !== 'ok') return wanted;
    const resting = result.data.components.filter(({ state }) => state === 'disabled');
    const depth = lowerDepth(wanted, DESK_DEPTHS, new Set(resting.map(({ componentId }) => componentId)));
    if (depth !== wanted) {
      this.logger.info('depth_lowered', {
        from: wanted,
        to: depth,
        resting: resting.map(({ componentId }) => componentId),
      });
    }
    return depth;
  }

  async #tell(
    context: OperationContext,
    told: {
      readonly decision: BanditDecision | undefined;
      readonly depth: Depth;
      readonly briefing: Briefing | undefined;
      readonly failed: readonly string[];
      readonly reward: number;
    },
  ): Promise<void> {
    const { decision, depth, briefing, failed, reward } = told;
    const signal = (componentId: string, value: number) => ({
      source: 'agent_task',
      componentType: 'tool',
      componentId,
      reward: value,
      context: { depth },
    });
    const signals = [
      ...(briefing?.timings ?? []).map(({ stage }) => signal(stage, 1)),
      ...failed.map((stage) => signal(stage, 0)),
      {
        ...signal(briefing?.producedBy ?? 'autonomous_intelligence', reward),
        componentType: 'agent',
      },
    ];
    const answers = await Promise.all([
      ...(decision === undefined
        ? []
        : [
            context.call('advanced_bandits', {
              operation: 'provide_feedback',
              domain: DEPTH_DOMAIN,
              decisionId: decision.decisionId,
              reward,
            }),
          ]),
      context.call('unified_feedback', { operation: 'submit_batch', signals }),
    ]);
    // What nobody learns from is no reason to keep a briefing back.
    for (const answer of answers) {
      if (answer.status === 'failed') this.logger.warn('feedback_not_taken', { reason: answer.error });
    }
  }
}

/** Whether the analysis failed by itself, and not because of what it was asked. */
function isOwnFault(result: StepResult): boolean {
  return (
    result.status === 'failed' &&
    !['not_found', 'validation', 'invalid_format', 'policy_violation', 'configuration', 'cancelled'].includes(
      result.errorCategory,
    )
  );
}

function stagesOf({ metadata }: StepResult): readonly string[] {
  const { failedStages, recoveries } = metadata;
  const failed = Array.isArray(failedStages)
    ? failedStages.filter((stage): stage is string => typeof stage === 'string')
    : [];
  // A fallback that was chosen at once has no stages that failed before it.
  const recovered = typeof recoveries === 'object' && recoveries !== null ? Object.keys(recoveries) : [];
  return [...new Set([...failed, ...recovered])];
}

/** What kind of thing an address leads to: its ending, or where it is. */
function kindOf(uri: string): string {
  const ending = /\.([a-z0-9]{2,5})(?:[?#].*)?$/i.exec(uri)?.[1];
  return ending?.toLowerCase() ?? (/^https?:/i.test(uri) ? 'web' : 'file');
}
