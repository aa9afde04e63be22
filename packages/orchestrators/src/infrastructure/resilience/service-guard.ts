import type { Clock } from '@kapelle/core';
import {
  type Attempt,
  CircuitBreaker,
  type CircuitStats,
  classify,
  classifyRejection,
  classifyValue,
  type ExecuteOptions,
  type Failure,
  ResilienceError,
  RetryBudget,
  RetryPolicy,
  type Settled,
  TimeoutPolicy,
} from '@kapelle/resilience';
import type { ResilienceSettings } from './resilience-options.js';
import { ServiceHealth, type ServiceHealthReport } from './service-health.js';
import type { Strategy } from './strategy.js';
import { TargetPool, type TargetReport } from './target-pool.js';

/** Calls a service, or a part of it. Gets the attempt, whose signal it should heed. */
export type ServiceCall<T = unknown> = (attempt: Attempt) => T | PromiseLike<T>;

/** What is to be called, and how. */
export interface GuardedRequest<T = unknown> {
  readonly strategy: Strategy;
  readonly primary: ServiceCall<T>;
  /** Makes the answer where the strategy has failed. */
  readonly fallback?: ((failure: Failure, attempt: Attempt) => T | PromiseLike<T>) | undefined;
  /** The targets that `adaptive_routing` chooses from, by name; without them there is the primary alone. */
  readonly targets?: Readonly<Record<string, ServiceCall<T>>> | undefined;
  /** How long one call of the service may take, in ms; Infinity for no limit. @default callTimeoutMs of the options */
  readonly timeoutMs?: number | undefined;
}

/** What came of it: a value, or the failure where the fallback had no answer either. */
export type Guarded<T> =
  | {
      readonly value: T;
      readonly attempts: number;
      readonly target: string | undefined;
      /** The failure that the fallback answered for. */
      readonly failure: Failure | undefined;
    }
  | { readonly failure: Failure; readonly failed: true; readonly attempts: number };

/** A call ends so much before its caller does: it is known then that the service was too slow, and not the caller hasty. */
const DEADLINE_MARGIN_MS = 10;
/** The name of the primary among targets. */
const PRIMARY = 'primary';

/** What is known of one service, and the calls of it. */
export class ServiceGuard {
  readonly #clock: Clock;
  readonly #health: ServiceHealth;
  readonly #breaker: CircuitBreaker;
  readonly #retry: RetryPolicy;
  readonly #pool: TargetPool;
  readonly #timeout: TimeoutPolicy | undefined;
  readonly #patienceMs: number;
  readonly #onEjected: (target: string) => void;

  constructor(
    service: string,
    settings: ResilienceSettings,
    { clock, seed, onEjected }: { clock: Clock; seed: number; onEjected: (target: string) => void },
  ) {
    this.#clock = clock;
    this.#onEjected = onEjected;
    this.#health = new ServiceHealth(settings.health);
    // Of its own: what a call brings along must not outlive that call.
    const random = jitterFrom(seed);
    this.#breaker = new CircuitBreaker({ ...settings.breaker, name: service, clock, random });
    const budget = new RetryBudget({ clock });
    this.#retry = new RetryPolicy({ ...settings.retry, name: service, budget, clock, random });
    this.#pool = new TargetPool(settings.routing);
    this.#timeout = timeoutOf(service, settings.callTimeoutMs, clock);
    this.#patienceMs = settings.health.latencyMs;
  }

  get breaker(): CircuitStats {
    return this.#breaker.stats;
  }

  health(): ServiceHealthReport {
    return this.#health.report(this.#clock.monotonic());
  }

  targets(): Readonly<Record<string, TargetReport>> {
    return this.#pool.report(this.#clock.monotonic());
  }

  isolate(): void {
    this.#breaker.isolate();
  }

  reset(): void {
    this.#breaker.reset();
  }

  /** Never rejects. */
  async call<T>(
    request: GuardedRequest<T>,
    given: ExecuteOptions,
    random: () => number,
  ): Promise<Guarded<T>> {
    const options = this.#within(given);
    if (isCancelled(options)) return { failed: true, failure: ended(options), attempts: 0 };
    let attempts = 0;
    let target: string | undefined;
    const { timeoutMs } = request;
    const limit =
      timeoutMs === undefined ? this.#timeout : timeoutOf(this.#breaker.name, timeoutMs, this.#clock);
    const counted =
      (work: ServiceCall<T>, name?: string): ServiceCall<T> =>
      (attempt) => {
        attempts += 1;
        target = name;
        return this.#observed(limit === undefined ? work : limited(work, limit), attempt, name, options);
      };
    const settled = await settle(() => this.#run(request, counted, options, random));
    const outcome = classify(settled);
    if (settled.ok && outcome.kind === 'success') {
      return { value: settled.value as T, attempts, target, failure: undefined };
    }
    const failure = outcome as Failure;
    const { fallback } = request;
    if (fallback !== undefined && failure.category !== 'cancelled' && !isCancelled(options)) {
      const instead = await settle(() => fallback(failure, { attempt: 1, signal: signalOf(options) }));
      if (classify(instead).kind === 'success' && instead.ok) {
        return { value: instead.value as T, attempts, target: undefined, failure };
      }
    }
    return { failed: true, failure, attempts };
  }

  #run<T>(
    request: GuardedRequest<T>,
    counted: (work: ServiceCall<T>, name?: string) => ServiceCall<T>,
    options: ExecuteOptions,
    random: () => number,
  ): T | PromiseLike<T> {
    switch (request.strategy) {
      case 'fail_fast':
      case 'graceful_degrade':
        return counted(request.primary)(firstAttempt(options));
      case 'retry':
        return this.#retry.execute(counted(request.primary), options);
      case 'circuit_breaker':
        return this.#breaker.execute(counted(request.primary), options);
      case 'adaptive_routing':
        return this.#route(request, counted, options, random);
    }
  }

  /** The targets one after the other, the likeliest first, until one works or what failed is not the target's fault. */
  async #route<T>(
    { primary, targets }: GuardedRequest<T>,
    counted: (work: ServiceCall<T>, name?: string) => ServiceCall<T>,
    options: ExecuteOptions,
    random: () => number,
  ): Promise<T> {
    const works = new Map(Object.entries(targets ?? {}));
    if (works.size === 0) works.set(PRIMARY, primary);
    this.#pool.hold([...works.keys()]);
    const tried = new Set<string>();
    for (;;) {
      // Meanwhile another call may have come with other targets: what is left is known here alone.
      const left = [...works.keys()].filter((each) => !tried.has(each));
      const name = this.#pool.pick(random, this.#clock.monotonic(), left) as string;
      tried.add(name);
      const work = counted(works.get(name) as ServiceCall<T>, name);
      const settled = await settle(() => work({ ...firstAttempt(options), attempt: tried.size }));
      const outcome = classify(settled);
      const done =
        outcome.kind !== 'failure' || tried.size === works.size || isOver(options, this.#clock.monotonic());
      if (!done) continue;
      if (settled.ok) return settled.value as T;
      throw settled.error;
    }
  }

  /**
   * Where the caller gives the service enough time, a call ends a little before the caller does: what takes so long is the
   * service's fault. Otherwise it ends with the caller, and says nothing about the service.
   */
  #within(options: ExecuteOptions): ExecuteOptions {
    const { expiresAt } = options;
    if (expiresAt === undefined || !(expiresAt - this.#clock.monotonic() > this.#patienceMs)) return options;
    return { ...options, expiresAt: expiresAt - DEADLINE_MARGIN_MS };
  }

  /** Runs one attempt and remembers how it went; what says nothing about the service is not remembered. */
  async #observed<T>(
    work: ServiceCall<T>,
    attempt: Attempt,
    target: string | undefined,
    { signal }: ExecuteOptions,
  ): Promise<T> {
    const begun = this.#clock.monotonic();
    const note = (kind: 'success' | 'failure' | 'ignored'): void => {
      // Whatever work says that its caller has ended, it was not given its chance.
      if (kind === 'ignored' || (kind === 'failure' && signal?.aborted === true)) return;
      const now = this.#clock.monotonic();
      this.#health.record(kind === 'success', now - begun, now);
      if (target !== undefined && this.#pool.record(target, kind === 'success', now - begun, now)) {
        this.#onEjected(target);
      }
    };
    let value: T;
    try {
      value = await work(attempt);
    } catch (error) {
      note(classifyRejection(error).kind);
      throw error;
    }
    note(classifyValue(value).kind);
    return value;
  }
}

/** What an attempt that no policy makes is told: with the deadline, which the limit of time reads. */
function firstAttempt(options: ExecuteOptions): Attempt & ExecuteOptions {
  const { expiresAt } = options;
  return { attempt: 1, signal: signalOf(options), ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** The same work, ended by a limit of time. */
function limited<T>(work: ServiceCall<T>, limit: TimeoutPolicy): ServiceCall<T> {
  return (attempt) =>
    limit.execute((inner) => {
      const of: Attempt = {
        attempt: attempt.attempt,
        // Made when it is first read: work that ignores it pays nothing.
        get signal() {
          return inner.signal;
        },
      };
      return work(of);
    }, attempt);
}

function timeoutOf(name: string, ms: number, clock: Clock): TimeoutPolicy | undefined {
  return ms === Infinity ? undefined : new TimeoutPolicy({ name, ms, clock });
}

async function settle(run: () => unknown): Promise<Settled> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, error };
  }
}

function isCancelled({ signal }: ExecuteOptions): boolean {
  return signal?.aborted === true;
}

/** Whether its caller has ended it, or its time is up. */
function isOver(options: ExecuteOptions, now: number): boolean {
  return isCancelled(options) || now >= (options.expiresAt ?? Infinity);
}

/** What comes of a call that its caller had ended before it began. */
function ended({ signal }: ExecuteOptions): Failure {
  return classifyRejection(
    new ResilienceError(
      'CANCELLED',
      'resilience',
      'resilience: the caller had cancelled the call before it began.',
      {
        cause: signal?.reason,
      },
    ),
  );
}

/** Numbers from 0 to 1 for the jitter of one service ("mulberry32"), by the seed alone. */
function jitterFrom(seed: number): () => number {
  let state = Math.floor(seed * 2 ** 32) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NEVER = new AbortController().signal;

function signalOf({ signal }: ExecuteOptions): AbortSignal {
  return signal ?? NEVER;
}
