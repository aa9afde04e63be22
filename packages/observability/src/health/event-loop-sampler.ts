import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Clock, type Interceptor, StepResult, systemClock } from '@kapelle/core';
import { LONGEST_MS } from '../option-checks.js';
import { healthChecks as check, HealthOptionError } from './health-error.js';

/** What the sampler reads: in nanoseconds, as `perf_hooks` has it. */
export interface DelayHistogram {
  readonly max: number;
  percentile(percentile: number): number;
  reset(): void;
  enable(): boolean;
  disable(): boolean;
}

/** How often the event loop is looked at, in ms. */
export interface EventLoopSamplerOptions {
  /** @default the machine's */
  readonly clock?: Clock;
  /** How often delay is looked at. @default 1000 */
  readonly everyMs?: number;
  /** How fine it is measured; each measured delay contains it. @default 20, or `everyMs` where that is less @maximum everyMs */
  readonly resolutionMs?: number;
  /** Work is shed after two samples in a row whose 99th percentile is above. @default 100 */
  readonly shedAboveMs?: number;
  /** Not ready after three samples in a row above. @default 500 */
  readonly unreadyAboveMs?: number;
  /** Not live where a single delay was longer. @default 5000 */
  readonly deadAboveMs?: number;
  /** @default monitorEventLoopDelay of node:perf_hooks */
  readonly histogram?: (resolutionMs: number) => DelayHistogram;
}

/** The delay of the event loop over the last sample, and what follows. */
export interface EventLoopState {
  /** 99th percentile, ms, without the resolution. */
  readonly p99Ms: number;
  readonly maxMs: number;
  /** New work is better refused. */
  readonly isShedding: boolean;
  readonly isReady: boolean;
  readonly isLive: boolean;
}

const NANOS = 1e6;
const SHED_AFTER = 2;
const UNREADY_AFTER = 3;
/** Good samples that end either: three seconds after the last block all is as before. */
const WELL_AFTER = 3;

/**
 * Measures how late the event loop is. A loop that stands still cannot say so itself: for that `runHost` has a thread,
 * here it is told afterwards.
 */
export class EventLoopSampler {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #resolutionMs: number;
  readonly #shedAboveMs: number;
  readonly #unreadyAboveMs: number;
  readonly #deadAboveMs: number;
  readonly #histogram: DelayHistogram;
  #timer: unknown;
  #p99Ms = 0;
  #maxMs = 0;
  readonly #shed = new Streak(SHED_AFTER, WELL_AFTER);
  readonly #unready = new Streak(UNREADY_AFTER, WELL_AFTER);

  /** @throws {@link HealthOptionError} */
  constructor(options: EventLoopSamplerOptions = {}) {
    const {
      clock = systemClock,
      everyMs = 1_000,
      shedAboveMs = 100,
      unreadyAboveMs = 500,
      deadAboveMs = 5_000,
      histogram = (resolution: number) => monitorEventLoopDelay({ resolution }),
    } = check.object('options', options);
    this.#clock = check.clock('clock', clock);
    this.#everyMs = check.number('everyMs', everyMs, 1, LONGEST_MS);
    const { resolutionMs = Math.max(1, Math.min(20, Math.floor(everyMs))) } = options;
    this.#resolutionMs = check.whole('resolutionMs', resolutionMs, 1, LONGEST_MS);
    this.#shedAboveMs = check.number('shedAboveMs', shedAboveMs, 1, LONGEST_MS);
    this.#unreadyAboveMs = check.number('unreadyAboveMs', unreadyAboveMs, 1, LONGEST_MS);
    this.#deadAboveMs = check.number('deadAboveMs', deadAboveMs, 1, LONGEST_MS);
    check.order(['resolutionMs', resolutionMs], ['everyMs', everyMs]);
    check.order(['shedAboveMs', shedAboveMs], ['unreadyAboveMs', unreadyAboveMs]);
    check.order(['unreadyAboveMs', unreadyAboveMs], ['deadAboveMs', deadAboveMs]);
    this.#histogram = check.callable('histogram', histogram)(this.#resolutionMs);
  }

  /** Begins to measure; the timer does not hold the process. Again: nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#histogram.enable();
    this.#arm();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#histogram.disable();
  }

  get state(): EventLoopState {
    return {
      p99Ms: this.#p99Ms,
      maxMs: this.#maxMs,
      isShedding: this.isShedding,
      isReady: !this.#unready.isOn,
      isLive: this.#maxMs <= this.#deadAboveMs,
    };
  }

  get isShedding(): boolean {
    return this.#shed.isOn;
  }

  /** Looks at what was measured since the last time. Called by the timer. */
  sample(): EventLoopState {
    const histogram = this.#histogram;
    const actual = (nanos: number): number => Math.max(0, nanos / NANOS - this.#resolutionMs) || 0;
    this.#p99Ms = actual(histogram.percentile(99));
    this.#maxMs = actual(histogram.max);
    histogram.reset();
    this.#shed.next(this.#p99Ms > this.#shedAboveMs);
    this.#unready.next(this.#p99Ms > this.#unreadyAboveMs);
    return this.state;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.sample();
      this.#arm();
    }, this.#everyMs);
    this.#clock.keepAlive?.(this.#timer, false);
  }
}

/** On after `on` bad samples in a row, off after `off` good ones. */
class Streak {
  readonly #on: number;
  readonly #off: number;
  isOn = false;
  #run = 0;

  constructor(on: number, off: number) {
    this.#on = on;
    this.#off = off;
  }

  next(isBad: boolean): void {
    this.#run = isBad === this.isOn ? 0 : this.#run + 1;
    if (this.#run < (this.isOn ? this.#off : this.#on)) return;
    this.isOn = !this.isOn;
    this.#run = 0;
  }
}

/**
 * Refuses calls from outside while the loop is late: `service_overloaded`, retryable. Calls of running work go on.
 *
 * @throws {@link HealthOptionError}
 */
export function shedWhenLate(
  sampler: Pick<EventLoopSampler, 'isShedding'>,
  retryAfterMs = 1_000,
): Interceptor {
  check.number('retryAfterMs', retryAfterMs, 0, LONGEST_MS);
  if (typeof (sampler as Partial<EventLoopSampler> | undefined)?.isShedding !== 'boolean') {
    throw new HealthOptionError('The sampler does not say whether it sheds.', 'Give an EventLoopSampler.');
  }
  return {
    order: -1_000,
    before: (call) =>
      sampler.isShedding && call.context.parentOrchestrator === undefined
        ? StepResult.fail('The process is too busy: its event loop is late. Try again later.', {
            errorCategory: 'service_overloaded',
            retryAfterMs,
          })
        : undefined,
  };
}
