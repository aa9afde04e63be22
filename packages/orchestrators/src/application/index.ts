export { ContentIntakeOrchestrator } from './content-intake/content-intake-orchestrator.js';
export { IntakeParams, MAX_SOURCES } from './content-intake/intake-params.js';
export type {
  IntakeReport,
  SourceBriefed,
  SourceFailed,
  SourceOutcome,
} from './content-intake/intake-report.js';
