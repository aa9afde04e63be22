import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import type { CircuitStats, ExecuteOptions } from '@kapelle/resilience';
import { inject, optional } from 'inversify';
import { requireScopes } from '../../required-scopes.js';
import { refuseOption } from './check-settings.js';
import { type DegradationMode, DegradationManager } from './degradation.js';
import { ExecuteParams, ServiceParams } from './execute-params.js';
import {
  RESILIENCE_OPTIONS,
  type ResilienceOptions,
  type ResilienceSettings,
  settingsOf,
} from './resilience-options.js';
import type { ServiceHealthReport } from './service-health.js';
import { problemOf } from './request-problem.js';
import { type GuardedRequest, ServiceGuard } from './service-guard.js';
import { strategyOf, type Strategy } from './strategy.js';
import type { TargetReport } from './target-pool.js';

/** What `execute` gives. */
export interface Executed<T = unknown> {
  readonly service: string;
  readonly strategy: Strategy;
  /** What the service, or the fallback, answered. */
  readonly data: T;
  readonly executionTimeMs: number;
  /** How often the service was called for it. */
  readonly attempts: number;
  readonly usedFallback: boolean;
  /** The target that answered, with `adaptive_routing`. */
  readonly target?: string;
}

/** What `get_health_summary` gives. */
export interface HealthSummary {
  readonly degradationMode: DegradationMode;
  /** Declared features that are off now. */
  readonly featuresOff: readonly string[];
  readonly circuitBreakers: Readonly<Record<string, CircuitStats>>;
  readonly serviceHealth: Readonly<Record<string, ServiceHealthReport>>;
  /** By service and target, where it is routed. */
  readonly routing: Readonly<Record<string, Readonly<Record<string, TargetReport>>>>;
}

/** How often the health of services is evaluated, in ms. */
const EVALUATE_EVERY_MS = 30_000;

/**
 * Calls services so that their failures stay theirs: five strategies, a breaker, a retry budget and weights per service, a
 * fallback after any of them; and knows how the services are, and what is to be switched off while they are not well.
 */
@orchestrator('infrastructure', 'adaptive', {
  name: 'resilience',
  description: 'Calls services through breakers, retries, routing and fallbacks, and watches their health.',
  // What it is given to call may well call another service; how deep is bounded by the host.
  reentrant: true,
})
export class ResilienceOrchestrator extends BaseOrchestrator {
  /** What is switched off while services are unhealthy. */
  readonly degradation: DegradationManager;
  readonly #settings: ResilienceSettings;
  readonly #clock: Clock;
  readonly #guards = new Map<string, ServiceGuard>();
  readonly #healthy = new Map<string, boolean>();
  readonly #facade: OrchestrationFacade | undefined;
  #scopes: Unsubscribe | undefined;

  constructor(
    @inject(RESILIENCE_OPTIONS) @optional() options: ResilienceOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
  ) {
    super();
    this.#facade = facade;
    this.#settings = settingsOf(options);
    this.#clock = clock;
    this.degradation = new DegradationManager(this.#settings.degradation);
  }

  override start(): void {
    this.#scopes = requireScopes(this.name, this.#settings.requiredScopes, this.#facade, refuseOption);
    this.logger.info('health_monitor_started', { everyMs: EVALUATE_EVERY_MS });
  }

  override cleanup(): void {
    this.#scopes?.();
    this.logger.info('health_monitor_stopped', { services: this.#guards.size });
  }

  @operation({
    name: 'execute',
    default: true,
    params: ExecuteParams,
    description: 'Calls a service by a strategy.',
  })
  async execute(context: OperationContext, params: ExecuteParams): Promise<StepResult<Executed>> {
    const { deadline } = context;
    return this.protect(
      params.serviceName,
      {
        strategy: strategyOf(params.strategy ?? 'fail_fast'),
        primary: params.primaryFunc,
        fallback: params.fallbackFunc as GuardedRequest['fallback'],
        targets: params.targets,
        timeoutMs: params.timeoutMs ?? undefined,
      },
      {
        signal: context.signal,
        ...(deadline === undefined
          ? {}
          : { expiresAt: this.#clock.monotonic() + deadline - this.#clock.now() }),
      },
      () => context.random(),
    );
  }

  @operation({
    name: 'get_health_summary',
    description: 'How the services are, and what is off because of it.',
  })
  getHealthSummary(_context: OperationContext): HealthSummary {
    const guards = [...this.#guards];
    return {
      degradationMode: this.degradation.mode,
      featuresOff: this.degradation.off,
      circuitBreakers: Object.fromEntries(guards.map(([service, guard]) => [service, guard.breaker])),
      serviceHealth: Object.fromEntries(guards.map(([service, guard]) => [service, guard.health()])),
      routing: Object.fromEntries(
        guards
          .map(([service, guard]) => [service, guard.targets()] as const)
          .filter(([, targets]) => Object.keys(targets).length > 0),
      ),
    };
  }

  @operation({ params: ServiceParams, description: 'Holds the breaker of a service open until it is reset.' })
  isolate(_context: OperationContext, { serviceName }: ServiceParams): StepResult<CircuitStats> {
    const guard = this.#guardOf(serviceName);
    guard.isolate();
    this.logger.warn('circuit_isolated', { service: serviceName });
    return StepResult.ok(guard.breaker);
  }

  @operation({
    params: ServiceParams,
    description: 'Closes the breaker of a service and forgets its window.',
  })
  reset(_context: OperationContext, { serviceName }: ServiceParams): StepResult<CircuitStats> {
    const guard = this.#guards.get(serviceName);
    if (guard === undefined) {
      return StepResult.fail(`No call of the service "${serviceName}" is known. Check its name.`, {
        errorCategory: 'not_found',
        details: { known: [...this.#guards.keys()] },
      });
    }
    guard.reset();
    this.logger.info('circuit_reset', { service: serviceName });
    return StepResult.ok(guard.breaker);
  }

  /**
   * The same as `execute`, for code of any layer that holds the orchestrator. Never rejects.
   *
   * @param random From 0 to 1, 1 excluded; chooses among targets.
   */
  async protect<T>(
    service: string,
    request: GuardedRequest<T>,
    options?: ExecuteOptions | null,
    random: () => number = Math.random,
  ): Promise<StepResult<Executed<T>>> {
    try {
      return await this.#protected(service, request, options ?? {}, random);
    } catch (error) {
      // A request that lets nobody read it, or randomness that has none.
      return StepResult.fromError(error);
    }
  }

  async #protected<T>(
    service: string,
    request: GuardedRequest<T>,
    options: ExecuteOptions,
    random: () => number,
  ): Promise<StepResult<Executed<T>>> {
    const wrong = problemOf(service, request);
    if (wrong !== undefined) return StepResult.fail(wrong, { errorCategory: 'validation' });
    const begun = this.#clock.monotonic();
    const { strategy } = request;
    const outcome = await this.#guardOf(service, random).call(request, options, random);
    const executionTimeMs = this.#clock.monotonic() - begun;
    if ('failed' in outcome) {
      const { failure } = outcome;
      if (failure.result.status !== 'failed') return StepResult.skip(failure.result.reason);
      const { error, metadata, ...rest } = failure.result;
      return StepResult.fail(error, {
        ...rest,
        metadata: { ...metadata, service, strategy, attempts: outcome.attempts, executionTimeMs },
      });
    }
    const { attempts, failure, target, value } = outcome;
    const answer: StepResult<T> = StepResult.isResult(value)
      ? (value as StepResult<T>)
      : StepResult.ok<T>(value);
    // A failed one has been dealt with: what is left has an answer, or says why there is none.
    if (answer.status === 'skipped' || answer.status === 'failed') return answer;
    const { data, warnings } = answer;
    const executed: Executed<T> = {
      service,
      strategy,
      data,
      executionTimeMs,
      attempts,
      usedFallback: failure !== undefined,
      ...(target === undefined ? {} : { target }),
    };
    if (answer.status === 'uncertain') {
      return StepResult.uncertain(executed, {
        ...(answer.reason === undefined ? {} : { reason: answer.reason }),
        metadata: failure === undefined ? {} : { fallback: true, fallback_for: failure.category },
        warnings,
      });
    }
    if (failure === undefined || strategy === 'graceful_degrade')
      return StepResult.ok(executed, { warnings });
    return StepResult.uncertain(executed, {
      reason: `The fallback answered, because ${service} failed (${failure.category}).`,
      metadata: { fallback: true, fallback_for: failure.category },
      warnings,
    });
  }

  /** The breaker of each service and its state now, as `breakers` of `createMetrics` asks for them. */
  breakers(): readonly { readonly name: string; readonly state: CircuitStats['state'] }[] {
    return [...this.#guards].map(([name, { breaker }]) => ({ name, state: breaker.state }));
  }

  /** Evaluates the health of every service; only changes are told. */
  @background({ everyMs: EVALUATE_EVERY_MS, initialDelayMs: EVALUATE_EVERY_MS, jitterRatio: 0 })
  evaluate(_signal: AbortSignal): void {
    for (const [service, guard] of this.#guards) {
      const report = guard.health();
      const state = guard.breaker.state;
      const healthy = report.isHealthy && state !== 'open' && state !== 'isolated';
      if ((this.#healthy.get(service) ?? true) !== healthy) {
        this.logger.warn('service_health_changed', { service, healthy, breaker: state, ...report });
      }
      this.#healthy.set(service, healthy);
    }
    const change = this.degradation.evaluate(this.#healthy);
    if (change !== undefined) {
      this.logger.warn('degradation_mode_changed', { ...change, featuresOff: this.degradation.off });
    }
  }

  override health(): HealthAnswer {
    const unhealthy = [...this.#healthy].filter(([, healthy]) => !healthy).map(([service]) => service);
    if (this.degradation.mode === 'normal') return true;
    return {
      status: 'degraded',
      score: this.degradation.mode === 'critical' ? 25 : 60,
      message: `Services are unhealthy: ${unhealthy.join(', ')}.`,
      details: { degradationMode: this.degradation.mode, unhealthy },
    };
  }

  #guardOf(service: string, random: () => number = Math.random): ServiceGuard {
    let guard = this.#guards.get(service);
    if (guard === undefined) {
      guard = new ServiceGuard(service, this.#settings, {
        clock: this.#clock,
        seed: random(),
        onEjected: (target) => this.logger.warn('target_ejected', { service, target }),
      });
    }
    // The one not used for longest comes first in the map, and is forgotten first.
    this.#guards.delete(service);
    this.#guards.set(service, guard);
    if (this.#guards.size > this.#settings.maxServices) this.#forgetOne(service);
    return guard;
  }

  /** An open breaker is forgotten only where all are: its service would be called again at once. */
  #forgetOne(but: string): void {
    const others = [...this.#guards].filter(([service]) => service !== but);
    const [service] = others.find(([, guard]) => guard.breaker.state === 'closed') ?? others[0] ?? [];
    if (service === undefined) return;
    this.#guards.delete(service);
    this.#healthy.delete(service);
  }
}
