export { DEFAULT_TELEMETRY_RULES, TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry-options.js';
export { type TelemetryCycle, TelemetryOrchestrator } from './telemetry-orchestrator.js';
export {
  AddAlertRuleParams,
  DefineMetricParams,
  FinishSpanParams,
  RecordMetricParams,
  SpanLogParams,
  StartSpanParams,
  SummaryParams,
  TelemetryIdParams,
} from './telemetry-params.js';
export type {
  AlertSummary,
  SystemHealth,
  TelemetryDashboard,
  TelemetryHealth,
  TelemetryTrend,
} from './telemetry-report.js';
