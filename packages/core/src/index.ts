export { ambientLogFields, contextLogFields, currentContext } from './ambient.js';
export { type Clock, systemClock, type TimerHandle } from './clock/clock.js';
export { createOrchestrationHost, type HostOptions } from './container/create-host.js';
export { orchestrationModule, type OrchestrationModuleOptions } from './container/orchestration-module.js';
export { CLOCK, LOGGER, ORCHESTRATOR } from './container/tokens.js';
export {
  type ChildContextOverrides,
  OrchestrationContext,
  type OrchestrationContextInit,
  type OrchestrationContextJSON,
  type Principal,
} from './context.js';
export type { EngineCapability, ExecuteRun, ExecutionEngine, RunEnvelope } from './engine/engine.js';
export type { CompensationReport, RunVerbs } from './engine/run-verbs.js';
export type { Compensation, Step, StepOptions, StepRetry } from './engine/verbs.js';
export {
  type CategoryInfo,
  ERROR_CATEGORIES,
  ErrorCategory,
  isErrorCategory,
  type Severity,
} from './error-category.js';
export { ERROR_CODES, type ErrorCode, OrchestrationError, type OrchestrationErrorInit } from './errors.js';
export type { EventBus, Unsubscribe } from './events/event-bus.js';
export type {
  CallIds,
  HostState,
  LifecyclePhase,
  OrchestrationEvent,
  OrchestrationEvents,
  OrchestrationEventType,
  OrchestratorState,
} from './events/events.js';
export {
  type AdaptiveFlow,
  type AdaptiveAlternatives,
  type AdaptiveFlowOptions,
  type AdaptiveUnrewarded,
  adaptive,
  type RewardInfo,
  type RewardedResult,
} from './flow/adaptive.js';
export type { AdaptivePolicy, AdaptivePolicyFactory, ArmRecord } from './flow/adaptive-policy.js';
export { epsilonGreedy, type EpsilonGreedyOptions, thompson, ucb1 } from './flow/bandit-policies.js';
export type { ChildReport } from './flow/delegate-node.js';
export type {
  Flow,
  FlowFunction,
  FlowKind,
  FlowPayload,
  FlowStep,
  FlowStepInfo,
  FlowStepOptions,
  FlowValue,
  FlowValues,
  NewName,
  NoSteps,
  WithStep,
} from './flow/flow.js';
export type { SkippedStep } from './flow/flow-outcome.js';
export {
  type DelegateOptions,
  hierarchical,
  type HierarchicalFlow,
  type HierarchicalFlowOptions,
} from './flow/hierarchical.js';
export {
  parallel,
  type ParallelFlow,
  type ParallelFlowMode,
  type ParallelFlowOptions,
  type ParallelOutput,
  type ParallelStepOptions,
} from './flow/parallel.js';
export { sequential, type SequentialFlow } from './flow/sequential.js';
export { getOrchestrationFacade, resetOrchestrationFacade } from './facade/global-facade.js';
export type {
  AttemptEnd,
  AttemptOptions,
  InterceptedCall,
  InterceptedOperation,
  Interceptor,
} from './facade/interceptor.js';
export {
  type FacadeOptions,
  OrchestrationFacade,
  type RegisterOptions,
} from './facade/orchestration-facade.js';
export type { OperationInfo, OrchestratorInfo, QueueInfo, TaskInfo } from './facade/orchestrator-info.js';
export type {
  CallOptions,
  OperationNames,
  OperationPayload,
  OrchestratorClass,
  OrchestratorClient,
  OrchestratorMap,
  OrchestratorRef,
  ParamsOf,
  ResultOf,
} from './facade/references.js';
export type { RunHandle, RunInfo, Runs } from './facade/runs.js';
export type { GraphEdge } from './graph/graph-node.js';
export type { GraphJSON, GraphView, GraphViewNode } from './graph/graph-view.js';
export type { Problem } from './graph/problem.js';
export type { JsonValue } from './json-data.js';
export { DEFAULT_LAYER_RULE, type LayerRule, OrchestrationLayer, OrchestrationType } from './layers.js';
export type { HealthStatus, HostHealth, UnitHealth } from './lifecycle/health.js';
export type { OrchestrationHost } from './lifecycle/host.js';
export type { ShutdownOptions, StartupOptions } from './lifecycle/host-options.js';
export { runHost } from './lifecycle/process-runner.js';
export type { RunHostOptions } from './lifecycle/runner-options.js';
export type { StopReport } from './lifecycle/stop-sequence.js';
export type { StopFailure } from './lifecycle/stop-failure.js';
export {
  type BranchValue,
  OperationContext,
  type ParallelOptions,
  type ParallelResults,
  type ParallelValues,
  type StepValue,
} from './operation-context.js';
export {
  BaseOrchestrator,
  type HealthAnswer,
  type OrchestratorIdentity,
  type OrchestratorProtocol,
} from './orchestrator/base-orchestrator.js';
export {
  background,
  consumes,
  defineOrchestrator,
  operation,
  orchestrator,
  type OrchestratorDeclaration,
} from './orchestrator/decorators.js';
export { type Lazy, lazy } from './orchestrator/lazy.js';
export type {
  BackgroundOptions,
  ConsumesOptions,
  DependencyRef,
  DtoClass,
  OperationOptions,
  OrchestratorOptions,
  QueueOverflow,
  RestartOptions,
  Token,
} from './orchestrator/options.js';
export type { OperationStats } from './orchestrator/orchestrator-unit.js';
export type { SignalQueue } from './queues/signal-queue.js';
export {
  FailedResult,
  type FailureInit,
  OkResult,
  type ResultExtra,
  type ResultHandlers,
  SkippedResult,
  StepFailure,
  StepResult,
  type StepResultJSON,
  UncertainResult,
} from './step-result.js';
export type { ParamsSchema, PropertySchema, Violation } from './validation/index.js';
export type {
  WatchedBatch,
  WatchedCall,
  WatchedOperation,
  WatchedStep,
  WatchedTask,
  Watcher,
  WorkScope,
} from './watching/watcher.js';
export { workScopeOf } from './watching/watchers.js';
export type { LogFields, Logger, LogLevel } from './logging/logger.js';
export { silentLogger } from './logging/logger.js';
export type { ErrorDescription, Sanitizer, SanitizeOptions } from './logging/redact.js';
export { createSanitizer, describeError, sanitize, SanitizeOptionsError } from './logging/redact.js';
export { escapeControls } from './logging/control-characters.js';
