export type { ActionRecord } from './book-draft.js';
export type { LearntAction } from './action-learning.js';
export { AUTOMATION_LEVELS, type AutomationLevel } from './approval.js';
export type { BusinessInsight } from './business-insights.js';
export { type BusinessMetrics, KPI_SOURCES, type KpiReading, type KpiSource } from './business-metrics.js';
export type { OperationalState, OperationsAssessment } from './health-assessment.js';
export type { Gathered, OperationsIntelligence } from './intelligence.js';
export type { OperationsCycle } from './operations-cycle.js';
export { type DriverOutcome, OPERATIONS_DRIVERS, type OperationsDriver } from './operations-driver.js';
export { OperationsError, type OperationsErrorCode } from './operations-error.js';
export { OPERATIONS_OPTIONS, type OperationsOptions } from './operations-options.js';
export type { OptimizationResults } from './optimization.js';
export { ActionParams, AutomationParams, MaintenanceParams } from './operations-params.js';
export {
  DEFAULT_OPERATIONS_RULES,
  type OperationsAction,
  type OperationsDecision,
  type OperationsRule,
  type OperationsView,
  type RiskLevel,
} from './operations-rule.js';
export {
  type OperationsLearning,
  type OperationsStatus,
  ProductionOperationsOrchestrator,
} from './production-operations-orchestrator.js';
