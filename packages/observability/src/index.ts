export { createWinstonLogger, type WinstonLoggerOptions } from './create-winston-logger.js';
export { LoggerOptionsError } from './log-level.js';
export type { LoggerStats } from './log-sink.js';
export type { LineStream } from './stream-transport.js';
export type { WinstonLogger } from './winston-logger.js';
export type { Alert, AlertChanges } from './analytics/alert-book.js';
export {
  type AlertRule,
  type AlertSeverity,
  type AlertStatistic,
  DEFAULT_ALERT_RULES,
} from './analytics/alert-rule.js';
export type { AnalysisOptions, MetricAnalysis, QuantileSummary } from './analytics/analysis.js';
export { AnalyticsOptionError } from './analytics/analytics-error.js';
export {
  DEFAULT_HEALTH_WEIGHTS,
  type HealthBand,
  type HealthParts,
  type HealthWeights,
  type MetricHealth,
} from './analytics/analytics-health.js';
export type {
  Anomalies,
  AnomaliesFound,
  Anomaly,
  AnomalyOptions,
  AnomalySeverity,
} from './analytics/anomalies.js';
export { CALL_DURATION, CALL_FAILURES, type FeedOptions } from './analytics/call-feed.js';
export type { Capacity, CapacityFound, CapacityOptions } from './analytics/capacity.js';
export {
  type ChangeOptions,
  type ChangePoint,
  type Changes,
  type ChangesFound,
  CusumDetector,
  type Drift,
  type DriftFound,
  type DriftOptions,
} from './analytics/change-points.js';
export type { EarlyWarning, WarningOptions } from './analytics/early-warnings.js';
export type { Forecast, ForecastMade, ForecastOptions, ForecastPoint } from './analytics/forecast.js';
export type { Metric, MetricAggregate, MetricDefinition, MetricDirection } from './analytics/metric.js';
export type { MetricSeries, MetricTags, Points } from './analytics/metric-series.js';
export {
  type AnalyticsStats,
  type Observation,
  PerformanceAnalytics,
  type PerformanceAnalyticsOptions,
} from './analytics/performance-analytics.js';
export { QuantileSketch } from './analytics/quantile-sketch.js';
export type { RankedSeries, SeriesComparison } from './analytics/rank-series.js';
export type { Recommendation, RecommendationPriority } from './analytics/recommendations.js';
export { type AnalyticsReport, reportToJson } from './analytics/report/report.js';
export { type HtmlReportOptions, reportToHtml } from './analytics/report/report-html.js';
export { reportToMarkdown } from './analytics/report/report-markdown.js';
export type { Trend, TrendFound, TrendOptions } from './analytics/trend.js';
export type { AnalysisWindow, InsufficientData } from './analytics/window.js';
export { createMetrics, type Metrics, type Scrape, type ScrapeFormat } from './metrics/metrics.js';
export { MetricsOptionsError } from './metrics/metrics-error.js';
export {
  METRIC_FAMILIES,
  type MetricFamily,
  type MetricName,
  PROCESS_FAMILIES,
  type ProcessMetricName,
} from './metrics/metric-families.js';
export type { BreakerReading, MetricsOptions } from './metrics/metrics-options.js';
export { openTelemetryTracing, type TracingOptions } from './tracing/open-telemetry-tracing.js';
export { TracingOptionError } from './tracing/tracing-error.js';
export { SpanAttribute } from './tracing/span-attributes.js';
export {
  contextFromHeaders,
  type ContextFromHeadersInit,
  type IncomingHeaders,
  injectHeaders,
  traceLogFields,
} from './tracing/trace-headers.js';
export {
  type DelayHistogram,
  EventLoopSampler,
  type EventLoopSamplerOptions,
  type EventLoopState,
  shedWhenLate,
} from './health/event-loop-sampler.js';
export { HealthOptionError } from './health/health-error.js';
export { healthHandler, type HealthHandlerOptions } from './health/health-handler.js';
export {
  HealthMonitor,
  type HealthMonitorOptions,
  type HealthReport,
  type OrchestratorHealth,
} from './health/health-monitor.js';
export { type BreakerState, type HealthFactors, healthScore } from './health/health-score.js';
export type { LevelRule, LevelScope } from './level-table.js';
export type { SamplingOptions } from './line-sampler.js';
export type { LogFileOptions } from './log-file.js';
export type { DefinedMetric, SeriesStore, TelemetryMetric } from './telemetry/series-store.js';
export type { CompiledRule, TelemetryRule, TelemetrySeverity } from './telemetry/telemetry-rule.js';
export { TELEMETRY_SEVERITIES } from './telemetry/telemetry-rule.js';
export type { TelemetryAlert, TelemetryAlertChanges, TelemetryAlerts } from './telemetry/telemetry-alerts.js';
export { TelemetryError, type TelemetryErrorCode } from './telemetry/telemetry-error.js';
export {
  TELEMETRY_KINDS,
  TELEMETRY_SCOPES,
  type TelemetryKind,
  type TelemetryLabels,
  type TelemetryScope,
  type TelemetrySeries,
} from './telemetry/telemetry-series.js';
export {
  TelemetryStore,
  type TelemetryStoreOptions,
  type TelemetrySummary,
} from './telemetry/telemetry-store.js';
export { type TelemetrySpan, TraceBook, type TraceSummary } from './telemetry/trace-book.js';
export {
  feedTelemetry,
  type FeedTelemetryOptions,
  TELEMETRY_CALL_DURATION,
  TELEMETRY_CALL_FAILURES,
  TELEMETRY_CALLS,
} from './telemetry/feed-telemetry.js';
export { NodeSystemReader, type SystemReader, type SystemReading } from './telemetry/system-reader.js';
