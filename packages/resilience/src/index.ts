export { bulkhead, BulkheadPolicy, type BulkheadStats } from './bulkhead/bulkhead.js';
export type { BulkheadOptions, FairnessOptions } from './bulkhead/bulkhead-options.js';
export { NO_POLICY, type PolicyDefaults } from './interceptor/policy-choice.js';
export {
  ResilienceInterceptor,
  resilienceInterceptor,
  type ResilienceInterceptorOptions,
  type UnknownPolicy,
} from './interceptor/resilience-interceptor.js';
export type { AdaptiveLimitOptions } from './load-shedding/adaptive-limit.js';
export {
  loadShedder,
  type LoadShedderOptions,
  LoadShedderPolicy,
  type LoadShedderStats,
} from './load-shedding/load-shedder.js';
export {
  type EventLoopProbe,
  eventLoopProbe,
  type LoopLagOptions,
  type LoopProbe,
  type LoopState,
} from './load-shedding/loop-lag.js';
export { Pipeline, pipeline, type PipelineStats } from './pipeline/pipeline.js';
export {
  PIPELINE_ORDER,
  type PipelineOptions,
  type PipelineParts,
  type PipelineSlot,
} from './pipeline/pipeline-options.js';
export {
  rateLimiter,
  type RateLimiterOptions,
  RateLimiterPolicy,
  type RateLimiterStats,
} from './rate-limiter/rate-limiter.js';
export {
  PolicyRegistry,
  type PolicyRegistryOptions,
  type PolicyRegistryStats,
  type PolicySnapshot,
} from './registry/policy-registry.js';
export {
  adaptiveThrottle,
  AdaptiveThrottle,
  type AdaptiveThrottleOptions,
  type AdaptiveThrottleStats,
} from './circuit-breaker/adaptive-throttle.js';
export { circuitBreaker, CircuitBreaker } from './circuit-breaker/circuit-breaker.js';
export type { CircuitBreakerOptions } from './circuit-breaker/circuit-options.js';
export type { CircuitState, CircuitStateChange, CircuitStats } from './circuit-breaker/circuit-state.js';
export { fallback, type FallbackOptions, FallbackPolicy, type FallbackStats } from './fallback/fallback.js';
export { hedge, type HedgeOptions, HedgePolicy, type HedgeStats } from './hedge/hedge.js';
export {
  classify,
  classifyRejection,
  type ClassifyRule,
  classifyValue,
  type Failure,
  type Outcome,
  type Settled,
  type Success,
} from './outcome.js';
export type { Attempt, ExecuteOptions, Policy, Work } from './policy.js';
export { RESILIENCE_CODES, type ResilienceCode, ResilienceError } from './resilience-error.js';
export { retry, RetryPolicy, type RetryStats } from './retry/retry.js';
export { RetryBudget, type RetryBudgetOptions, type RetryBudgetStats } from './retry/retry-budget.js';
export type { RetryMarks } from './retry/retry-marks.js';
export type { RetryEvent, RetryOptions } from './retry/retry-options.js';
export { timeout, type TimeoutOptions, TimeoutPolicy, type TimeoutStats } from './timeout/timeout.js';
