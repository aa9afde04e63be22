import type { Clock } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { checkClock, checkName, checkOptions, given } from '../options.js';
import { classifyRejection, classifyValue, type Outcome } from '../outcome.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { refusal } from '../resilience-error.js';
import { AdaptiveLimit, type AdaptiveLimitOptions } from './adaptive-limit.js';
import { LoopLag, type LoopLagOptions, type LoopState } from './loop-lag.js';

/** By what a load shedder judges that there is too much. */
export interface LoadShedderOptions {
  /** How the limit of running executions is found. */
  readonly limit?: AdaptiveLimitOptions;
  /** Sheds also while the event loop lags. @default not */
  readonly loop?: LoopLagOptions;
  /** In errors and statistics. @default 'load-shedder' */
  readonly name?: string;
  /** From 0 to 1, 1 excluded; spreads the measurements of several instances. @default Math.random */
  readonly random?: () => number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A load shedder at the moment it was asked. */
export interface LoadShedderStats {
  /** Executions that may run at once now. */
  readonly limit: number;
  /** Executions that run now, those whose caller has been answered included. */
  readonly running: number;
  /** Refused with LOAD_SHED since it was made. */
  readonly refused: number;
  /** Mean latency without load, in ms; undefined before it is known. */
  readonly unloadedMs: number | undefined;
  readonly loop: LoopState;
  /** 99th percentile of the event loop's delay in the last sample, in ms; 0 where it is not watched. */
  readonly loopDelayMs: number;
}

const DEFAULT_PRIORITY = 5;
const HIGHEST_PRIORITY = 9;
/** Share of the limit up to which each priority is admitted: 0.6 for 0, in equal steps to 1 for 9. */
const SHARES: readonly number[] = Array.from({ length: HIGHEST_PRIORITY + 1 }, (_, priority) =>
  shareOf(priority),
);
const DEFAULT_SHARE = shareOf(DEFAULT_PRIORITY);
/** What a lagging loop leaves of the executions that were running. */
const LAG_DECREASE = 0.7;

/**
 * Refuses what would only make everything slow, before any work is done for it, the unimportant first.
 *
 * - Admits as many executions at once as the work can take without queueing; see {@link AdaptiveLimit}. An execution of `priority` p
 *   (0 to 9) is admitted while fewer than `limit · (0.6 + 0.4 · p / 9)` run, so the lower ones are refused sooner.
 * - With a {@link LoopLagOptions.probe}: while the event loop lags, priorities below 5 are refused and the limit shrinks by 0.3 with each late
 *   sample; while it is stuck, all but priority 9 are, and {@link isReady} is false.
 * - Refusals reject with LOAD_SHED. There is no queue here, because a queue is what overload makes slow.
 * - Work counts until it has really ended, also after its time-out.
 */
export class LoadShedderPolicy implements Policy {
  readonly name: string;
  readonly #limit: AdaptiveLimit;
  readonly #loop: LoopLag | undefined;
  readonly #clock: Clock;
  /** The limit that a lagging loop sets. */
  #lagLimit = Infinity;
  #running = 0;
  /** The most that ran at once since the last sample of the loop. */
  #peak = 0;
  #refused = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: LoadShedderOptions = {}) {
    this.name = checkName('load-shedder', options);
    this.#limit = new AdaptiveLimit(
      this.name,
      checkOptions(this.name, given(options.limit, {}), 'limit'),
      given(options.random, Math.random),
    );
    this.#loop =
      options.loop === undefined
        ? undefined
        : new LoopLag(this.name, checkOptions(this.name, options.loop, 'loop'));
    this.#clock = checkClock(this.name, options.clock);
  }

  get stats(): LoadShedderStats {
    const { unloadedMs } = this.#limit;
    return {
      limit: Math.max(1, Math.floor(Math.min(this.#limit.limit, this.#lagLimit))),
      running: this.#running,
      refused: this.#refused,
      unloadedMs: unloadedMs === Infinity ? undefined : unloadedMs,
      loop: this.#loop?.state ?? 'calm',
      loopDelayMs: this.#loop?.lastMs ?? 0,
    };
  }

  /** Whether nothing runs. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** False while the event loop is stuck: what routes traffic should send it elsewhere. Takes a sample where one is due. */
  get isReady(): boolean {
    if (this.#loop === undefined) return true;
    this.#watchLoop(this.#loop, this.#clock.monotonic());
    return this.#loop.state !== 'stuck';
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const caller = AttemptScope.of(options);
    if (caller.aborted) return Promise.reject(cancelled(this.name, caller.reason));
    const now = this.#clock.monotonic();
    if (this.#loop !== undefined) this.#watchLoop(this.#loop, now);
    const why = this.#whyNot(caller.priority);
    if (why !== undefined) {
      this.#refused += 1;
      return Promise.reject(
        refusal('LOAD_SHED', this.name, `${this.name}: refused, because ${why}. Try again later.`),
      );
    }
    this.#running += 1;
    if (this.#running > this.#peak) this.#peak = this.#running;
    // A scope just made is nobody else's, and can count what is abandoned of this execution.
    const own =
      caller === options
        ? new AttemptScope(caller.attempt, caller, caller.expiresAt, caller.priority, undefined)
        : caller;
    return this.#run(work, own, now);
  }

  async #run<T>(work: Work<T>, own: AttemptScope, startedAt: number): Promise<T> {
    try {
      const value = await work(own);
      this.#settled(own, startedAt, classifyValue(value));
      return value;
    } catch (error) {
      this.#settled(own, startedAt, classifyRejection(error));
      throw error;
    }
  }

  #whyNot(priority: number): string | undefined {
    const state = this.#loop?.state ?? 'calm';
    if (state !== 'calm' && priority < (state === 'lagging' ? DEFAULT_PRIORITY : HIGHEST_PRIORITY)) {
      return `the event loop is late by ${Math.round(this.#loop?.lastMs ?? 0)} ms, and priority ${priority} is low`;
    }
    const limit = Math.min(this.#limit.limit, this.#lagLimit);
    const share = SHARES[priority] ?? DEFAULT_SHARE;
    if (this.#running < Math.max(1, Math.floor(limit * share))) return undefined;
    return `${this.#running} executions run, which is the limit for priority ${priority}`;
  }

  #watchLoop(loop: LoopLag, now: number): void {
    const sample = loop.sample(now);
    if (sample === undefined) return;
    if (loop.state === 'calm') this.#lagLimit = Infinity;
    else if (sample === 'late') {
      const from = this.#lagLimit === Infinity ? this.#peak : this.#lagLimit;
      this.#lagLimit = Math.max(1, from * LAG_DECREASE);
    }
    this.#peak = this.#running;
  }

  #settled(own: AttemptScope, startedAt: number, outcome: Outcome): void {
    const now = this.#clock.monotonic();
    if (outcome.kind === 'success') this.#limit.succeeded(startedAt, now, this.#running);
    else if (outcome.throttled || outcome.category === 'timeout') this.#limit.overloaded(now);
    if (own.abandoned === 0) {
      this.#running -= 1;
      return;
    }
    own.onIdle = () => {
      own.onIdle = undefined;
      this.#running -= 1;
    };
  }
}

function shareOf(priority: number): number {
  return 0.6 + (0.4 * priority) / HIGHEST_PRIORITY;
}

/**
 * Makes a policy that refuses work under overload; see {@link LoadShedderPolicy}.
 * @throws ResilienceError OPTION_INVALID
 */
export function loadShedder(options: LoadShedderOptions = {}): LoadShedderPolicy {
  return new LoadShedderPolicy(options);
}
