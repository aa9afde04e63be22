export type { AuditEvent, AuditLine, AuditVerdict } from './audit/audit-trail.js';
export { detectAttacks } from './detection/detect-attacks.js';
export {
  ATTACK_FAMILIES,
  type AttackFamily,
  type AttackFinding,
  FIELD_KINDS,
  type FieldKind,
  type InspectedField,
} from './detection/field.js';
export {
  ADVISORY_SOURCE,
  type AdvisorySource,
  type InstalledPackage,
  NpmAdvisories,
  type PackageAdvisory,
} from './scan/advisories.js';
export type { ScanFinding, ScanReport } from './scan/finding.js';
export { SecurityError, type SecurityErrorCode } from './security-error.js';
export { SECURITY_OPTIONS, type SecurityOptions } from './security-options.js';
export type { AuthVerdict, RequestVerdict } from './request-desk.js';
export { SecurityOrchestrator } from './security-orchestrator.js';
export {
  AnalyzeRequestParams,
  AuthFailureParams,
  BlockSourceParams,
  ReadAuditParams,
  RecordAuditParams,
  ScanFolderParams,
  SourceParams,
  ThreatParams,
} from './security-params.js';
export type { SecurityReport } from './security-report.js';
export type { SecurityScore } from './security-score.js';
export type { SourceLimits } from './source-watch.js';
export type { SecurityEvent, SecurityThreat, ThreatLevel } from './threat-book.js';
