import {
  type Clock,
  type HealthStatus,
  type OrchestrationHost,
  type OrchestratorInfo,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import { verdictOf } from '../caller-faults.js';
import type { EventLoopSampler, EventLoopState } from './event-loop-sampler.js';
import { LONGEST_MS } from '../option-checks.js';
import { healthChecks as check } from './health-error.js';
import {
  breakerFactor,
  type BreakerState,
  type HealthFactors,
  healthScore,
  latencyFactor,
  saturationFactor,
} from './health-score.js';
import { Hysteresis } from './hysteresis.js';
import { RecentCalls } from './recent-calls.js';

/** How often health is judged, and how soon a status changes. */
export interface HealthMonitorOptions {
  /** @default the machine's */
  readonly clock?: Clock;
  /** How often every orchestrator is judged. @default 5000 */
  readonly sampleEveryMs?: number;
  /** Calls fade over this time, and restarts are forgotten after it. @default 60000 */
  readonly windowMs?: number;
  /** The wanted 95th percentile of the duration of an orchestrator's calls, in ms; without one above 0 it does not count. */
  readonly latencyTargetMs?: (orchestrator: string) => number | undefined;
  /** The state of the breaker before an orchestrator, where there is one. What throws says nothing. */
  readonly breakerState?: (orchestrator: string) => BreakerState | undefined;
  /** Restarts of its tasks within the window that make the factor 0. @default 5 */
  readonly restartLimit?: number;
  /** Orchestrators whose state makes nobody unready, besides those declared with `required: false`. @default none */
  readonly optional?: readonly string[];
  /** Below this score a sample is degraded, 0 to 100. @default 70 */
  readonly degradedBelow?: number;
  /** Below this score a sample is unhealthy. @default 30 */
  readonly unhealthyBelow?: number;
  /** Samples in a row to go down. @default 2 */
  readonly badSamples?: number;
  /** Samples in a row to come up. @default 3 */
  readonly goodSamples?: number;
  /** Measured along where given; started and stopped with the monitor. */
  readonly eventLoop?: EventLoopSampler;
}

/** How one orchestrator does, and what makes it so. */
export interface OrchestratorHealth {
  /** After the hysteresis. */
  readonly status: HealthStatus;
  /** 0 to 100, of the present moment. */
  readonly score: number;
  readonly factors: HealthFactors;
  readonly state: OrchestratorInfo['state'];
  readonly required: boolean;
  /** What its own hook says. */
  readonly message?: string;
}

/** The answers to three questions that are never mixed: is it alive, does it take work, how well is it. */
export interface HealthReport {
  readonly status: HealthStatus;
  /** Whether the process should be left alone. */
  readonly live: boolean;
  /** Whether it should get traffic. */
  readonly ready: boolean;
  /** 0 to 100: the lowest of the required orchestrators. */
  readonly score: number;
  /** 0 to 100: the mean of the optional ones; left out where there are none. */
  readonly optionalScore?: number;
  readonly orchestrators: Readonly<Record<string, OrchestratorHealth>>;
  readonly eventLoop?: EventLoopState;
}

interface Watched {
  readonly calls: RecentCalls;
  readonly hysteresis: Hysteresis;
  /** Monotonic times of its tasks' restarts within the window. */
  restarts: number[];
}

const DEFAULTS = {
  sampleEveryMs: 5_000,
  windowMs: 60_000,
  restartLimit: 5,
  degradedBelow: 70,
  unhealthyBelow: 30,
};

/** Samples and restarts are kept, or waited for; a million of either is a mistake. */
const MOST_SAMPLES = 1_000_000;

/** An option, or its default where it was not given. */
function valueOf(options: HealthMonitorOptions, option: keyof typeof DEFAULTS): unknown {
  return options[option] === undefined ? DEFAULTS[option] : options[option];
}

/**
 * Watches the orchestrators of a host: through its events, their queues and their own health hooks. Only the last
 * minute counts, never a total since the start.
 */
export class HealthMonitor {
  readonly #host: Pick<OrchestrationHost, 'facade' | 'health'>;
  readonly #options: HealthMonitorOptions;
  readonly #clock: Clock;
  readonly #limits: typeof DEFAULTS;
  readonly #samples: readonly [bad: number, good: number];
  readonly #optional: ReadonlySet<string>;
  readonly #watched = new Map<string, Watched>();
  #subscriptions: Unsubscribe[] = [];
  #timer: unknown;

  /** @throws {@link HealthOptionError} */
  constructor(host: Pick<OrchestrationHost, 'facade' | 'health'>, options: HealthMonitorOptions = {}) {
    check.object('host', host);
    check.callable('host', host, 'health');
    check.object('host.facade', host.facade);
    const given: HealthMonitorOptions = check.object('options', options);
    const { optional = [], badSamples = 2, goodSamples = 3, eventLoop } = given;
    const limits = { ...DEFAULTS };
    for (const option of ['sampleEveryMs', 'windowMs'] as const) {
      limits[option] = check.number(option, valueOf(given, option), 1, LONGEST_MS);
    }
    limits.restartLimit = check.whole('restartLimit', valueOf(given, 'restartLimit'), 1, MOST_SAMPLES);
    for (const option of ['degradedBelow', 'unhealthyBelow'] as const) {
      limits[option] = check.number(option, valueOf(given, option), 0, 100);
    }
    check.order(['unhealthyBelow', limits.unhealthyBelow], ['degradedBelow', limits.degradedBelow]);
    for (const option of ['latencyTargetMs', 'breakerState'] as const) {
      if (given[option] !== undefined) check.callable(option, given[option]);
    }
    // Sampled more rarely than calls are remembered, most of them would be judged by nobody.
    check.order(['sampleEveryMs', limits.sampleEveryMs], ['windowMs', limits.windowMs]);
    if (eventLoop !== undefined) check.callable('eventLoop', eventLoop, 'start', 'stop');
    for (const name of check.list('optional', optional)) check.text('optional', name);
    this.#host = host;
    this.#options = given;
    this.#clock = given.clock === undefined ? systemClock : check.clock('clock', given.clock);
    this.#limits = limits;
    this.#samples = [
      check.whole('badSamples', badSamples, 1, MOST_SAMPLES),
      check.whole('goodSamples', goodSamples, 1, MOST_SAMPLES),
    ];
    this.#optional = new Set(optional);
  }

  /** Begins to listen and to judge; its timer does not hold the process. Again: nothing. */
  start(): void {
    if (this.#subscriptions.length > 0) return;
    const { events } = this.#host.facade;
    this.#subscriptions = [
      events.on('call.ended', ({ orchestrator, result, durationMs }) => {
        const verdict = verdictOf(result);
        if (verdict !== 'none')
          this.#of(orchestrator).calls.note(verdict === 'ok', durationMs, this.#clock.monotonic());
      }),
      events.on('task.failed', ({ orchestrator }) => {
        const watched = this.#of(orchestrator);
        watched.restarts.push(this.#clock.monotonic());
        if (watched.restarts.length > this.#limits.restartLimit) watched.restarts.shift();
      }),
      events.on('orchestrator.unregistered', ({ orchestrator }) => void this.#watched.delete(orchestrator)),
      events.on('orchestrator.replaced', ({ orchestrator }) => void this.#watched.delete(orchestrator)),
    ];
    this.#options.eventLoop?.start();
    this.#arm();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions = [];
    this.#options.eventLoop?.stop();
  }

  /** Judges every orchestrator once. Called by the timer. */
  sample(): void {
    for (const [name, info] of Object.entries(this.#host.facade.listOrchestrators())) {
      const { score } = this.#judge(name, info);
      this.#of(name).hysteresis.next(this.#statusOf(score));
    }
  }

  /** How things are now. The status of an orchestrator is that of the samples, its score that of the moment. */
  report(): HealthReport {
    const host = this.#host.health();
    const orchestrators: Record<string, OrchestratorHealth> = {};
    let worst: HealthStatus = 'healthy';
    let lowest = 100;
    const optional: number[] = [];
    for (const [name, info] of Object.entries(this.#host.facade.listOrchestrators())) {
      const { score, factors } = this.#judge(name, info);
      const required = info.required && !this.#optional.has(name);
      const { status } = this.#of(name).hysteresis;
      const { message } = info.health;
      orchestrators[name] = {
        status,
        score,
        factors,
        state: info.state,
        required,
        ...(message === undefined ? {} : { message }),
      };
      if (required) {
        lowest = Math.min(lowest, score);
        if (status === 'unhealthy') worst = 'unhealthy';
      } else optional.push(score);
      if (status !== 'healthy' && worst === 'healthy') worst = 'degraded';
    }
    const eventLoop = this.#options.eventLoop?.state;
    const ready = host.ready && worst !== 'unhealthy' && eventLoop?.isReady !== false;
    const optionalScore = optional.reduce((sum, score) => sum + score, 0) / optional.length;
    return {
      status: ready ? worst : 'unhealthy',
      live: host.live && eventLoop?.isLive !== false,
      ready,
      score: host.ready ? lowest : 0,
      ...(optional.length === 0 ? {} : { optionalScore: Math.round(optionalScore) }),
      orchestrators,
      ...(eventLoop === undefined ? {} : { eventLoop }),
    };
  }

  #judge(name: string, info: OrchestratorInfo): { readonly score: number; readonly factors: HealthFactors } {
    const { calls, restarts } = this.#of(name);
    const now = this.#clock.monotonic();
    const { windowMs, restartLimit } = this.#limits;
    const recent = restarts.filter((at) => now - at < windowMs).length;
    const fill = info.queues.reduce((most, { depth, capacity }) => Math.max(most, depth / capacity), 0);
    const factors: HealthFactors = {
      success: calls.successRatio(now),
      latency: latencyFactor(ask(this.#options.latencyTargetMs, name), calls.p95Ms(now)),
      breaker: breakerFactor(ask(this.#options.breakerState, name)),
      saturation: saturationFactor(fill),
      restarts: Math.max(0, 1 - recent / restartLimit),
    };
    return { score: Math.min(healthScore(factors), ceilingOf(info)), factors };
  }

  #statusOf(score: number): HealthStatus {
    if (score < this.#limits.unhealthyBelow) return 'unhealthy';
    return score < this.#limits.degradedBelow ? 'degraded' : 'healthy';
  }

  #of(name: string): Watched {
    let watched = this.#watched.get(name);
    if (watched === undefined) {
      const [bad, good] = this.#samples;
      watched = {
        calls: new RecentCalls(this.#limits.windowMs),
        hysteresis: new Hysteresis(bad, good),
        restarts: [],
      };
      this.#watched.set(name, watched);
    }
    return watched;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.sample();
      this.#arm();
    }, this.#limits.sampleEveryMs);
    this.#clock.keepAlive?.(this.#timer, false);
  }
}

/** What somebody else's function says of an orchestrator; one that throws says nothing, and ends no timer. */
function ask<T>(
  question: ((orchestrator: string) => T | undefined) | undefined,
  name: string,
): T | undefined {
  try {
    return question?.(name);
  } catch {
    return undefined;
  }
}

/** What its state and its own hook allow at most. */
function ceilingOf({ state, health }: OrchestratorInfo): number {
  if (health.status === 'unhealthy') return 0;
  // Only a hook has something to tell; without one a low score of the host's own is made of older calls.
  const saysSo = health.message !== undefined || health.details !== undefined;
  return state === 'degraded' ? 50 : saysSo ? health.score : 100;
}
