import type { TimerHandle } from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { cancelled } from '../cancelled.js';
import { outsideTimer } from '../deadline-list.js';
import { notify } from '../notify.js';
import { MAX_DELAY_MS } from '../options.js';
import { classify, classifyRejection, classifyValue, type Outcome } from '../outcome.js';
import type { ExecuteOptions, Policy, Work } from '../policy.js';
import { runWork } from '../run-work.js';
import { shareOf } from '../share-of.js';
import {
  type CircuitBreakerOptions,
  type ResolvedCircuitOptions,
  resolveCircuitOptions,
} from './circuit-options.js';
import {
  circuitRefusal,
  type CircuitState,
  type CircuitStateChange,
  type CircuitStats,
  type Phase,
  type RefusingPhase,
} from './circuit-state.js';
import { type Probe, Probes } from './probes.js';
import { RollingWindow } from './rolling-window.js';

const CLOSED: Phase = { state: 'closed' };
const ISOLATED: Phase = { state: 'isolated' };
const MAX_DOUBLINGS = 30;

/**
 * Refuses calls to a dependency that mostly fails, and finds out by itself when it works again.
 *
 * - **closed** → open when a call completes and, of at least `minimumCalls` completed in the window, `failureRatio` or more
 *   have failed, or `slowCallRatio` or more were slow. A call counts where it completes, and only if it began in the
 *   present closed period: stragglers of an earlier one say nothing.
 * - **open** for `min(maxOpenMs, openMs · 2^(n−1))`, times a jitter, the n-th time in a row; then half-open. Calls reject with
 *   CIRCUIT_OPEN and `retryAfterMs`.
 * - **half-open**: `probes` calls are let through, all others are refused at once. All good: closed, with an empty window. One bad, or
 *   one without an outcome for `probeTimeoutMs`: open again. A probe that its caller cancels, or whose outcome does not
 *   count, returns its permit.
 * - **isolated** by {@link isolate}, until {@link reset}.
 *
 * What counts as a failure is said at `classifyValue`: time-outs, transient errors and those of dependencies; not the caller's
 * cancel or mistakes, limits, or bugs of this side. Durations are monotonic. One unref'd timer is armed while the circuit is open,
 * and while probes run, so that listeners hear of a change without a call.
 */
export class CircuitBreaker implements Policy {
  readonly name: string;
  readonly #options: ResolvedCircuitOptions;
  readonly #window: RollingWindow;
  readonly #listeners = new Set<(change: CircuitStateChange) => void>();
  /** Changes that listeners have not all heard of. */
  readonly #changes: CircuitStateChange[] = [];
  #phase: Phase = CLOSED;
  /** Grows with each change of state; a call remembers the one it began in. */
  #generation = 0;
  /** Openings since it was last closed. */
  #inARow = 0;
  #openings = 0;
  #refused = 0;
  #timer: TimerHandle | undefined;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: CircuitBreakerOptions = {}) {
    this.#options = resolveCircuitOptions(options);
    this.name = this.#options.name;
    this.#window = new RollingWindow(this.#options.windowMs);
  }

  /** The state now: an open circuit whose time is over is half-open. */
  get state(): CircuitState {
    this.#advance(this.#options.clock.monotonic());
    return this.#phase.state;
  }

  get stats(): CircuitStats {
    const now = this.#options.clock.monotonic();
    this.#advance(now);
    this.#window.advance(now);
    const { calls, bad, slow } = this.#window;
    return {
      state: this.#phase.state,
      calls,
      failures: bad,
      slowCalls: slow,
      failureRatio: calls === 0 ? 0 : bad / calls,
      refused: this.#refused,
      openings: this.#openings,
      ...(this.#phase.state === 'open' ? { retryAfterMs: Math.ceil(this.#phase.until - now) } : {}),
    };
  }

  execute<T>(work: Work<T>, options?: ExecuteOptions): Promise<T> {
    const scope = AttemptScope.of(options);
    if (scope.aborted) return Promise.reject(cancelled(this.name, scope.reason));
    if (this.#phase !== CLOSED) return this.#executeGuarded(work, scope);
    const generation = this.#generation;
    const startedAt = this.#options.slowCallMs === Infinity ? 0 : this.#options.clock.monotonic();
    return runWork(work, scope).then(
      (value) => {
        this.#completed(this.#outcomeOf(value), scope, generation, startedAt);
        return value;
      },
      (error: unknown) => {
        this.#completed(this.#outcomeOfRejection(error), scope, generation, startedAt);
        throw error;
      },
    );
  }

  /** Holds the circuit open until {@link reset}. Calls that run go on; what comes of them does not count. */
  isolate(): void {
    if (this.#phase.state !== 'isolated') this.#enter(ISOLATED, 'manual');
  }

  /** Closes the circuit, with an empty window and the first open time next. */
  reset(): void {
    this.#inARow = 0;
    if (this.#phase.state === 'closed') {
      this.#generation += 1;
      this.#window.clear();
    } else {
      this.#enter(CLOSED, 'manual');
    }
  }

  /** Calls `listener` after each change, synchronously. What it throws is dropped. Returns what takes it off. */
  onStateChange(listener: (change: CircuitStateChange) => void): () => void {
    const own = (change: CircuitStateChange): void => listener(change);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  #executeGuarded<T>(work: Work<T>, scope: AttemptScope): Promise<T> {
    const now = this.#options.clock.monotonic();
    this.#advance(now);
    const phase = this.#phase;
    if (phase.state === 'closed') return this.execute(work, scope);
    if (phase.state !== 'half-open') return this.#refuse(phase, now);
    const probe = phase.probes.take(scope, now);
    if (probe === undefined) return this.#refuse(phase, now);
    this.#armFor(phase.probes.oldestSince + this.#options.probeTimeoutMs, now);
    return runWork(work, scope).then(
      (value) => {
        this.#probed(phase.probes, probe, this.#outcomeOf(value));
        return value;
      },
      (error: unknown) => {
        this.#probed(phase.probes, probe, this.#outcomeOfRejection(error));
        throw error;
      },
    );
  }

  #outcomeOf(value: unknown): Outcome {
    const rule = this.#options.classify;
    return rule === undefined ? classifyValue(value) : classify({ ok: true, value }, rule);
  }

  #outcomeOfRejection(error: unknown): Outcome {
    const rule = this.#options.classify;
    return rule === undefined ? classifyRejection(error) : classify({ ok: false, error }, rule);
  }

  #completed(outcome: Outcome, scope: AttemptScope, generation: number, startedAt: number): void {
    if (generation !== this.#generation || outcome.kind === 'ignored') return;
    // Whatever work says that its caller has ended, it was not given its chance.
    if (outcome.kind === 'failure' && scope.aborted) return;
    const { clock, slowCallMs, slowCallRatio, minimumCalls, failureRatio } = this.#options;
    const now = clock.monotonic();
    const bad = outcome.kind === 'failure';
    const window = this.#window;
    window.add(now, bad, !bad && slowCallMs !== Infinity && now - startedAt > slowCallMs);
    if (window.calls < minimumCalls) return;
    if (window.bad / window.calls >= failureRatio) this.#open('failures', now);
    else if (window.slow / window.calls >= slowCallRatio) this.#open('slow-calls', now);
  }

  #probed(probes: Probes, probe: Probe, outcome: Outcome): void {
    const now = this.#options.clock.monotonic();
    // A probe that comes back too late has been counted as hung, whether or not anybody looked meanwhile.
    this.#advance(now);
    if (this.#phase.state !== 'half-open' || this.#phase.probes !== probes) return;
    if (outcome.kind === 'ignored') {
      probes.giveBack(probe);
    } else if (outcome.kind === 'success') {
      if (probes.succeeded(probe)) {
        this.#inARow = 0;
        this.#enter(CLOSED, 'probes-succeeded');
      }
    } else if (probes.giveBack(probe)) {
      this.#open('probe-failed', now);
    }
  }

  /** The changes that time alone makes. */
  #advance(now: number): void {
    const phase = this.#phase;
    if (phase.state === 'open') {
      if (now >= phase.until)
        this.#enter({ state: 'half-open', probes: new Probes(this.#options.probes) }, 'elapsed');
    } else if (phase.state === 'half-open') {
      if (now >= phase.probes.oldestSince + this.#options.probeTimeoutMs) this.#open('probe-hung', now);
    }
  }

  #open(reason: CircuitStateChange['reason'], now: number): void {
    const { openMs, maxOpenMs, jitterRatio, random } = this.#options;
    const factor = 1 - jitterRatio + 2 * jitterRatio * shareOf(random);
    const lengthMs = Math.min(maxOpenMs, openMs * 2 ** Math.min(this.#inARow, MAX_DOUBLINGS)) * factor;
    this.#inARow += 1;
    this.#openings += 1;
    const until = now + lengthMs;
    this.#enter({ state: 'open', until }, reason);
  }

  #enter(next: Phase, reason: CircuitStateChange['reason']): void {
    const before = this.#phase;
    if (before.state === 'half-open') before.probes.close();
    this.#disarm();
    this.#phase = next;
    this.#generation += 1;
    this.#window.clear();
    if (next.state === 'open') this.#armFor(next.until, this.#options.clock.monotonic());
    const change: CircuitStateChange = { policy: this.name, from: before.state, to: next.state, reason };
    this.#changes.push(change);
    // A listener that itself changes the state must not be heard before the others have heard of this one.
    if (this.#changes.length > 1) return;
    for (let next = this.#changes[0]; next !== undefined; next = this.#changes[0]) {
      for (const listener of [...this.#listeners]) notify(listener, next);
      this.#changes.shift();
    }
  }

  #refuse(phase: RefusingPhase, now: number): Promise<never> {
    this.#refused += 1;
    return Promise.reject(circuitRefusal(this.#options, phase, now));
  }

  #armFor(at: number, now: number): void {
    this.#disarm();
    const { clock } = this.#options;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(1, Math.ceil(at - now)));
    this.#timer = outsideTimer(clock, this.#tick, delayMs);
    clock.keepAlive?.(this.#timer, false);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const now = this.#options.clock.monotonic();
    this.#advance(now);
    if (this.#timer !== undefined) return;
    const phase = this.#phase;
    if (phase.state === 'open') this.#armFor(phase.until, now);
    else if (phase.state === 'half-open' && phase.probes.oldestSince !== Infinity) {
      this.#armFor(phase.probes.oldestSince + this.#options.probeTimeoutMs, now);
    }
  };
}

/**
 * Makes a circuit breaker; see {@link CircuitBreaker}.
 * @throws ResilienceError OPTION_INVALID
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  return new CircuitBreaker(options);
}
