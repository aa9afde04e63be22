import {
  BaseOrchestrator,
  CLOCK,
  type HealthAnswer,
  operation,
  type Clock,
  type OperationContext,
  orchestrator,
  StepResult,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { AnalysisBudget } from '../autonomous-intelligence/analysis-budget.js';
import { limitsOf } from '../autonomous-intelligence/analysis-params.js';
import { assembleBriefing } from '../autonomous-intelligence/assemble-briefing.js';
import {
  AUTONOMOUS_INTELLIGENCE_OPTIONS,
  autonomousSettings,
  depthInUse,
  type AutonomousIntelligenceOptions,
  type AutonomousIntelligenceSettings,
} from '../autonomous-intelligence/autonomous-options.js';
import { Checkpoints } from '../autonomous-intelligence/checkpoints.js';
import { ANALYSIS_PARTS, DEPTH_PLANS } from '../autonomous-intelligence/depth-plan.js';
import { notesOf } from '../autonomous-intelligence/document-flow.js';
import { finishedWorkProblem } from '../autonomous-intelligence/finished-work.js';
import type { Briefing } from '../autonomous-intelligence/model.js';
import {
  BRIEFING_STORE,
  CONTENT_SOURCE,
  KNOWLEDGE_SOURCE,
  LANGUAGE_MODEL,
  type BriefingStore,
  type ContentSource,
  type KnowledgeSource,
  type LanguageModel,
} from '../autonomous-intelligence/ports.js';
import { RecoveryCounters, type RecoveryReport } from '../autonomous-intelligence/recovery-plan.js';
import { experimentStages, missingNotes } from '../autonomous-intelligence/stage-notes.js';
import { StageRunner, timingsOf } from '../autonomous-intelligence/stage-runner.js';
import { runStore } from '../autonomous-intelligence/stages.js';
import { told } from '../autonomous-intelligence/told-result.js';
import { Undelivered } from '../autonomous-intelligence/undelivered.js';
import { beginFallback } from './fallback-content.js';
import { FallbackParams } from './fallback-params.js';
import { lossesOf, lossReason, rungOf } from './fallback-rung.js';
import { stageOutcomes } from './five-stages.js';
import { Ladder } from './ladder.js';
import { analyseInRungs, narrateInRungs, verifyInRungs, type Rung } from './rungs.js';

/**
 * Makes the best briefing that still can be made where something it needs is down or not there, one rung after the other,
 * and says in the notes what is missing and why. Only content that cannot be got or read is a failure.
 *
 * Takes over from `autonomous_intelligence` with the work that was done, or does everything by itself. No port is
 * required: with a text alone it makes of that what can be made.
 */
@orchestrator('domain', 'sequential', {
  name: 'fallback_autonomous',
  description: 'Makes the best briefing that still can be made, and says what is missing.',
  maxConcurrency: 4,
})
export class FallbackAutonomousOrchestrator extends BaseOrchestrator {
  readonly #source: ContentSource | undefined;
  readonly #store: BriefingStore | undefined;
  readonly #knowledge: KnowledgeSource | undefined;
  readonly #clock: Clock;
  readonly #model: LanguageModel | undefined;
  readonly #settings: AutonomousIntelligenceSettings;
  readonly #checkpoints: Checkpoints;
  readonly #undelivered: Undelivered;
  readonly #counters = new RecoveryCounters();

  constructor(
    @inject(CONTENT_SOURCE) @optional() source: ContentSource | undefined,
    @inject(BRIEFING_STORE) @optional() store: BriefingStore | undefined,
    @inject(KNOWLEDGE_SOURCE) @optional() knowledge: KnowledgeSource | undefined,
    @inject(CLOCK) clock: Clock,
    @inject(LANGUAGE_MODEL) @optional() model?: LanguageModel,
    @inject(AUTONOMOUS_INTELLIGENCE_OPTIONS) @optional() options?: AutonomousIntelligenceOptions,
    @inject(STATE_STORE) @optional() state: StateStore = new MemoryStateStore(clock),
  ) {
    super();
    this.#source = source;
    this.#store = store;
    this.#knowledge = knowledge;
    this.#clock = clock;
    this.#model = model;
    this.#settings = autonomousSettings(options);
    this.#checkpoints = new Checkpoints(state, clock, this.#settings, this.logger);
    this.#undelivered = new Undelivered(state, clock, this.#settings, this.logger);
  }

  /** Degraded where no content source is bound: only what is handed over can be read then. */
  override health(): HealthAnswer {
    if (this.#source !== undefined) return true;
    return { status: 'degraded', score: 70, message: 'No content source is bound: only texts can be read.' };
  }

  /**
   * `uncertain` where something is missing or poorer, and nobody handed over what was done: who did, tells it himself.
   * `metadata.rung` says how much could be made; `stored` whether the briefing was stored, `kept` that it waits
   * for the store; `quality` in which form the content was read; `stages` what became of the five stages; `recoveries`
   * what was decided for each failure. Each loss is a warning too.
   */
  @operation({
    default: true,
    params: FallbackParams,
    description: 'Makes the best briefing that still can be made.',
  })
  async analyze(context: OperationContext, params: FallbackParams): Promise<StepResult<Briefing>> {
    const { finished } = params;
    const { depth, warnings } = depthInUse(params.depth, this.#settings);
    const plan = DEPTH_PLANS[depth];
    const problem = finished === undefined ? undefined : finishedWorkProblem(finished);
    if (problem !== undefined) {
      return StepResult.fail(`The work handed over cannot be used: ${problem}. Leave "finished" out.`, {
        errorCategory: 'validation',
        details: { code: 'FINISHED_WORK_INVALID' },
      });
    }
    const budget = new AnalysisBudget(depth, limitsOf(params), this.#settings.prices);
    if (finished?.spent !== undefined) budget.carry(finished.spent);
    const { portTimeoutMs, prices } = this.#settings;
    const runner = new StageRunner(this.#clock, { budget, portTimeoutMs });
    const ladder = new Ladder(context, { runner, counters: this.#counters, finished });
    const start = await beginFallback({
      ...{ context, params, depth, runner, ladder },
      source: this.#source,
      checkpoints: this.#checkpoints,
    });
    const { document, quality } = start;
    const rung: Rung = {
      context,
      document,
      plan,
      runner,
      ladder,
      knowledge: this.#knowledge,
      model: this.#model,
    };

    const { analysis, limits } = await analyseInRungs(rung, finished?.analysis ?? {});
    const checked = finished?.checked ?? (await verifyInRungs(rung, analysis));
    const narrative = await narrateInRungs(rung, { analysis, checked, draft: finished?.narrative });

    const known = () => [...ladder.notes, ...notesOf({ depth, plan }, limits, this.#model)];
    const ran = [
      ...(ANALYSIS_PARTS.every((part) => !plan.parts.includes(part) || part in (finished?.analysis ?? {}))
        ? ['read']
        : []),
      ...Object.keys(analysis),
      ...(checked === undefined ? [] : ['verification']),
      ...(narrative === undefined ? [] : ['narrative', 'revision']),
      ...experimentStages(finished?.experiment),
      ...ladder.staged.map(({ stage }) => stage),
    ].map((stage) => ({ stage }));
    const made = () =>
      assembleBriefing({
        contentHash: start.contentHash,
        depth,
        createdAt: context.now(),
        producedBy: 'fallback_autonomous',
        document,
        analysis,
        checked: checked ?? [],
        narrative,
        ...(finished?.experiment === undefined ? {} : { experiment: finished.experiment }),
        notes: [...known(), ...missingNotes(plan, runner.refused, ran, known())],
        timings: [...(finished?.timings ?? []), ...timingsOf([...start.staged, ...ladder.staged])],
      });
    const { briefing, stored, kept } = await this.#deliver(context, { made, runner, ladder });
    context.progress(1, 'store');
    if (stored || kept) await start.forget();
    const losses = lossesOf(briefing.notes);
    const metadata = {
      fallback: true,
      rung: rungOf(briefing.notes),
      stored,
      ...(stored ? {} : { kept }),
      quality,
      stages: stageOutcomes(briefing.notes),
      ...(Object.keys(ladder.plans).length === 0 ? {} : { recoveries: ladder.plans }),
    };
    const said = losses.map(({ stage, outcome, reason }) => `${stage} ${outcome}: ${reason}`);
    const result = StepResult.ok(briefing, { metadata, warnings: [...warnings, ...said] });
    // What the budget did not allow is warned of with the other losses.
    const resumed = { resumed: runner.resumed, refused: new Map<string, string>() };
    const whole = told(result, { warnings: [], runner: resumed, budget, params, prices });
    if (losses.length === 0 || finished !== undefined || whole.status !== 'ok') return whole;
    return StepResult.uncertain(whole.data, {
      reason: lossReason(losses),
      metadata: whole.metadata,
      warnings: whole.warnings,
    });
  }

  /** How the recoveries of stages ended since the start. */
  @operation({ description: 'Says how the recoveries of failed stages ended since the start.' })
  recoveries(): RecoveryReport {
    return this.#counters.report();
  }

  /** Stores the briefing; where that does not work it is kept until the store does. One without a store is only told. */
  async #deliver(
    context: OperationContext,
    {
      made,
      runner,
      ladder,
    }: { readonly made: () => Briefing; readonly runner: StageRunner; readonly ladder: Ladder },
  ): Promise<{ readonly briefing: Briefing; readonly stored: boolean; readonly kept: boolean }> {
    const { tenantId } = context;
    context.progress(0.95, 'briefing');
    const store = this.#store;
    if (store === undefined) {
      ladder.note('store', 'skipped', 'No briefing store is bound: the briefing is in this answer alone.');
      return { briefing: made(), stored: false, kept: false };
    }
    const briefing = made();
    let kept = false;
    const keep = async (): Promise<true | undefined> => {
      kept = await this.#undelivered.keep(tenantId, briefing, 'It could not be stored.');
      return kept ? true : undefined;
    };
    await ladder.attempt<unknown>(
      'store',
      (signal) => runStore(briefing, { runner, store, tenantId, signal }),
      { retry: { maxAttempts: 3 }, substitute: { make: keep, reason: 'Kept until the store works' } },
    );
    const stored = ladder.staged.some(({ stage }) => stage === 'store');
    if (!stored) return { briefing: made(), stored, kept };
    await this.#undelivered.forget(tenantId, briefing.id);
    // What was stored is returned as it was stored.
    return { briefing, stored, kept: false };
  }
}
