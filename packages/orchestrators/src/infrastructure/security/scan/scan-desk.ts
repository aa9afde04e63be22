import { type Clock, type OperationContext, StepResult } from '@kapelle/core';
import type { StateStore } from '../../../state/index.js';
import type { AuditDesk } from '../audit/audit-desk.js';
import type { PerTenant } from '../per-tenant.js';
import { SecurityError } from '../security-error.js';
import type { ThreatBook } from '../threat-book.js';
import type { AdvisorySource } from './advisories.js';
import type { ScanReport } from './finding.js';
import { scanFolder } from './scan-folder.js';
import { scanThreat } from './scan-threat.js';

/** What the desk works with. */
export interface ScanParts {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly advisories: AdvisorySource | undefined;
  /** Files of a scan. */
  readonly maxFiles: number;
  readonly threats: PerTenant<ThreatBook>;
  readonly audit: AuditDesk;
}

const SCANS = 'security.scans';
const SCAN = 'latest';
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** Scans folders, keeps the last report of each tenant, and says so in its threats and its trail. */
export class ScanDesk {
  readonly #parts: ScanParts;

  constructor(parts: ScanParts) {
    this.#parts = parts;
  }

  async scan(context: OperationContext, folder: string): Promise<StepResult<ScanReport>> {
    const { maxFiles, advisories, clock, store } = this.#parts;
    try {
      const report = await context.step('scan', ({ signal }) =>
        scanFolder(folder, { maxFiles, maxFileBytes: MAX_FILE_BYTES, advisories, clock, signal }),
      );
      await store.put({ tenantId: context.tenantId, collection: SCANS, key: SCAN }, report);
      await this.#note(context, report);
      return StepResult.ok(report);
    } catch (thrown) {
      const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
      if (!(cause instanceof SecurityError)) throw thrown;
      return StepResult.fail(cause.message, {
        errorCategory: 'filesystem_error',
        details: { code: cause.code },
      });
    }
  }

  /** The report of the last scan. */
  async latest(tenantId: string): Promise<ScanReport | undefined> {
    return (await this.#parts.store.get<ScanReport>({ tenantId, collection: SCANS, key: SCAN }))?.value;
  }

  async #note({ tenantId, principal }: OperationContext, report: ScanReport): Promise<void> {
    const threats = this.#parts.threats.of(tenantId);
    const threat = scanThreat(report, tenantId, report.at);
    threats.forgetVulnerabilities();
    if (threat !== undefined) threats.note(threat);
    await this.#parts.audit.write(tenantId, {
      actor: principal?.id ?? 'unknown',
      action: 'scan_folder',
      resource: report.folder.slice(-500),
      decision: threat === undefined ? 'allow' : 'alert',
      reason: threat?.description ?? `${report.findings.length} findings, none of high level.`,
      ...(threat === undefined ? {} : { severity: threat.level }),
    });
  }
}
