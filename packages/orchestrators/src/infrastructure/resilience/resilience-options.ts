import type { CircuitBreakerOptions, RetryOptions } from '@kapelle/resilience';
import { readRequiredScopes, type RequiredScopes } from '../../required-scopes.js';
import { checkGroup, checkSettings, refuseOption } from './check-settings.js';
import type { DegradationSettings } from './degradation.js';
import type { HealthThresholds } from './service-health.js';
import type { RoutingSettings } from './target-pool.js';

/** Binding key of the options of `resilience`. */
export const RESILIENCE_OPTIONS: unique symbol = Symbol.for('kapelle.ResilienceOptions');

/** What can be set of `resilience`; all of it has a default. */
export interface ResilienceOptions {
  /** @default 3 attempts, 1 s doubled up to 30 s, full jitter, a budget of 10 % per service */
  readonly retry?: Omit<RetryOptions, 'clock' | 'random' | 'name' | 'budget'>;
  /** @default half of at least 5 calls in 5 minutes; 60 s open, doubled up to 5 minutes; 2 probes */
  readonly breaker?: Omit<CircuitBreakerOptions, 'clock' | 'random' | 'name'>;
  readonly health?: Partial<HealthThresholds>;
  readonly routing?: Partial<RoutingSettings>;
  readonly degradation?: Partial<DegradationSettings>;
  /**
   * How long one call of a service may take, in ms, 1 to 2,147,483,647, or Infinity for no limit. What takes longer is
   * answered as `timeout` and counts against the service. @default 30_000
   */
  readonly callTimeoutMs?: number;
  /** Services remembered; the one not used for longest is forgotten first. @default 1_000 */
  readonly maxServices?: number;
  /** Which scopes callers of operations of `resilience` need; code that calls `protect` needs none. @default none */
  readonly requiredScopes?: RequiredScopes;
}

const MINUTE_MS = 60_000;

/** The options with their defaults. */
export interface ResilienceSettings {
  readonly retry: NonNullable<ResilienceOptions['retry']>;
  readonly breaker: NonNullable<ResilienceOptions['breaker']>;
  readonly health: HealthThresholds;
  readonly routing: RoutingSettings;
  readonly degradation: DegradationSettings;
  readonly callTimeoutMs: number;
  readonly maxServices: number;
  readonly requiredScopes: RequiredScopes;
}

/**
 * The options with their defaults, checked.
 * @throws ResilienceError OPTION_INVALID naming the option, or both where two contradict each other
 */
export function settingsOf(options: ResilienceOptions): ResilienceSettings {
  checkGroup('options', options);
  for (const group of ['retry', 'breaker', 'health', 'routing', 'degradation'] as const) {
    checkGroup(group, options[group]);
  }
  const settings = withDefaults(options);
  checkSettings(settings);
  return settings;
}

const BASE_MS = 1_000;
const MAX_MS = 2_147_483_647;

function withDefaults(options: ResilienceOptions): ResilienceSettings {
  const capMs = options.retry?.capMs ?? 30 * BASE_MS;
  const { probeTimeoutMs = Infinity } = options.breaker ?? {};
  const callTimeoutMs =
    options.callTimeoutMs === undefined ? Math.min(30_000, probeTimeoutMs) : options.callTimeoutMs;
  return {
    retry: {
      attempts: 3,
      baseMs: BASE_MS,
      capMs,
      throttledBaseMs: Math.min(BASE_MS, capMs),
      ...options.retry,
    },
    breaker: {
      failureRatio: 0.5,
      minimumCalls: 5,
      windowMs: 5 * MINUTE_MS,
      openMs: MINUTE_MS,
      maxOpenMs: 5 * MINUTE_MS,
      probes: 2,
      // A probe is a call, and has the time of one.
      ...(callTimeoutMs > 10_000 && callTimeoutMs <= MAX_MS / 2 ? { probeTimeoutMs: 2 * callTimeoutMs } : {}),
      ...options.breaker,
    },
    health: {
      successRate: 0.7,
      latencyMs: 5_000,
      minimumCalls: 5,
      windowMs: 5 * MINUTE_MS,
      ...options.health,
    },
    routing: {
      minWeight: 0.1,
      maxWeight: 2,
      latencyMs: 5_000,
      ejectAfter: 5,
      ejectMs: 30_000,
      maxEjectMs: 5 * MINUTE_MS,
      maxEjectedShare: 0.5,
      ...options.routing,
    },
    degradation: {
      criticalServices: [],
      criticalShare: 0.5,
      worseAfter: 2,
      betterAfter: 3,
      ...options.degradation,
    },
    callTimeoutMs,
    maxServices: options.maxServices === undefined ? 1_000 : options.maxServices,
    requiredScopes: readRequiredScopes(options.requiredScopes, refuseOption),
  };
}
