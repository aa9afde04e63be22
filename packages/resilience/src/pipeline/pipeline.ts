import { StepResult } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import type { BulkheadStats } from '../bulkhead/bulkhead.js';
import { cancelled } from '../cancelled.js';
import { AdaptiveThrottle, type AdaptiveThrottleStats } from '../circuit-breaker/adaptive-throttle.js';
import type { CircuitStats } from '../circuit-breaker/circuit-state.js';
import type { FallbackStats } from '../fallback/fallback.js';
import type { HedgeStats } from '../hedge/hedge.js';
import type { LoadShedderStats } from '../load-shedding/load-shedder.js';
import { checkName } from '../options.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import type { RateLimiterStats } from '../rate-limiter/rate-limiter.js';
import type { RetryStats } from '../retry/retry.js';
import { runWork } from '../run-work.js';
import type { TimeoutStats } from '../timeout/timeout.js';
import { makeParts, PIPELINE_ORDER, type PipelineOptions, type PipelineParts } from './pipeline-options.js';

/** The statistics of the parts that there are. */
export interface PipelineStats {
  readonly fallback?: FallbackStats;
  readonly deadline?: TimeoutStats;
  readonly rateLimit?: RateLimiterStats;
  readonly shed?: LoadShedderStats;
  readonly retry?: RetryStats;
  readonly hedge?: HedgeStats;
  readonly breaker?: CircuitStats | AdaptiveThrottleStats;
  readonly bulkhead?: BulkheadStats;
  readonly timeout?: TimeoutStats;
}

/** Runs work under policies that are already composed. */
type Run = <T>(work: Work<T>, options: ExecuteOptions | undefined) => Promise<T>;

/**
 * Several policies as one, in a fixed order; see {@link PIPELINE_ORDER}. Composed once: an execution costs what its policies cost.
 */
export class Pipeline implements Policy {
  readonly name: string;
  readonly options: PipelineOptions;
  readonly parts: PipelineParts;
  /** Whether an attempt may be ended while its execution goes on. */
  readonly endsAttempts: boolean;
  /** Whether work that runs on after its caller has been answered keeps something taken. */
  readonly holdsSlots: boolean;
  readonly #run: Run;
  readonly #runToResult: Run;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: PipelineOptions = {}, previous?: Pipeline) {
    this.name = checkName('pipeline', options);
    this.options = options;
    this.parts = makeParts(options, previous);
    const { fallback, deadline, hedge, timeout, bulkhead, shed } = this.parts;
    this.endsAttempts = deadline !== undefined || hedge !== undefined || timeout !== undefined;
    this.holdsSlots = bulkhead !== undefined || shed !== undefined;
    const inner = PIPELINE_ORDER.flatMap((slot) => (slot === 'fallback' ? [] : (this.parts[slot] ?? [])));
    const run = compose(inner);
    this.#run = fallback === undefined ? run : around(fallback, run);
    const toResult: Run = (work, options) => run(work, options).catch(resultOf) as Promise<never>;
    this.#runToResult =
      fallback === undefined
        ? toResult
        : (work, options) => around(fallback, toResult)(work, options).catch(resultOf) as Promise<never>;
  }

  get stats(): PipelineStats {
    return Object.fromEntries(
      PIPELINE_ORDER.flatMap((slot) => {
        const part = this.parts[slot];
        return part === undefined ? [] : [[slot, part.stats]];
      }),
    );
  }

  /** Whether nothing would be lost with it: no open circuit, no slot taken, no permit used up. */
  get isIdle(): boolean {
    const { rateLimit, shed, breaker, bulkhead } = this.parts;
    return (
      bulkhead?.isIdle !== false &&
      shed?.isIdle !== false &&
      (breaker === undefined ||
        (breaker instanceof AdaptiveThrottle
          ? breaker.stats.refusalRatio === 0
          : breaker.state === 'closed')) &&
      rateLimit?.isIdle !== false
    );
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    return this.#run(work, options);
  }

  /**
   * For work that answers with results: what a policy rejects with, and what the work throws, comes out as the failed result that it
   * is. A fallback sees that result, and so marks its answer as one.
   */
  executeToResult(work: Work<StepResult>, options?: ExecuteOptions): Promise<StepResult> {
    return this.#runToResult(work, options);
  }
}

function compose(policies: readonly Policy[]): Run {
  const innermost = policies.at(-1);
  if (innermost === undefined) return runAlone;
  let run: Run = (work, options) => innermost.execute(work, options);
  for (const policy of policies.slice(0, -1).reverse()) run = around(policy, run);
  return run;
}

function around(policy: Policy, inner: Run): Run {
  return (work, options) => policy.execute((attempt) => inner(work, attempt), options);
}

/** A pipeline without parts. */
const runAlone: Run = (work, options) => {
  const scope = AttemptScope.of(options);
  return scope.aborted ? Promise.reject(cancelled('pipeline', scope.reason)) : runWork(work, scope);
};

function resultOf(error: unknown): StepResult {
  return StepResult.fromError(error);
}

/**
 * Makes one policy of several, in the order of {@link PIPELINE_ORDER}, whatever the order they are written in.
 * @throws ResilienceError OPTION_INVALID
 */
export function pipeline(options: PipelineOptions = {}): Pipeline {
  return new Pipeline(options);
}
