import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { MemoryStateStore, SHARED_TENANT, STATE_STORE, type StateStore } from '../../state/index.js';
import { type Briefing, type Depth, DEPTHS } from '../autonomous-intelligence/model.js';
import { portFailure } from '../autonomous-intelligence/port-failure.js';
import {
  BRIEFING_STORE,
  type BriefingStore,
  CONTENT_SOURCE,
  type ContentSource,
  KNOWLEDGE_SOURCE,
  type KnowledgeSource,
  LANGUAGE_MODEL,
  type LanguageModel,
} from '../autonomous-intelligence/ports.js';
import { FallbackAutonomousOrchestrator } from '../fallback-autonomous/fallback-autonomous-orchestrator.js';
import { AutonomyCounters, type AutonomyEnding, type AutonomyMetrics } from './autonomy-counters.js';
import { AutonomyError } from './autonomy-error.js';
import {
  ENHANCED_AUTONOMOUS_OPTIONS,
  type EnhancedAutonomousOptions,
  type EnhancedAutonomousSettings,
  enhancedAutonomousSettings,
} from './autonomy-options.js';
import { EnhancedAnalyzeParams, GetCapabilitiesParams, GetPathHistoryParams } from './autonomy-params.js';
import { AUTONOMY_PATHS, type AutonomyPath, haveSameParts, lowerDepths, schemeOf } from './autonomy-path.js';
import { AUTONOMY_PROBES, type AutonomyCapability, type AutonomyProbe } from './autonomy-probe.js';
import { autonomyReportOf, type MissingNeed } from './autonomy-report.js';
import { AutonomyRun } from './autonomy-run.js';
import { CapabilityWatch } from './capability-watch.js';
import { checkProbes } from './check-probes.js';
import { choosePath, type PathChoice } from './choose-path.js';
import { type PathFigures, PathHistory } from './path-history.js';
import { lacksOf, PathNeeds } from './path-views.js';
import { probesOf } from './port-probes.js';
import { ProgressRelay } from './progress-relay.js';

const NAME = 'enhanced_autonomous';
/** How often the probes are asked while nobody analyses anything, so that the health says how it is now. */
const WATCH_EVERY_MS = 60_000;
/** The depth at which every built-in capability is needed. */
const HEALTH_DEPTH: Depth = 'comprehensive';

/** What `get_capabilities` gives. */
export interface AutonomyCapabilities {
  readonly depth: Depth;
  readonly capabilities: readonly AutonomyCapability[];
  readonly paths: Readonly<
    Record<AutonomyPath, { readonly canRun: boolean; readonly missing: readonly string[] }>
  >;
  readonly missing: readonly MissingNeed[];
  /** What `analyze` would take without a preference. */
  readonly choice: PathChoice;
}

/** What `get_path_history` gives, by depth; depths without a run are left out. */
export type AutonomyHistory = Readonly<Partial<Record<Depth, PathFigures>>>;

/**
 * Makes a briefing in the best way that is open now: the full analysis where it has what it really needs, else the same at a
 * lower depth, else the fallback; which also take over when the full analysis fails or takes too long, with what is left of
 * the time.
 *
 * Results have an `AutonomyReport` in `metadata.autonomy`: which path, why, what was missing, what was tried.
 */
@orchestrator('domain', 'adaptive', {
  name: NAME,
  description: 'Takes the full analysis or the fallback, by what is there, and says which and why.',
  dependsOn: [FallbackAutonomousOrchestrator],
})
export class EnhancedAutonomousOrchestrator extends BaseOrchestrator {
  readonly #settings: EnhancedAutonomousSettings;
  readonly #clock: Clock;
  readonly #facade: OrchestrationFacade | undefined;
  readonly #needs: PathNeeds;
  readonly #watch: CapabilityWatch;
  readonly #history: PathHistory;
  readonly #counters = new AutonomyCounters();
  /** Analyses at work, by tenant and request. */
  readonly #atWork = new Map<string, number>();

  constructor(
    @inject(ENHANCED_AUTONOMOUS_OPTIONS) @optional() options: EnhancedAutonomousOptions = {},
    @inject(CONTENT_SOURCE) @optional() source?: ContentSource,
    @inject(BRIEFING_STORE) @optional() store?: BriefingStore,
    @inject(KNOWLEDGE_SOURCE) @optional() knowledge?: KnowledgeSource,
    @inject(LANGUAGE_MODEL) @optional() model?: LanguageModel,
    @inject(AUTONOMY_PROBES) @optional() probes: readonly AutonomyProbe[] = [],
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() state: StateStore = new MemoryStateStore(clock),
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
  ) {
    super();
    const settings = enhancedAutonomousSettings(options);
    checkProbes(probes);
    this.#settings = settings;
    this.#clock = clock;
    this.#facade = facade;
    this.#needs = new PathNeeds(
      { hasModel: model !== undefined, requireLanguageModel: settings.requireLanguageModel },
      probes,
    );
    this.#watch = new CapabilityWatch({
      probes: probesOf({ source, store, knowledge, model, facade }, probes),
      clock,
      timeoutMs: settings.probeTimeoutMs,
      cacheMs: settings.probeCacheMs,
      changed: ({ name, available, lack }) => {
        // What nobody set up has not gone.
        if (lack?.kind === 'unbound') return;
        const level = available ? 'info' : 'warn';
        const why = lack === undefined ? {} : { reason: lack.reason };
        this.logger[level]('autonomy_capability_changed', { capability: name, available, ...why });
      },
    });
    this.#history = new PathHistory({ state, settings, clock, logger: () => this.logger });
  }

  override async cleanup(): Promise<void> {
    this.#watch.close();
    await this.#history.idle();
  }

  /** Degraded while something is not there that a path cannot do without; more so where no path can run. */
  override health(): HealthAnswer {
    const { canRun, missing } = this.#needs.views(HEALTH_DEPTH, this.#watch.latest);
    const wanting = missing.filter(({ requiredBy }) => requiredBy.length > 0);
    if (wanting.length === 0) return true;
    const message = wanting.map(({ capability, reason }) => `${capability}: ${reason}`).join(' ');
    const score = AUTONOMY_PATHS.some((path) => canRun[path]) ? 70 : 30;
    return { status: 'degraded', score, message };
  }

  /** Asks the probes in nobody's name, so that what has gone and what has come back is known before somebody needs it. */
  @background({ everyMs: WATCH_EVERY_MS })
  async watchCapabilities(signal: AbortSignal): Promise<void> {
    await this.#watch.ask({ tenantId: SHARED_TENANT, depth: HEALTH_DEPTH }, { signal });
  }

  /**
   * Makes the briefing of some content. The params are passed on; the payload is the briefing, `uncertain` where it is
   * not all that was asked for.
   * `AUTONOMY_UNAVAILABLE`, `AUTONOMY_FAILED` and `AUTONOMY_TIMED_OUT` list up to five reasons.
   */
  @operation({
    default: true,
    params: EnhancedAnalyzeParams,
    description: 'Makes the briefing of some content in the best way that is open now.',
  })
  async analyze(context: OperationContext, params: EnhancedAnalyzeParams): Promise<StepResult<Briefing>> {
    const request = `${context.tenantId}\n${context.requestId}`;
    this.#atWork.set(request, (this.#atWork.get(request) ?? 0) + 1);
    try {
      const run = new AutonomyRun(context, params, {
        name: NAME,
        settings: this.#settings,
        clock: this.#clock,
        watch: this.#watch,
        needs: this.#needs,
        history: this.#history,
        counters: this.#counters,
        progress: new ProgressRelay(context, this.#facade, () => this.#atWork.get(request) === 1),
        logger: this.logger,
      });
      const result = await run.go();
      this.#counters.countAnalysis(endingOf(result));
      return result;
    } catch (thrown) {
      this.#counters.countAnalysis(context.signal.aborted ? 'cancelled' : 'failed');
      throw thrown;
    } finally {
      const others = (this.#atWork.get(request) ?? 1) - 1;
      if (others === 0) this.#atWork.delete(request);
      else this.#atWork.set(request, others);
    }
  }

  /** What is there for some content, what each path lacks, and which one would be taken. */
  @operation({
    name: 'get_capabilities',
    params: GetCapabilitiesParams,
    description: 'Says what is there, and which path would be taken.',
  })
  async getCapabilities(
    context: OperationContext,
    { uri, depth = 'standard', refresh = false }: GetCapabilitiesParams,
  ): Promise<StepResult<AutonomyCapabilities>> {
    const request = {
      tenantId: context.tenantId,
      depth,
      ...(uri === undefined ? {} : { scheme: schemeOf(uri) }),
    };
    const capabilities = await this.#watch.ask(request, { refresh, signal: context.signal });
    const views = this.#needs.views(depth, capabilities);
    const view = (path: AutonomyPath) => ({ canRun: views.canRun[path], lacks: lacksOf(path, views) });
    const [full, fallback] = AUTONOMY_PATHS;
    const shown = (path: AutonomyPath) => ({ canRun: views.canRun[path], missing: lacksOf(path, views) });
    return StepResult.ok({
      depth,
      capabilities,
      paths: { autonomous_intelligence: shown(full), fallback_autonomous: shown(fallback) },
      missing: views.missing,
      choice: choosePath(view(full), view(fallback), {
        depth,
        lower: lowerDepths(depth).find(
          (each) => haveSameParts(each, depth) && this.#needs.views(each, capabilities).canRun[full],
        ),
        minimumRuns: this.#settings.minimumRuns,
      }),
    });
  }

  /** How both paths did for the tenant, by depth. `AUTONOMY_HISTORY_UNREADABLE` where another version wrote it. */
  @operation({
    name: 'get_path_history',
    params: GetPathHistoryParams,
    description: 'Says how both paths did lately, by depth.',
  })
  async getPathHistory(
    context: OperationContext,
    { depth }: GetPathHistoryParams,
  ): Promise<StepResult<AutonomyHistory>> {
    const history: Partial<Record<Depth, PathFigures>> = {};
    try {
      for (const each of depth === undefined ? DEPTHS : [depth]) {
        const figures = await this.#history.figures(context.tenantId, each);
        if (AUTONOMY_PATHS.some((path) => figures[path].runs > 0)) history[each] = figures;
      }
    } catch (thrown) {
      return thrown instanceof AutonomyError ? thrown.toResult() : portFailure(thrown);
    }
    return StepResult.ok(history);
  }

  @operation({ name: 'get_metrics', description: 'Counts analyses, attempts and probes since the start.' })
  getMetrics(_context: OperationContext): AutonomyMetrics {
    return this.#counters.report(this.#watch.counts);
  }
}

function endingOf(result: StepResult): AutonomyEnding {
  if (result.status === 'ok') return 'complete';
  if (result.status !== 'failed') return 'degraded';
  if (autonomyReportOf(result)?.chosen === undefined) return 'unavailable';
  return result.errorCategory === 'timeout' ? 'timed_out' : 'failed';
}
