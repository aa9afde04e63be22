import type { Clock, FailedResult, Logger, OperationContext, StepResult } from '@kapelle/core';
import type { Briefing, Depth } from '../autonomous-intelligence/model.js';
import { failureCode } from '../autonomous-intelligence/port-failure.js';
import type { AutonomyCounters } from './autonomy-counters.js';
import type { EnhancedAutonomousSettings } from './autonomy-options.js';
import type { EnhancedAnalyzeParams } from './autonomy-params.js';
import {
  type AutonomyPath,
  type AutonomyStep,
  haveSameParts,
  lowerDepths,
  schemeOf,
} from './autonomy-path.js';
import type { AutonomyCapability } from './autonomy-probe.js';
import type { AutonomyReport, MissingNeed, PathAttempt } from './autonomy-report.js';
import {
  allFailed,
  answerOf,
  type BriefingResult,
  briefingResult,
  isOfTheSource,
  isTheContents,
  outcomeOf,
  passedOn,
  timedOut,
  unavailable,
} from './autonomy-results.js';
import type { CapabilityWatch } from './capability-watch.js';
import { choosePath, type PathChoice } from './choose-path.js';
import { nextSteps } from './next-step.js';
import type { PathFigures, PathHistory } from './path-history.js';
import { lacksOf, type PathNeeds } from './path-views.js';
import type { ProgressRelay } from './progress-relay.js';

/** What an analysis is run with. */
export interface AutonomyRunDeps {
  readonly name: string;
  readonly settings: EnhancedAutonomousSettings;
  readonly clock: Clock;
  readonly watch: CapabilityWatch;
  readonly needs: PathNeeds;
  readonly history: PathHistory;
  readonly counters: AutonomyCounters;
  readonly progress: ProgressRelay;
  readonly logger: Logger;
}

/** Share of the time that is left, within which the probes must have answered this caller. */
const PROBING_SHARE = 0.25;
/** What is kept back at the end, so that the answer is there before the deadline and not after it. */
const ANSWER_SHARE = 0.02;
const MOST_FOR_ANSWER_MS = 1_000;
/** A limit and what was measured may be that far apart, by rounding. */
const TIMER_SLACK_MS = 2;

/** One analysis: capabilities, choice, the chosen path, and others where that fails. */
export class AutonomyRun {
  readonly #context: OperationContext;
  readonly #params: EnhancedAnalyzeParams;
  readonly #depth: Depth;
  readonly #deps: AutonomyRunDeps;
  readonly #begun: number;
  readonly #tried: PathAttempt[] = [];
  #capabilities: readonly AutonomyCapability[] = [];
  #missing: readonly MissingNeed[] = [];
  #choice: PathChoice = { why: 'Nothing was chosen yet.' };

  constructor(context: OperationContext, params: EnhancedAnalyzeParams, deps: AutonomyRunDeps) {
    this.#context = context;
    this.#params = params;
    this.#depth = params.depth ?? 'standard';
    this.#deps = deps;
    this.#begun = deps.clock.monotonic();
  }

  async go(): Promise<StepResult<Briefing>> {
    const { watch, needs, progress, settings, logger } = this.#deps;
    const { tenantId, signal } = this.#context;
    const depth = this.#depth;
    progress.tell(0.01, 'capabilities');
    const request = { tenantId, scheme: schemeOf(this.#params.uri), depth };
    const patienceMs = Math.min(
      settings.probeTimeoutMs,
      Math.max(1, Math.floor(this.#left() * PROBING_SHARE)),
    );
    this.#capabilities = await watch.ask(request, { patienceMs, signal });
    this.#missing = needs.views(depth, this.#capabilities).missing;
    this.#choice = await this.#choose();
    signal.throwIfAborted();
    const { path, depth: chosen = depth, why } = this.#choice;
    const missing = this.#missing.map(({ capability }) => capability);
    logger.info('autonomy_path_chosen', {
      path: path ?? 'none',
      depth: chosen,
      askedDepth: depth,
      why,
      missing,
    });
    if (path === undefined) return unavailable(this.#report(), settings.probeCacheMs);
    return this.#goFrom({ path, depth: chosen });
  }

  async #choose(): Promise<PathChoice> {
    const { needs, settings } = this.#deps;
    const asked = this.#depth;
    const views = needs.views(asked, this.#capabilities);
    const mayLearn = views.canRun.autonomous_intelligence && views.canRun.fallback_autonomous;
    const figures = mayLearn ? await this.#figures(asked) : undefined;
    const view = (path: AutonomyPath) => ({
      canRun: views.canRun[path],
      lacks: lacksOf(path, views),
      statistics: figures?.[path],
    });
    return choosePath(view('autonomous_intelligence'), view('fallback_autonomous'), {
      depth: asked,
      lower: lowerDepths(asked).find(
        (depth) => haveSameParts(depth, asked) && this.#canRun('autonomous_intelligence', depth),
      ),
      prefer: this.#params.prefer,
      minimumRuns: settings.minimumRuns,
      slotMs: this.#slot(false),
    });
  }

  #canRun(path: AutonomyPath, depth: Depth): boolean {
    return this.#deps.needs.views(depth, this.#capabilities).canRun[path];
  }

  /** What was learnt; a store that does not answer is no reason not to analyse. */
  async #figures(depth: Depth): Promise<PathFigures | undefined> {
    const { history, logger } = this.#deps;
    try {
      return await history.figures(this.#context.tenantId, depth);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      logger.warn('path_history_unreadable', { depth, error });
      return undefined;
    }
  }

  async #goFrom(first: AutonomyStep): Promise<StepResult<Briefing>> {
    const { watch, counters, logger } = this.#deps;
    let step: AutonomyStep | undefined = first;
    let last: FailedResult | undefined;
    while (step !== undefined) {
      const current: AutonomyStep = step;
      const isLast = this.#following(current, true).length === 0;
      const timeoutMs = this.#slot(isLast);
      if (timeoutMs < 1) return timedOut(this.#report());
      const result = await this.#go(current, timeoutMs, isLast);
      // What the probes said was too good: they are asked again by the next call.
      if (outcomeOf(result) !== 'complete') watch.forget();
      if (result.status !== 'failed') return this.#done(current, result);
      last = result;
      if (isTheContents(result)) return passedOn(result, this.#report());
      const isTimeOut = this.#tried.at(-1)?.outcome === 'timed_out';
      step = await this.#fitting(this.#following(undefined, isTimeOut), isTimeOut);
      if (step === undefined) break;
      counters.countFallback();
      logger.warn('autonomy_path_failed', {
        ...current,
        next: step.path,
        nextDepth: step.depth,
        error: result.error,
      });
    }
    const isTimeOut = this.#tried.at(-1)?.outcome === 'timed_out';
    if (last === undefined || isTimeOut || this.#slot(true) < 1) return timedOut(this.#report());
    const isOneFailure =
      this.#tried.length === 1 && this.#missing.every(({ requiredBy }) => requiredBy.length === 0);
    return isOneFailure ? passedOn(last, this.#report()) : allFailed(last, this.#report());
  }

  #following(current: AutonomyStep | undefined, isTimeOut: boolean): readonly AutonomyStep[] {
    const tried = current === undefined ? this.#tried : [...this.#tried, current];
    const canRun = (path: AutonomyPath, depth: Depth): boolean => this.#canRun(path, depth);
    return nextSteps({ asked: this.#depth, tried, isTimeOut, canRun });
  }

  /** The best step; after a time-out the deepest one that is known to fit into what is left, else the one with least to do. */
  async #fitting(steps: readonly AutonomyStep[], isTimeOut: boolean): Promise<AutonomyStep | undefined> {
    const lowered = steps.filter(({ depth }) => depth !== this.#depth);
    if (!isTimeOut || lowered.length === 0) return steps[0];
    const slot = this.#slot(false);
    for (const step of lowered.slice(0, -1)) {
      const { runs = 0, medianMs = Infinity } = (await this.#figures(step.depth))?.[step.path] ?? {};
      if (runs >= this.#deps.settings.minimumRuns && medianMs <= slot) return step;
    }
    return lowered.at(-1);
  }

  async #go(step: AutonomyStep, timeoutMs: number, isLast: boolean): Promise<BriefingResult | FailedResult> {
    const { clock, progress, history, counters, name } = this.#deps;
    const { tenantId, signal } = this.#context;
    const { path, depth } = step;
    progress.tell(0.05, path);
    const stop = progress.follow(path, name, isLast ? 0.98 : 0.9);
    const begun = clock.monotonic();
    let result: BriefingResult | FailedResult;
    try {
      result = answerOf(await this.#context.call(path, this.#paramsFor(step), { timeoutMs }));
    } finally {
      stop();
    }
    signal.throwIfAborted();
    const ms = Math.max(0, Math.round(clock.monotonic() - begun));
    const outcome = outcomeOf(result);
    const isTimeOut =
      result.status === 'failed' && result.errorCategory === 'timeout' && ms + TIMER_SLACK_MS >= timeoutMs;
    const attempt = { path, depth, outcome: isTimeOut ? ('timed_out' as const) : outcome, ms, timeoutMs };
    this.#tried.push({ ...attempt, ...failureOf(result) });
    counters.countAttempt(step, attempt.outcome);
    // One that was stored already, and content that nobody could get or read, say nothing about the path.
    const tells =
      result.status === 'failed'
        ? !isTheContents(result) && !isOfTheSource(result)
        : result.metadata['cached'] !== true;
    if (tells) history.record(tenantId, depth, { path, run: { at: clock.now(), ms, outcome } });
    return result;
  }

  /** One name for the analysis, so that who goes on at the same depth does not do again what was done. */
  #paramsFor({ depth }: AutonomyStep): Record<string, unknown> {
    const { prefer: _prefer, analysisId = this.#context.runId, ...params } = this.#params;
    const id = depth === this.#depth ? analysisId : `${analysisId}/${depth}`.slice(-200);
    return { ...params, depth, analysisId: id, operation: 'analyze' };
  }

  #done(step: AutonomyStep, result: BriefingResult): StepResult<Briefing> {
    this.#deps.progress.tell(1, step.path);
    return briefingResult(result, step, this.#report());
  }

  #report(): AutonomyReport {
    const { path, depth, why } = this.#choice;
    return {
      askedDepth: this.#depth,
      ...(path === undefined ? {} : { chosen: path }),
      ...(depth === undefined ? {} : { chosenDepth: depth }),
      why,
      missing: this.#missing,
      tried: [...this.#tried],
      stages: [],
      ms: Math.round(this.#elapsed()),
    };
  }

  #elapsed(): number {
    return Math.max(0, this.#deps.clock.monotonic() - this.#begun);
  }

  /** Whole milliseconds of the time of all, and of the caller's. */
  #left(): number {
    const { deadline } = this.#context;
    const own = this.#deps.settings.totalTimeoutMs - this.#elapsed();
    return Math.floor(deadline === undefined ? own : Math.min(own, deadline - this.#context.now()));
  }

  /** Milliseconds that the next path may take: all but what the answer takes, less a share for who comes after it. */
  #slot(isLast: boolean): number {
    const left = this.#left();
    const usable = left - Math.min(MOST_FOR_ANSWER_MS, Math.max(1, Math.ceil(left * ANSWER_SHARE)));
    return isLast
      ? usable
      : Math.max(Math.min(1, usable), Math.floor(usable * (1 - this.#deps.settings.fallbackShare)));
  }
}

function failureOf(
  result: BriefingResult | FailedResult,
): Pick<PathAttempt, 'error' | 'code' | 'failedStages'> {
  const { failedStages } = result.metadata;
  const stages = Array.isArray(failedStages) ? { failedStages: failedStages.map(String) } : {};
  if (result.status !== 'failed') return stages;
  const code = failureCode(result);
  return { error: result.error, ...(code === undefined ? {} : { code }), ...stages };
}
