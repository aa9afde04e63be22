import { AbortableScope, type AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import type { Deadline } from '../deadline-list.js';
import { classifyRejection, classifyValue, type Outcome } from '../outcome.js';
import type { Work } from '../policy.js';
import { ResilienceError } from '../resilience-error.js';
import { runWork } from '../run-work.js';
import type { AbortChild } from '../signal-links.js';
import type { HedgeSetup } from './hedge.js';

/** One attempt of a race. */
class Runner extends AbortableScope {
  declare done: boolean;

  constructor(attempt: number, caller: AttemptScope) {
    super(attempt, caller, caller.expiresAt);
    this.done = false;
  }
}

/** One execution under hedging: its attempts, the deadline of the next one, and the one decision about its outcome. */
export class HedgedRace<T> implements Deadline, AbortChild {
  queue: Deadline['queue'];
  before: Deadline | undefined;
  after: Deadline | undefined;
  expiresAt: number;
  readonly #setup: HedgeSetup;
  readonly #work: Work<T>;
  readonly #caller: AttemptScope;
  readonly #runners: Runner[] = [];
  readonly #answer: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  /** Starts the next attempt, as part of the call that made this: the timer that says when belongs to all calls. */
  #goOn: () => void = () => undefined;
  #running = 0;
  #settled = false;
  /** Settles with what the first failed attempt came to. */
  #firstFailure: (() => void) | undefined;

  constructor(setup: HedgeSetup, work: Work<T>, caller: AttemptScope) {
    this.#setup = setup;
    this.#work = work;
    this.#caller = caller;
    this.expiresAt = Infinity;
    this.#answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  start(now: number): Promise<T> {
    this.#setup.budget.begin();
    this.#await(now);
    if (this.#caller.abortable) this.#caller.link(this);
    this.#launch(1);
    return this.#answer;
  }

  /** The attempts so far take too long. */
  onExpire(): void {
    this.#goOn();
  }

  #await(now: number): void {
    this.expiresAt = now + this.#setup.afterMs;
    void new Promise<void>((resolve) => {
      this.#goOn = resolve;
    }).then(this.#hedge);
    this.#setup.deadlines.add(this, this.#setup.afterMs, now);
  }

  readonly #hedge = (): void => {
    if (this.#settled) return;
    const { budget, clock, maxHedges, counts } = this.#setup;
    const now = clock.monotonic();
    if (this.#caller.expiresAt - now < 1) return;
    if (!budget.tryRetry()) {
      counts.budgetRefused += 1;
      return;
    }
    counts.hedges += 1;
    if (this.#runners.length < maxHedges) this.#await(now);
    this.#launch(this.#runners.length + 1);
  };

  parentAborted(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#endRunners(reason);
    this.#reject(cancelled(this.#setup.name, reason));
  }

  #launch(attempt: number): void {
    const runner = new Runner(attempt, this.#caller);
    this.#runners.push(runner);
    this.#running += 1;
    runWork(this.#work, runner).then(
      (value) => {
        if (this.#ended(runner)) this.#came(runner, classifyValue(value), () => this.#resolve(value));
      },
      (error: unknown) => {
        if (this.#ended(runner)) this.#came(runner, classifyRejection(error), () => this.#reject(error));
      },
    );
  }

  /** False if the race has been decided before. */
  #ended(runner: Runner): boolean {
    runner.done = true;
    this.#running -= 1;
    if (runner.attempt > 1) this.#setup.budget.endRetry();
    if (!this.#settled) return true;
    this.#setup.counts.abandoned -= 1;
    runner.reclaim();
    return false;
  }

  #came(runner: Runner, outcome: Outcome, answer: () => void): void {
    const isFinal = outcome.kind === 'success' || (outcome.kind === 'ignored' && !outcome.retryable);
    if (!isFinal) {
      this.#firstFailure ??= answer;
      if (this.#running > 0) return;
    }
    this.#settle();
    if (outcome.kind === 'success' && runner.attempt > 1) this.#setup.counts.wins += 1;
    if (this.#running > 0) {
      const { name } = this.#setup;
      this.#endRunners(
        new ResilienceError('CANCELLED', name, `${name}: another attempt has answered before this one.`),
      );
    }
    if (isFinal) answer();
    else this.#firstFailure?.();
  }

  #settle(): void {
    this.#settled = true;
    this.#setup.deadlines.remove(this);
    this.#caller.unlink(this);
    this.#setup.budget.end();
  }

  #endRunners(reason: unknown): void {
    for (const runner of this.#runners) {
      if (runner.done) continue;
      this.#setup.counts.abandoned += 1;
      runner.abandon();
      runner.abort(reason);
    }
  }
}
