export { ITEM_STATUSES, type ItemStatus, type MonitoredItem } from './monitored-item.js';
export type { MonitoredSource, RememberedError, SourceCounts } from './monitored-source.js';
export type { SourceCheckReport } from './monitoring-engine.js';
export { MONITORING_CODES, MonitoringError, type MonitoringErrorCode } from './monitoring-error.js';
export { MONITORING_OPTIONS, type MonitoringOptions } from './monitoring-options.js';
export {
  AddSourceParams,
  ListItemsParams,
  SourceRefParams,
  UpdateScheduleParams,
} from './monitoring-params.js';
export type { MonitoringStatus, NextCheck, SourceStatus } from './monitoring-status.js';
export { RealTimeMonitoringOrchestrator } from './real-time-monitoring-orchestrator.js';
export { type MonitoredPlatform, SCHEDULE_PRESETS, type SchedulePreset } from './schedule-presets.js';
export {
  type FoundItem,
  SOURCE_ADAPTERS,
  type SourceAdapter,
  type SourceFindings,
  type SourceLook,
} from './source-adapter.js';
