import type { Clock } from '@kapelle/core';
import { boundedWork, pause } from './bounded-work.js';
import type { DeploymentTarget, TrafficSource } from './deployment-driver.js';
import { DeploymentError } from './deployment-error.js';
import { decideGates, type DeploymentGate, evaluateGate, type GateOutcome } from './deployment-gate.js';
import { type TrafficCounters, type TrafficFigures, trafficFigures, trafficSince } from './traffic.js';

/** What a step is watched with. */
export interface StepWatchInit {
  readonly clock: Clock;
  readonly target: DeploymentTarget;
  readonly source: TrafficSource | undefined;
  readonly gates: readonly DeploymentGate[];
  readonly version: string;
  readonly previous: string | undefined;
  readonly soakMs: number;
  readonly pollMs: number;
}

/** What was seen in a step. */
export interface StepSeen {
  readonly isGood: boolean;
  readonly gates: readonly GateOutcome[];
  readonly traffic?: TrafficFigures;
}

/** How long one reading of the traffic may take. */
const READ_MS = 5_000;

/** Watches what the versions answer, and asks the gates. */
export class StepWatch {
  readonly #init: StepWatchInit;
  /** Counters of the old version when the deployment began, and the last ones that were read. */
  #baseStart: TrafficCounters | undefined;
  #baseNow: TrafficCounters | undefined;
  /** The longest of the gates' own counts, for what a comparison needs. */
  readonly #minRequests: number;

  constructor(init: StepWatchInit) {
    this.#init = init;
    this.#minRequests = Math.max(0, ...this.#comparing.map(({ minRequests }) => minRequests));
  }

  /** Notes where the old version stands before anything is changed. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#read(signal);
    this.#baseStart = this.#baseNow;
  }

  /**
   * Before traffic moves: whether the gates can measure at all, and enough of the old version for those that
   * compare. Waits for that as long as the gate would.
   *
   * @throws DeploymentError `DEPLOYMENT_GATE_UNMEASURED`
   */
  async ready(signal: AbortSignal): Promise<{ readonly gates: number; readonly baselineRequests: number }> {
    const { gates, source, previous, clock, pollMs } = this.#init;
    const needed = gates.filter(({ required, whenUnmeasured }) => required && whenUnmeasured === 'fail');
    if (needed.length > 0 && source === undefined) {
      throw new DeploymentError(
        'DEPLOYMENT_GATE_UNMEASURED',
        `Nobody measures the traffic of this service, and ${needed.length} gates are required. Bind DEPLOYMENT_TRAFFIC, give the gates whenUnmeasured "pass", or deploy with an empty list of gates.`,
      );
    }
    const comparing = this.#comparing.filter((gate) => needed.includes(gate));
    if (previous !== undefined && source !== undefined && comparing.length > 0) {
      const until = clock.monotonic() + Math.max(...comparing.map(({ timeoutMs }) => timeoutMs));
      while (this.#baselineRequests < this.#minRequests) {
        if (clock.monotonic() >= until) {
          throw new DeploymentError(
            'DEPLOYMENT_GATE_UNMEASURED',
            `The old version answered ${this.#baselineRequests} requests, and comparing with it needs ${this.#minRequests}. Deploy when there is traffic, or lower minRequests.`,
          );
        }
        await pause(clock, pollMs, signal);
        await this.#read(signal);
      }
    }
    return { gates: gates.length, baselineRequests: this.#baselineRequests };
  }

  /** Counters of the new version now: where a step begins. */
  async mark(signal: AbortSignal): Promise<TrafficCounters | undefined> {
    return this.#read(signal);
  }

  /** Watches until every gate has said yes for the time of the step, or one of them no. */
  async watch(from: TrafficCounters | undefined, signal: AbortSignal): Promise<StepSeen> {
    const { clock, gates, soakMs, pollMs, previous } = this.#init;
    const began = clock.monotonic();
    for (;;) {
      const now = await this.#read(signal);
      const candidate = now === undefined ? undefined : trafficSince(from, now);
      const elapsed = clock.monotonic() - began;
      const isFinal = elapsed >= soakMs;
      const evidence = { candidate, baseline: this.#baseline, hasPrevious: previous !== undefined, isFinal };
      const outcomes = gates.map((gate) => evaluateGate(gate, evidence));
      const seen = candidate === undefined ? {} : { traffic: trafficFigures(candidate) };
      const decision = decideGates(outcomes);
      if (decision === 'stop') return { isGood: false, gates: outcomes, ...seen };
      const waiting = gates.filter((gate, at) => gate.required && outcomes[at]?.verdict === 'unmeasured');
      const until = Math.max(soakMs, ...waiting.map(({ timeoutMs }) => timeoutMs));
      if (elapsed >= until || (decision === 'go' && isFinal)) {
        return { isGood: outcomes.every(({ mayPass }) => mayPass), gates: outcomes, ...seen };
      }
      // The end of the time is looked at, too, and not only the polls before and after it.
      const rest = (isFinal ? until : soakMs) - elapsed;
      await pause(clock, Math.max(1, Math.min(pollMs, rest)), signal);
    }
  }

  get #comparing(): readonly DeploymentGate[] {
    return this.#init.gates.filter(
      ({ maxIncrease, maxRatio }) => maxIncrease !== undefined || maxRatio !== undefined,
    );
  }

  /**
   * Of the old version: since the deployment began where that is enough, else everything that was ever
   * counted.
   */
  get #baseline(): TrafficCounters | undefined {
    const now = this.#baseNow;
    if (now === undefined || this.#init.previous === undefined) return undefined;
    const since = trafficSince(this.#baseStart, now);
    return since.requests >= this.#minRequests ? since : now;
  }

  get #baselineRequests(): number {
    return this.#baseline?.requests ?? 0;
  }

  /**
   * Counters of the new version; one that the source does not know yet has none, a source that fails measures
   * nothing.
   */
  async #read(signal: AbortSignal): Promise<TrafficCounters | undefined> {
    const { source, target, clock, version, previous } = this.#init;
    if (source === undefined) return undefined;
    try {
      const counters = await boundedWork((inner) => source.read(target, { signal: inner }), {
        clock,
        signal,
        timeoutMs: READ_MS,
        timeout: () => new Error(`The traffic was not read within ${READ_MS} ms.`),
        graceMs: 0,
      });
      const base = previous === undefined ? undefined : counters[previous];
      // What was seen of the old one stays known after it is gone.
      if (base !== undefined) this.#baseNow = base;
      return counters[version];
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }
}
