export { DegradationManager } from './resilience/degradation.js';
export type { DegradationMode, DegradationSettings, FeatureOptions } from './resilience/degradation.js';
export { ExecuteParams, ServiceParams } from './resilience/execute-params.js';
export {
  type Executed,
  type HealthSummary,
  ResilienceOrchestrator,
} from './resilience/resilience-orchestrator.js';
export { RESILIENCE_OPTIONS, type ResilienceOptions } from './resilience/resilience-options.js';
export { getResilienceOrchestrator, resilient, type ResilientOptions } from './resilience/resilient.js';
export type { GuardedRequest, ServiceCall } from './resilience/service-guard.js';
export type { HealthThresholds, ServiceHealthReport } from './resilience/service-health.js';
export { STRATEGIES, type Strategy } from './resilience/strategy.js';
export type { RoutingSettings, TargetReport } from './resilience/target-pool.js';
