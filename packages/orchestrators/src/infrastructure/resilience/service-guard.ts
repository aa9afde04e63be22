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
  RetryBudget,
  RetryPolicy,
  type Settled,
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

/** The name of the primary among targets. */
const PRIMARY = 'primary';

/** What is known of one service, and the calls of it. */
export class ServiceGuard {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #health: ServiceHealth;
  readonly #breaker: CircuitBreaker;
  readonly #retry: RetryPolicy;
  readonly #pool: TargetPool;
  readonly #onEjected: (target: string) => void;

  constructor(
    service: string,
    settings: ResilienceSettings,
    { clock, random, onEjected }: { clock: Clock; random: () => number; onEjected: (target: string) => void },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#onEjected = onEjected;
    this.#health = new ServiceHealth(settings.health);
    this.#breaker = new CircuitBreaker({ ...settings.breaker, name: service, clock, random });
    const budget = new RetryBudget({ clock });
    this.#retry = new RetryPolicy({ ...settings.retry, name: service, budget, clock, random });
    this.#pool = new TargetPool(settings.routing);
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
  async call<T>(request: GuardedRequest<T>, options: ExecuteOptions): Promise<Guarded<T>> {
    let attempts = 0;
    let target: string | undefined;
    const counted =
      (work: ServiceCall<T>, name?: string): ServiceCall<T> =>
      (attempt) => {
        attempts += 1;
        target = name;
        return this.#observed(work, attempt, name);
      };
    const settled = await settle(() => this.#run(request, counted, options));
    const outcome = classify(settled);
    if (settled.ok && outcome.kind === 'success') {
      return { value: settled.value as T, attempts, target, failure: undefined };
    }
    const failure = outcome as Failure;
    const { fallback } = request;
    if (fallback !== undefined && failure.category !== 'cancelled' && options.signal?.aborted !== true) {
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
  ): T | PromiseLike<T> {
    switch (request.strategy) {
      case 'fail_fast':
      case 'graceful_degrade':
        return counted(request.primary)({ attempt: 1, signal: signalOf(options) });
      case 'retry':
        return this.#retry.execute(counted(request.primary), options);
      case 'circuit_breaker':
        return this.#breaker.execute(counted(request.primary), options);
      case 'adaptive_routing':
        return this.#route(request, counted, options);
    }
  }

  /** The targets one after the other, the likeliest first, until one works or what failed is not the target's fault. */
  async #route<T>(
    { primary, targets }: GuardedRequest<T>,
    counted: (work: ServiceCall<T>, name?: string) => ServiceCall<T>,
    options: ExecuteOptions,
  ): Promise<T> {
    const works = new Map(Object.entries(targets ?? {}));
    if (works.size === 0) works.set(PRIMARY, primary);
    this.#pool.hold([...works.keys()]);
    const tried = new Set<string>();
    for (;;) {
      const name = this.#pool.pick(this.#random, this.#clock.monotonic(), tried) as string;
      tried.add(name);
      const work = counted(works.get(name) as ServiceCall<T>, name);
      const settled = await settle(() => work({ attempt: tried.size, signal: signalOf(options) }));
      const outcome = classify(settled);
      const done =
        outcome.kind !== 'failure' || tried.size === works.size || options.signal?.aborted === true;
      if (!done) continue;
      if (settled.ok) return settled.value as T;
      throw settled.error;
    }
  }

  /** Runs one attempt and remembers how it went; what says nothing about the service is not remembered. */
  async #observed<T>(work: ServiceCall<T>, attempt: Attempt, target: string | undefined): Promise<T> {
    const begun = this.#clock.monotonic();
    const note = (kind: 'success' | 'failure' | 'ignored'): void => {
      if (kind === 'ignored') return;
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

async function settle(run: () => unknown): Promise<Settled> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, error };
  }
}

const NEVER = new AbortController().signal;

function signalOf({ signal }: ExecuteOptions): AbortSignal {
  return signal ?? NEVER;
}
