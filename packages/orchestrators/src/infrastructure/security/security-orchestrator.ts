import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { requireScopes } from '../../required-scopes.js';
import { SHARED_TENANT, stateStoreFor, STATE_STORE, type StateStore } from '../../state/index.js';
import { AuditDesk } from './audit/audit-desk.js';
import { type AuditLine, AuditTrail, type AuditVerdict } from './audit/audit-trail.js';
import { CallGuard } from './call-guard.js';
import { guardCalls } from './guard-calls.js';
import { PerTenant } from './per-tenant.js';
import { type AuthVerdict, RequestDesk, type RequestVerdict } from './request-desk.js';
import { ADVISORY_SOURCE, type AdvisorySource } from './scan/advisories.js';
import type { ScanReport } from './scan/finding.js';
import { ScanDesk } from './scan/scan-desk.js';
import { SecurityError } from './security-error.js';
import {
  SECURITY_OPTIONS,
  type SecurityOptions,
  type SecuritySettings,
  securitySettings,
} from './security-options.js';
import {
  AnalyzeRequestParams,
  AuthFailureParams,
  BlockSourceParams,
  ReadAuditParams,
  RecordAuditParams,
  ScanFolderParams,
  SourceParams,
  ThreatParams,
} from './security-params.js';
import { securityReport, type SecurityReport } from './security-report.js';
import { type SecurityScore, securityScore } from './security-score.js';
import { SourceBlocks } from './source-blocks.js';
import { type SecurityThreat, ThreatBook } from './threat-book.js';
import { ThreatShelf } from './threat-shelf.js';

const MINUTE_MS = 60_000;
/** After it, at the latest, a source that another process has blocked is blocked here. */
const BLOCKS_REFRESH_MS = 10_000;

/**
 * Looks at what is sent for the form of attacks, counts what sources do, and blocks: a request, a source, or, as an
 * interceptor, a call of any orchestrator. Scans folders for secrets and vulnerable dependencies, and keeps an audit trail in
 * which a changed or missing line is found.
 */
@orchestrator('infrastructure', 'monitoring', {
  name: 'security',
  description: 'Detects and blocks attacks, scans folders, and keeps a verifiable audit trail.',
})
export class SecurityOrchestrator extends BaseOrchestrator {
  readonly #settings: SecuritySettings;
  readonly #clock: Clock;
  readonly #store: StateStore;
  readonly #facade: OrchestrationFacade | undefined;
  readonly #sources: SourceBlocks;
  readonly #threats: PerTenant<ThreatBook>;
  readonly #trail: AuditTrail;
  readonly #audit: AuditDesk;
  readonly #requests: RequestDesk;
  readonly #shelf: ThreatShelf;
  readonly #scans: ScanDesk;
  #detach: Unsubscribe | undefined;
  #scopes: Unsubscribe | undefined;

  constructor(
    @inject(SECURITY_OPTIONS) @optional() options: SecurityOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() store?: StateStore,
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
    @inject(ADVISORY_SOURCE) @optional() advisories?: AdvisorySource,
  ) {
    super();
    const settings = securitySettings(options);
    this.#settings = settings;
    this.#clock = clock;
    this.#store = stateStoreFor(store, clock);
    this.#facade = facade;
    const logger = () => this.logger;
    this.#sources = new SourceBlocks(settings, this.#store, logger);
    this.#threats = new PerTenant(() => new ThreatBook(settings.maxThreats, settings.threatTtlMs));
    this.#trail = new AuditTrail(this.#store, () => clock.now(), settings.auditKey);
    this.#audit = new AuditDesk(this.#trail, logger);
    this.#requests = new RequestDesk(settings, this.#sources, this.#threats, this.#audit, (...what) =>
      this.#block(...what),
    );
    this.#shelf = new ThreatShelf(this.#store, this.#threats, logger);
    this.#scans = new ScanDesk({
      ...{ store: this.#store, clock, advisories, maxFiles: settings.maxScanFiles },
      ...{ threats: this.#threats, audit: this.#audit },
    });
  }

  override async start(): Promise<void> {
    const now = this.#clock.now();
    await this.#sources.load(now);
    await this.#shelf.load(now);
    const facade = this.#facade;
    this.#scopes = requireScopes(this.name, this.#settings.requiredScopes, facade, (problem) => {
      throw new SecurityError('SECURITY_OPTION_INVALID', `SECURITY_OPTIONS: ${problem}`);
    });
    if (this.#settings.enforcement === 'off' || facade === undefined) return;
    const guard = new CallGuard({
      settings: this.#settings,
      clock: this.#clock,
      sources: this.#sources,
      threats: this.#threats,
      audit: this.#audit,
      block: (tenantId, source, at, reason) => this.#block(tenantId, source, at, reason),
    });
    this.#detach = guardCalls(facade, guard, this.#settings.except);
  }

  /** What was noted of calls is written before the end. */
  override async cleanup(): Promise<void> {
    this.#scopes?.();
    this.#detach?.();
    this.#detach = undefined;
    await this.#audit.idle(this.#clock.now());
    await this.#shelf.save();
  }

  override health(): HealthAnswer {
    const details = {
      durable: this.#store.durable,
      enforcement: this.#settings.enforcement,
      unwrittenAuditLines: this.#audit.unwritten,
    };
    return this.#audit.unwritten === 0
      ? { status: 'healthy', details }
      : {
          status: 'degraded',
          message: `${this.#audit.unwritten} lines of the audit trail could not be written. See why the state store fails.`,
          details,
        };
  }

  /** Says whether a request may go on, counts it, and blocks sources that try again and again. */
  @operation({
    default: true,
    params: AnalyzeRequestParams,
    description: 'Says whether a request may go on.',
  })
  analyze_request(
    context: OperationContext,
    params: AnalyzeRequestParams,
  ): Promise<StepResult<RequestVerdict>> {
    return this.#requests.analyse(params, { tenantId: context.tenantId, now: context.now() });
  }

  /** Counts a failed authentication; blocks a source with too many. */
  @operation({ params: AuthFailureParams, description: 'Counts a failed authentication.' })
  async record_auth_failure(
    context: OperationContext,
    { source, user }: AuthFailureParams,
  ): Promise<StepResult<AuthVerdict>> {
    const arrival = { tenantId: context.tenantId, now: context.now() };
    return StepResult.ok(await this.#requests.authFailure(source, user ?? undefined, arrival));
  }

  @operation({ params: BlockSourceParams, description: 'Blocks a source.' })
  async block_source(
    context: OperationContext,
    { source, reason }: BlockSourceParams,
  ): Promise<StepResult<{ readonly source: string; readonly until: number }>> {
    const why = reason ?? 'asked for';
    const until = await this.#block(context.tenantId, source, context.now(), why);
    await this.#audit.write(context.tenantId, {
      actor: context.principal?.id ?? 'unknown',
      action: 'block_source',
      resource: source,
      decision: 'block',
      reason: why,
    });
    return StepResult.ok({ source, until });
  }

  @operation({ params: SourceParams, description: 'Lets a blocked source in again.' })
  async unblock_source(
    context: OperationContext,
    { source }: SourceParams,
  ): Promise<StepResult<{ readonly source: string }>> {
    if (!(await this.#sources.unblock(context.tenantId, source, context.now()))) {
      return StepResult.fail(`"${source}" is not blocked.`, {
        errorCategory: 'not_found',
        details: { code: 'SECURITY_SOURCE_NOT_BLOCKED' },
      });
    }
    await this.#audit.write(context.tenantId, {
      actor: context.principal?.id ?? 'unknown',
      action: 'unblock_source',
      resource: source,
      decision: 'allow',
      reason: 'asked for',
    });
    return StepResult.ok({ source });
  }

  /** Looks for secrets, dangerous code and vulnerable dependencies in a folder of this machine. */
  @operation({
    params: ScanFolderParams,
    description: 'Scans a folder for secrets and vulnerable dependencies.',
  })
  scan_folder(context: OperationContext, { folder }: ScanFolderParams): Promise<StepResult<ScanReport>> {
    return this.#scans.scan(context, folder);
  }

  @operation({ description: 'Gives the threats that have not expired, the newest first.' })
  get_threats(context: OperationContext): readonly SecurityThreat[] {
    return this.#threats.of(context.tenantId).current(context.now());
  }

  /** Tenants with open threats of high or critical level. Only the system itself is told, as the shared tenant. */
  @operation({ description: 'Tells the system itself which tenants have severe threats.' })
  get_threatened_tenants(context: OperationContext): StepResult<readonly string[]> {
    if (context.tenantId !== SHARED_TENANT) {
      return StepResult.fail(
        `Which tenants have threats is told to "${SHARED_TENANT}" alone. get_threats shows your own.`,
        { errorCategory: 'authorization', details: { code: 'SECURITY_SHARED_ONLY' } },
      );
    }
    const now = context.now();
    const threatened = [...this.#threats.entries()].filter(([, book]) => book.hasSevere(now));
    return StepResult.ok(threatened.map(([tenantId]) => tenantId));
  }

  @operation({ params: ThreatParams, description: 'Marks a threat as dealt with.' })
  async resolve_threat(context: OperationContext, { id }: ThreatParams): Promise<StepResult<SecurityThreat>> {
    const threat = this.#threats.of(context.tenantId).resolve(id);
    if (threat === undefined) {
      return StepResult.fail(`There is no threat "${id}". get_threats shows those there are.`, {
        errorCategory: 'not_found',
        details: { code: 'SECURITY_THREAT_UNKNOWN' },
      });
    }
    await this.#audit.write(context.tenantId, {
      actor: context.principal?.id ?? 'unknown',
      action: 'resolve_threat',
      resource: id,
      decision: 'allow',
      reason: threat.description,
    });
    return StepResult.ok(threat);
  }

  @operation({ description: 'Gives the score, 0 to 100.' })
  async get_security_score(context: OperationContext): Promise<SecurityScore> {
    return securityScore(this.get_threats(context), await this.#scans.latest(context.tenantId));
  }

  @operation({ description: 'Gives threats, findings, score and what to do.' })
  async get_security_report(context: OperationContext): Promise<SecurityReport> {
    const threats = this.get_threats(context);
    const { tenantId } = context;
    const blocked = this.#sources.of(tenantId).blocked(context.now()).length;
    return securityReport(
      threats,
      await this.#scans.latest(tenantId),
      this.#threats.of(tenantId).counts,
      blocked,
    );
  }

  @operation({ params: RecordAuditParams, description: 'Appends a line to the audit trail.' })
  record_audit(context: OperationContext, params: RecordAuditParams): Promise<AuditLine> {
    const { actor, action, resource, decision, reason, severity } = params;
    const line = { actor, action, resource, decision, reason };
    return this.#trail.append(context.tenantId, severity == null ? line : { ...line, severity });
  }

  @operation({ params: ReadAuditParams, description: 'Reads the audit trail.' })
  read_audit(context: OperationContext, { after, limit }: ReadAuditParams): Promise<readonly AuditLine[]> {
    return this.#trail.read(context.tenantId, after ?? 0, limit ?? 100);
  }

  @operation({ description: 'Says whether the audit trail is as it was written.' })
  verify_audit(context: OperationContext): Promise<AuditVerdict> {
    return this.#trail.verify(context.tenantId);
  }

  /** Sums up in the audit trail what goes on, and keeps the threats. */
  @background({ everyMs: MINUTE_MS, initialDelayMs: MINUTE_MS, jitterRatio: 0 })
  async sum_up(): Promise<void> {
    await this.#audit.sumUp(this.#clock.now());
    await this.#shelf.save();
  }

  /** Takes over what other processes that share the store have blocked and let in again. No call waits for it. */
  @background({ everyMs: BLOCKS_REFRESH_MS, initialDelayMs: BLOCKS_REFRESH_MS, jitterRatio: 0 })
  async refresh_blocks(signal: AbortSignal): Promise<void> {
    await this.#sources.refresh(this.#clock.now(), signal);
  }

  /** Forgets blocks that are over. */
  @background({ everyMs: 10 * MINUTE_MS, initialDelayMs: 10 * MINUTE_MS })
  async tidy(signal: AbortSignal): Promise<void> {
    await this.#sources.tidy(this.#clock.now(), signal);
  }

  /** Until when it is blocked; what is open of it is dealt with. */
  #block(tenantId: string, source: string, now: number, reason: string): Promise<number> {
    this.#threats.of(tenantId).blockedSource(source);
    return this.#sources.block(tenantId, source, now, reason);
  }
}
