export {
  DEPLOYMENT_DRIVERS,
  DEPLOYMENT_TRAFFIC,
  type DeploymentDriver,
  type DeploymentGoal,
  type DeploymentRelease,
  type DeploymentTarget,
  type DriverCall,
  type DriverNotes,
  type MeshPolicy,
  type ReleaseGoal,
  type ReleaseStatus,
  type TrafficSource,
} from './deployment-driver.js';
export {
  DEPLOYMENT_CODES,
  DeploymentError,
  type DeploymentErrorCode,
  type DeploymentErrorOptions,
} from './deployment-error.js';
export {
  DEFAULT_GATES,
  type DeploymentGate,
  type DeploymentGateInit,
  GATE_METRICS,
  type GateMetric,
  type GateOutcome,
  type GateVerdict,
} from './deployment-gate.js';
export { DEPLOYMENT_OPTIONS, type DeploymentOptions } from './deployment-options.js';
export { DeploymentOrchestrator } from './deployment-orchestrator.js';
export {
  CancelDeploymentParams,
  DeploymentHistoryParams,
  DeploymentServiceParams,
  DeploymentStatusParams,
  DeployParams,
  RollbackParams,
} from './deployment-params.js';
export { DEPLOYMENT_STRATEGIES, type DeploymentStrategy } from './deployment-plan.js';
export {
  DEPLOYMENT_PHASES,
  DEPLOYMENT_STATUSES,
  type DeploymentFault,
  type DeploymentOrder,
  type DeploymentPhase,
  type DeploymentRecord,
  type DeploymentStatus,
  type LiveRelease,
  type PhaseRecord,
  type RollbackRecord,
  type StepRecord,
} from './deployment-record.js';
export {
  type KubernetesClient,
  type KubernetesKind,
  type KubernetesObject,
  type KubernetesRef,
  KubernetesRestClient,
  type KubernetesRestClientOptions,
} from './kubernetes/kubernetes-client.js';
export { KubernetesDriver, type KubernetesDriverOptions } from './kubernetes/kubernetes-driver.js';
export type { KubernetesWorkload } from './kubernetes/manifests.js';
export { LATENCY_BOUNDS_MS, type LatencyBuckets } from './latency-histogram.js';
export { ProcessGroupDriver, type ProcessGroupDriverOptions } from './process/process-group-driver.js';
export type { ProcessLaunch, ProcessLauncher } from './process/process-launch.js';
export { TrafficCounter, type TrafficCounters, type TrafficFigures, type TrafficOutcome } from './traffic.js';
export type { DeploymentServiceStatus } from './service-status.js';
