import type { Clock } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { DeadlineList } from '../deadline-list.js';
import { checkClock, checkCount, checkFlag, checkMs, checkName, given } from '../options.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { RetryBudget } from '../retry/retry-budget.js';
import { runWork } from '../run-work.js';
import { HedgedRace } from './hedged-race.js';

/** When another attempt is started beside, and how many are. */
export interface HedgeOptions {
  /** Wait for an answer before another attempt is started beside, in ms; best the 95th percentile of the work. @minimum 1 */
  readonly afterMs: number;
  /** Attempts beside the first one, each `afterMs` after the one before. @default 1 @minimum 1 */
  readonly maxHedges?: number;
  /** What all callers of the dependency may add together. @default one of its own, with the budget's defaults */
  readonly budget?: RetryBudget;
  /** Whether the work may safely run twice at once. Without it, it runs once. @default true */
  readonly idempotent?: boolean;
  /** In errors and statistics. @default 'hedge' */
  readonly name?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** Counted since the policy was made, except for what says "now". */
export interface HedgeStats {
  /** Attempts started beside a first one. */
  readonly hedges: number;
  /** Executions that such an attempt has answered. */
  readonly wins: number;
  /** Attempts not started because the budget did not grant them. */
  readonly budgetRefused: number;
  /** Attempts running now although their caller has been answered. */
  readonly abandoned: number;
}

/** What the races of one policy share. */
export interface HedgeSetup {
  readonly name: string;
  readonly afterMs: number;
  readonly maxHedges: number;
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly deadlines: DeadlineList;
  readonly counts: { hedges: number; wins: number; budgetRefused: number; abandoned: number };
}

/**
 * Starts the work a second time beside the first, where the first takes long, and returns whichever answers well first. Cuts
 * the slowest answers at the price of a few percent of load. Only for work that may safely run twice at once.
 *
 * - An attempt that fails while another one runs is waited past; when all have failed, the failure that came first is returned. A failure
 *   that no other attempt could avoid (validation, not found, cancelled …) ends it at once.
 * - The losers' signals are aborted; a loser that ignores it goes on, is counted in {@link HedgeStats.abandoned}, and keeps a
 *   bulkhead's slot. What becomes of it is dropped.
 * - The caller's cancel rejects with CANCELLED at once, and aborts all attempts.
 * - No attempt is started beyond the budget, nor with less than 1 ms of the caller's time left.
 *
 * Source: hedged requests, "The Tail at Scale" (Dean and Barroso, CACM 2013).
 */
export class HedgePolicy implements Policy {
  readonly name: string;
  readonly afterMs: number;
  readonly #setup: HedgeSetup;
  readonly #idempotent: boolean;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: HedgeOptions) {
    const name = (this.name = checkName('hedge', options));
    const clock = checkClock(name, options.clock);
    const afterMs = (this.afterMs = checkMs(name, 'afterMs', options.afterMs, 1));
    const budget = given(options.budget, new RetryBudget({ clock }));
    if (!(budget instanceof RetryBudget)) {
      throw new ResilienceError(
        'OPTION_INVALID',
        name,
        `${name}: budget must be a RetryBudget. Make one with new RetryBudget().`,
      );
    }
    this.#idempotent = checkFlag(name, 'idempotent', given(options.idempotent, true));
    this.#setup = {
      name,
      afterMs,
      maxHedges: checkCount(name, 'maxHedges', given(options.maxHedges, 1)),
      budget,
      clock,
      deadlines: new DeadlineList(clock, afterMs),
      counts: { hedges: 0, wins: 0, budgetRefused: 0, abandoned: 0 },
    };
  }

  get stats(): HedgeStats {
    return { ...this.#setup.counts };
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const caller = AttemptScope.of(options);
    if (caller.aborted) return Promise.reject(cancelled(this.name, caller.reason));
    if (!this.#idempotent) return runWork(work, caller);
    const now = this.#setup.clock.monotonic();
    return new HedgedRace(this.#setup, work, caller).start(now);
  }
}

/**
 * Makes a policy that starts slow work a second time; see {@link HedgePolicy}.
 * @throws ResilienceError OPTION_INVALID
 */
export function hedge(options: HedgeOptions): HedgePolicy {
  return new HedgePolicy(options);
}
