import { type Clock, MAX_DELAY_MS, type TimerHandle } from '../clock/clock.js';
import type { BackgroundOptions, RestartOptions } from '../orchestrator/options.js';
import { StepFailure, StepResult } from '../step-result.js';
import { type ResolvedBackgroundOptions, resolveBackgroundOptions } from './background-options.js';
import { outsideOfCalls } from './outside-of-calls.js';

export type BackgroundTaskState =
  /** Made, never started. */
  | 'idle'
  /** The next run waits for its time. */
  | 'waiting'
  /** A run is in work. */
  | 'running'
  /** The last run failed; its restart waits for the pause, and for the body if that runs on past its time-out. */
  | 'backing-off'
  /** It failed too often and gave up; only `start` begins anew. */
  | 'failed'
  /** `stop` was called; no run follows, and the last one was told to end. */
  | 'stopped';

/** Each finished run is reported once, by the first three. What a hook throws is ignored. */
export interface BackgroundTaskHooks {
  /** A run ended well. */
  onEnded?(durationMs: number): void;
  /**
   * A run failed and is followed by another: `restarts` used up within the window with this one, and the pause in
   * milliseconds. Also for a run that fails with an error of its own while it is being stopped; the pause is then 0.
   */
  onFailed?(error: unknown, restarts: number, delayMs: number): void;
  /** A run failed once too often and no other follows. */
  onGaveUp?(error: unknown, then: NonNullable<RestartOptions['then']>): void;
  /** After the first run that ended well since one failed. */
  onRecovered?(): void;
}

export interface BackgroundTaskInit extends BackgroundTaskHooks {
  readonly name: string;
  readonly options: BackgroundOptions;
  /** The body. A throw, a rejection and a returned failed result are failures. */
  readonly run: (signal: AbortSignal) => unknown;
  readonly clock: Clock;
  /** From 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

interface Run {
  readonly startedAt: number;
  readonly controller: AbortController;
  timeout: TimerHandle | undefined;
  /** `open` until it ends, is given up for its time-out, or is told to stop. */
  fate: 'open' | 'timed-out' | 'stopped';
}

/** 2^30 times any base is beyond any cap; a larger exponent would only overflow. */
const MAX_EXPONENT = 30;

/**
 * A body that is run again and again, outside of any call, with a pause between the end of one run and the next;
 * runs never overlap. Every run begins in a timer, so that a body without I/O cannot starve the process.
 *
 * A failed run is restarted after `min(capMs, baseMs · 2^n) · U(0.5, 1)`, n failures in a row before it: half of the
 * pause is certain, half is spread. A run that ends well, or lasted `restart.withinMs`, resets n. More than
 * `restart.maxRestarts` failures within `restart.withinMs` and the task gives up. Where the pauses of that many
 * restarts add up to more than the window it never does, and goes on at the pace of `capMs`.
 */
export class BackgroundTask {
  readonly name: string;
  readonly options: ResolvedBackgroundOptions;
  readonly #init: BackgroundTaskInit;
  readonly #clock: Clock;
  /** Monotonic times of the failures within the window, oldest first. */
  #crashes: number[] = [];
  #failuresInRow = 0;
  #state: BackgroundTaskState = 'idle';
  #timer: TimerHandle | undefined;
  /** The body that has not settled. */
  #current: Run | undefined;
  /** The pause that begins when {@link #current} settles. */
  #pauseAfterCurrent: number | undefined;
  #stops: (() => void)[] = [];
  #runs = 0;
  #lastError: unknown;

  /** @throws RangeError for an option out of its bounds. */
  constructor(init: BackgroundTaskInit) {
    this.name = init.name;
    this.options = resolveBackgroundOptions(init.name, init.options);
    this.#init = init;
    this.#clock = init.clock;
  }

  get state(): BackgroundTaskState {
    return this.#state;
  }

  /** Runs begun. */
  get runs(): number {
    return this.#runs;
  }

  /** Failures within the window that ends now; beyond `options.restart.maxRestarts` the task gives up. */
  get restarts(): number {
    this.#forgetOldCrashes();
    return this.#crashes.length;
  }

  /** Bodies that run on after their time-out or after `stop`: 0 or 1. */
  get abandoned(): number {
    return this.#current === undefined || this.#current.fate === 'open' ? 0 : 1;
  }

  /** What the last failed run threw. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Begins, also after a stop or after it gave up, with its failures forgotten; otherwise does nothing. */
  start(): void {
    if (this.#state !== 'idle' && this.#state !== 'stopped' && this.#state !== 'failed') return;
    this.#crashes = [];
    this.#failuresInRow = 0;
    this.#schedule('waiting', this.options.initialDelayMs);
  }

  /**
   * No run follows, and the signal of the current one fires. Resolves when its body has settled, which it need
   * never do: the caller bounds the wait. A body that awaits it waits for itself.
   */
  stop(): Promise<void> {
    this.#state = 'stopped';
    this.#pauseAfterCurrent = undefined;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const run = this.#current;
    if (run === undefined) return Promise.resolve();
    const settled = new Promise<void>((resolve) => this.#stops.push(resolve));
    if (run.fate === 'open') {
      run.fate = 'stopped';
      this.#clearTimeoutOf(run);
      run.controller.abort(
        new DOMException(`Background task "${this.name}" is being stopped.`, 'AbortError'),
      );
    }
    return settled;
  }

  #schedule(state: 'waiting' | 'backing-off', delayMs: number): void {
    this.#state = state;
    if (this.#current === undefined) this.#timer = this.#clock.setTimeout(this.#begin, delayMs);
    else this.#pauseAfterCurrent = delayMs;
  }

  /** Called by the clock in the context of whoever armed the timer, first of all that of whoever called `start`. */
  readonly #begin = (): void => outsideOfCalls(() => this.#run());

  #run(): void {
    const run: Run = {
      startedAt: this.#clock.monotonic(),
      controller: new AbortController(),
      timeout: undefined,
      fate: 'open',
    };
    this.#timer = undefined;
    this.#state = 'running';
    this.#current = run;
    this.#runs += 1;
    const { timeoutMs } = this.options;
    if (timeoutMs !== undefined) {
      const giveUp = (): void => outsideOfCalls(() => this.#giveUpWaiting(run, timeoutMs));
      run.timeout = this.#clock.setTimeout(giveUp, timeoutMs);
    }
    // A sync throw and whatever is wrong with a thenable become a rejection.
    new Promise((resolve) => {
      resolve(this.#init.run(run.controller.signal));
    }).then(
      (value) => {
        const isFailure = StepResult.isResult(value) && value.status === 'failed';
        this.#settle(run, isFailure ? { error: new StepFailure(value) } : undefined);
      },
      (error: unknown) => this.#settle(run, { error }),
    );
  }

  #giveUpWaiting(run: Run, timeoutMs: number): void {
    run.timeout = undefined;
    run.fate = 'timed-out';
    const error = new DOMException(
      `A run of background task "${this.name}" took longer than ${timeoutMs} ms.`,
      'TimeoutError',
    );
    run.controller.abort(error);
    // A listener of the signal may have stopped the task.
    if (this.#state === 'running') this.#crashed(run, error);
  }

  /** The body is done. */
  #settle(run: Run, failure: { readonly error: unknown } | undefined): void {
    this.#clearTimeoutOf(run);
    this.#current = undefined;
    const pauseMs = this.#pauseAfterCurrent;
    this.#pauseAfterCurrent = undefined;
    if (pauseMs !== undefined) this.#timer = this.#clock.setTimeout(this.#begin, pauseMs);
    if (run.fate === 'open') {
      if (failure === undefined) this.#succeeded(run);
      else this.#crashed(run, failure.error);
    } else if (run.fate === 'stopped') {
      if (failure === undefined) this.#tell(() => this.#init.onEnded?.(this.#durationOf(run)));
      else if (!isAbort(failure.error)) {
        this.#lastError = failure.error;
        this.#tell(() => this.#init.onFailed?.(failure.error, this.restarts, 0));
      }
    }
    const stops = this.#stops;
    this.#stops = [];
    for (const resolve of stops) resolve();
  }

  #succeeded(run: Run): void {
    const recovered = this.#failuresInRow > 0;
    this.#failuresInRow = 0;
    const durationMs = this.#durationOf(run);
    this.#schedule('waiting', this.#pause());
    this.#tell(() => this.#init.onEnded?.(durationMs));
    if (recovered) this.#tell(() => this.#init.onRecovered?.());
  }

  #crashed(run: Run, error: unknown): void {
    const { maxRestarts, withinMs, then } = this.options.restart;
    this.#lastError = error;
    if (this.#durationOf(run) >= withinMs) this.#failuresInRow = 0;
    this.#forgetOldCrashes();
    this.#crashes.push(this.#clock.monotonic());
    if (this.#crashes.length > maxRestarts) {
      this.#state = 'failed';
      this.#tell(() => this.#init.onGaveUp?.(error, then));
      return;
    }
    const delayMs = this.#backOff(this.#failuresInRow);
    this.#failuresInRow += 1;
    const restarts = this.#crashes.length;
    this.#schedule('backing-off', delayMs);
    this.#tell(() => this.#init.onFailed?.(error, restarts, delayMs));
  }

  #pause(): number {
    const { everyMs, jitterRatio } = this.options;
    const delayMs = everyMs * (1 + jitterRatio * (2 * this.#init.random() - 1));
    return Math.min(MAX_DELAY_MS, Math.max(1, delayMs));
  }

  #backOff(failuresBefore: number): number {
    const { baseMs, capMs } = this.options.restart;
    const longestMs = Math.min(capMs, baseMs * 2 ** Math.min(failuresBefore, MAX_EXPONENT));
    return Math.max(1, Math.floor(longestMs * (0.5 + this.#init.random() / 2)));
  }

  #forgetOldCrashes(): void {
    const since = this.#clock.monotonic() - this.options.restart.withinMs;
    const kept = this.#crashes.findIndex((at) => at > since);
    if (kept !== 0) this.#crashes.splice(0, kept === -1 ? this.#crashes.length : kept);
  }

  #durationOf(run: Run): number {
    return this.#clock.monotonic() - run.startedAt;
  }

  #clearTimeoutOf(run: Run): void {
    if (run.timeout !== undefined) this.#clock.clearTimeout(run.timeout);
    run.timeout = undefined;
  }

  #tell(hook: () => void): void {
    try {
      hook();
    } catch {
      // Whoever watches a task must not stop it.
    }
  }
}

/** Whether a body that was told to stop failed with just that. */
function isAbort(error: unknown): boolean {
  const result = StepResult.fromError(error);
  return result.status === 'failed' && result.errorCategory === 'cancelled';
}
