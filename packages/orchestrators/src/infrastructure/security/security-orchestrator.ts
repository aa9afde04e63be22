import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  type InterceptedCall,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { MemoryStateStore, SHARED_TENANT, STATE_STORE, type StateStore } from '../../state/index.js';
import { type AuditEvent, type AuditLine, AuditTrail, type AuditVerdict } from './audit/audit-trail.js';
import { detectAttacks } from './detection/detect-attacks.js';
import { type AttackFinding, FIELD_KINDS, type FieldKind, type InspectedField } from './detection/field.js';
import { fieldsOf } from './params-fields.js';
import { ADVISORY_SOURCE, type AdvisorySource } from './scan/advisories.js';
import type { ScanReport } from './scan/finding.js';
import { scanFolder } from './scan/scan-folder.js';
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
import { SourceWatch } from './source-watch.js';
import { type SecurityThreat, ThreatBook, type ThreatLevel } from './threat-book.js';

/** What is to be done with a request. */
export interface RequestVerdict {
  readonly decision: 'allow' | 'block';
  readonly reasons: readonly string[];
  readonly findings: readonly AttackFinding[];
  readonly threats: readonly SecurityThreat[];
  readonly retryAfterMs?: number;
}

const BLOCKS = 'security.blocked_sources';
const SCANS = 'security.scans';
const SCAN = 'latest';
const MINUTE_MS = 60_000;
const MAX_FILE_BYTES = 2 * 1024 * 1024;

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
  readonly #advisories: AdvisorySource | undefined;
  readonly #sources: SourceWatch;
  readonly #threats: ThreatBook;
  readonly #audit: AuditTrail;
  readonly #injections = new Map<string, number[]>();
  #detach: Unsubscribe | undefined;
  #unwritten = 0;

  constructor(
    @inject(SECURITY_OPTIONS) @optional() options: SecurityOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() store?: StateStore,
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
    @inject(ADVISORY_SOURCE) @optional() advisories?: AdvisorySource,
  ) {
    super();
    this.#settings = securitySettings(options);
    this.#clock = clock;
    this.#store = store ?? new MemoryStateStore(clock);
    this.#facade = facade;
    this.#advisories = advisories;
    this.#sources = new SourceWatch(this.#settings);
    this.#threats = new ThreatBook(this.#settings.maxThreats, this.#settings.threatTtlMs);
    this.#audit = new AuditTrail(this.#store, () => clock.now(), this.#settings.auditKey);
  }

  override async start(): Promise<void> {
    const now = this.#clock.now();
    const blocked = await this.#store.list<{ until: number; reason: string }>({
      tenantId: SHARED_TENANT,
      collection: BLOCKS,
    });
    for (const { key, value } of blocked) {
      if (value.until > now) this.#sources.restore(key, value.until, value.reason);
    }
    if (this.#settings.enforcement === 'off') return;
    this.#detach = this.#facade?.use({
      name: 'security',
      order: -800,
      before: (call) => this.#inspect(call),
      appliesTo: ({ orchestrator: name }) => !this.#settings.except.includes(name),
    });
  }

  override cleanup(): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  override health(): HealthAnswer {
    const details = {
      durable: this.#store.durable,
      enforcement: this.#settings.enforcement,
      unwrittenAuditLines: this.#unwritten,
    };
    return this.#unwritten === 0
      ? { status: 'healthy', details }
      : {
          status: 'degraded',
          message: `${this.#unwritten} lines of the audit trail could not be written. See why the state store fails.`,
          details,
        };
  }

  /** Says whether a request may go on, counts it, and blocks sources that try again and again. */
  @operation({
    default: true,
    params: AnalyzeRequestParams,
    description: 'Says whether a request may go on.',
  })
  async analyze_request(
    context: OperationContext,
    params: AnalyzeRequestParams,
  ): Promise<StepResult<RequestVerdict>> {
    const fields = readFields(params.fields);
    if (typeof fields === 'string') {
      return StepResult.fail(fields, {
        errorCategory: 'validation',
        details: { code: 'SECURITY_FIELDS_INVALID' },
      });
    }
    const { tenantId } = context;
    const { source, bytes = 0 } = params;
    const now = context.now();
    const threats: SecurityThreat[] = [];
    const reasons: string[] = [];
    let retryAfterMs: number | undefined;
    const threat = (
      of: Pick<SecurityThreat, 'type' | 'level' | 'description'> & Partial<SecurityThreat>,
    ): void => {
      threats.push(
        this.#threats.note({
          findings: [],
          ...(source === undefined ? {} : { source }),
          tenantId,
          at: now,
          ...of,
        }),
      );
      reasons.push(of.description);
    };
    const blocked = source === undefined ? undefined : this.#sources.isBlocked(source, now);
    if (blocked?.isBlocked === true) {
      reasons.push(`The source is blocked: ${blocked.reason ?? ''}.`);
      retryAfterMs = (blocked.until ?? now) - now;
    } else {
      const rate = source === undefined ? undefined : this.#sources.request(source, now);
      if (rate?.isTooMany === true) {
        retryAfterMs = rate.retryAfterMs;
        threat({
          type: 'rate_limit_exceeded',
          level: 'medium',
          description: `More than ${this.#settings.requestsPerMinute} requests within a minute.`,
          mitigation: 'rate_limited',
        });
      }
      if (bytes > this.#settings.maxRequestBytes) {
        threat({
          type: 'data_exfiltration',
          level: 'medium',
          description: `${bytes} bytes in one request, ${this.#settings.maxRequestBytes} at most.`,
          mitigation: 'blocked_request',
        });
      }
    }
    const findings = fields.flatMap(detectAttacks);
    const attacks = findings.filter(({ family }) => family !== 'malformed');
    if (attacks.length > 0) {
      threat({
        type: 'injection_attempt',
        level: levelOf(attacks),
        description: describe(attacks),
        findings: attacks,
        mitigation: 'blocked_request',
      });
      if (source !== undefined && this.#isRepeated(source, now)) {
        await this.#block(source, now, 'repeated injection attempts');
        reasons.push('The source is blocked from now on.');
      }
    } else if (findings.length > 0) {
      threat({
        type: 'suspicious_activity',
        level: 'medium',
        description: describe(findings),
        findings,
        mitigation: 'blocked_request',
      });
    }
    const decision = reasons.length === 0 ? 'allow' : 'block';
    if (decision === 'block') {
      await this.#write(tenantId, {
        actor: source ?? 'unknown',
        action: 'request',
        resource:
          fields
            .map(({ name }) => name)
            .join(', ')
            .slice(0, 200) || 'request',
        decision,
        reason: reasons.join(' ').slice(0, 1_000),
        severity: threats.some(({ level }) => level === 'high' || level === 'critical') ? 'high' : 'medium',
      });
    }
    return StepResult.ok({
      decision,
      reasons,
      findings,
      threats,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** Counts a failed authentication; blocks a source with too many. */
  @operation({ params: AuthFailureParams, description: 'Counts a failed authentication.' })
  async record_auth_failure(
    context: OperationContext,
    { source, user }: AuthFailureParams,
  ): Promise<StepResult<{ readonly isBlocked: boolean; readonly until?: number }>> {
    const now = context.now();
    const isBlocked = this.#sources.authFailure(source, now);
    if (isBlocked) await this.#block(source, now, 'too many failed authentications');
    this.#threats.note({
      type: 'auth_failure',
      level: isBlocked ? 'high' : 'low',
      description: isBlocked ? 'Too many failed authentications.' : 'A failed authentication.',
      source,
      tenantId: context.tenantId,
      at: now,
      findings: [],
      ...(isBlocked ? { mitigation: 'blocked_source' as const } : {}),
    });
    await this.#write(context.tenantId, {
      actor: user ?? source,
      action: 'authenticate',
      resource: source,
      decision: isBlocked ? 'block' : 'monitor',
      reason: isBlocked ? 'too many failed authentications' : 'the authentication failed',
      severity: isBlocked ? 'high' : 'low',
    });
    const { until } = this.#sources.isBlocked(source, now);
    return StepResult.ok({ isBlocked, ...(until === undefined ? {} : { until }) });
  }

  @operation({ params: BlockSourceParams, description: 'Blocks a source.' })
  async block_source(
    context: OperationContext,
    { source, reason = 'asked for' }: BlockSourceParams,
  ): Promise<StepResult<{ readonly source: string; readonly until: number }>> {
    const until = await this.#block(source, context.now(), reason);
    await this.#write(context.tenantId, {
      actor: context.principal?.id ?? 'unknown',
      action: 'block_source',
      resource: source,
      decision: 'block',
      reason,
    });
    return StepResult.ok({ source, until });
  }

  @operation({ params: SourceParams, description: 'Lets a blocked source in again.' })
  async unblock_source(
    context: OperationContext,
    { source }: SourceParams,
  ): Promise<StepResult<{ readonly source: string }>> {
    if (!this.#sources.unblock(source, context.now())) {
      return StepResult.fail(`"${source}" is not blocked.`, {
        errorCategory: 'not_found',
        details: { code: 'SECURITY_SOURCE_NOT_BLOCKED' },
      });
    }
    this.#injections.delete(source);
    await this.#store.delete({ tenantId: SHARED_TENANT, collection: BLOCKS, key: source });
    await this.#write(context.tenantId, {
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
  async scan_folder(
    context: OperationContext,
    { folder }: ScanFolderParams,
  ): Promise<StepResult<ScanReport>> {
    try {
      const report = await context.step('scan', ({ signal }) =>
        scanFolder(folder, {
          maxFiles: this.#settings.maxScanFiles,
          maxFileBytes: MAX_FILE_BYTES,
          advisories: this.#advisories,
          now: () => context.now(),
          signal,
        }),
      );
      await this.#store.put({ tenantId: context.tenantId, collection: SCANS, key: SCAN }, report);
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

  @operation({ description: 'Gives the threats that have not expired, the newest first.' })
  get_threats(context: OperationContext): readonly SecurityThreat[] {
    return this.#threats.current(context.tenantId, context.now());
  }

  @operation({ params: ThreatParams, description: 'Marks a threat as dealt with.' })
  async resolve_threat(context: OperationContext, { id }: ThreatParams): Promise<StepResult<SecurityThreat>> {
    const threat = this.#threats.resolve(context.tenantId, id);
    if (threat === undefined) {
      return StepResult.fail(`There is no threat "${id}". get_threats shows those there are.`, {
        errorCategory: 'not_found',
        details: { code: 'SECURITY_THREAT_UNKNOWN' },
      });
    }
    await this.#write(context.tenantId, {
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
    return securityScore(this.get_threats(context), await this.#scan(context.tenantId));
  }

  @operation({ description: 'Gives threats, findings, score and what to do.' })
  async get_security_report(context: OperationContext): Promise<SecurityReport> {
    const threats = this.get_threats(context);
    const blocked = this.#sources.blocked(context.now()).length;
    return securityReport(threats, await this.#scan(context.tenantId), this.#threats.counts, blocked);
  }

  @operation({ params: RecordAuditParams, description: 'Appends a line to the audit trail.' })
  record_audit(context: OperationContext, params: RecordAuditParams): Promise<AuditLine> {
    const { actor, action, resource, decision, reason } = params;
    return this.#audit.append(context.tenantId, { actor, action, resource, decision, reason });
  }

  @operation({ params: ReadAuditParams, description: 'Reads the audit trail.' })
  read_audit(
    context: OperationContext,
    { after = 0, limit = 100 }: ReadAuditParams,
  ): Promise<readonly AuditLine[]> {
    return this.#audit.read(context.tenantId, after, limit);
  }

  @operation({ description: 'Says whether the audit trail is as it was written.' })
  verify_audit(context: OperationContext): Promise<AuditVerdict> {
    return this.#audit.verify(context.tenantId);
  }

  /** Forgets blocks that are over. */
  @background({ everyMs: 10 * MINUTE_MS, initialDelayMs: 10 * MINUTE_MS })
  async tidy(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const of = { tenantId: SHARED_TENANT, collection: BLOCKS };
    for (const { key, value } of await this.#store.list<{ until: number }>(of)) {
      if (signal.aborted) return;
      if (value.until <= now) await this.#store.delete({ ...of, key });
    }
    for (const [source, times] of this.#injections) {
      if ((times.at(-1) ?? 0) <= now - MINUTE_MS) this.#injections.delete(source);
    }
  }

  /** The interceptor: what it returns is the answer of the call. */
  #inspect(call: InterceptedCall): StepResult | undefined {
    const { orchestrator: name, operation: operationName, context, params } = call;
    const kinds = this.#settings.fieldKinds;
    const fields = fieldsOf(
      params,
      (path, field) => kinds[`${name}.${operationName}.${path}`] ?? kinds[path] ?? kinds[field] ?? 'text',
    );
    const findings = fields.flatMap(detectAttacks);
    if (findings.length === 0) return undefined;
    const isBlocked = this.#settings.enforcement === 'block';
    const { tenantId } = context;
    const description = describe(findings);
    const source = context.principal?.id;
    this.#threats.note({
      type: findings.every(({ family }) => family === 'malformed')
        ? 'suspicious_activity'
        : 'injection_attempt',
      level: levelOf(findings),
      description,
      tenantId,
      at: this.#clock.now(),
      findings,
      ...(source === undefined ? {} : { source }),
      ...(isBlocked ? { mitigation: 'blocked_request' as const } : {}),
    });
    void this.#write(tenantId, {
      actor: source ?? 'unknown',
      action: `${name}.${operationName}`,
      resource: [...new Set(findings.map(({ field }) => field))].join(', ').slice(0, 200),
      decision: isBlocked ? 'block' : 'monitor',
      reason: description.slice(0, 1_000),
      severity: 'high',
    });
    if (!isBlocked) return undefined;
    return StepResult.fail(`${name}.${operationName} was refused: ${description}`, {
      errorCategory: 'policy_violation',
      details: {
        code: 'SECURITY_BLOCKED',
        findings: findings.map(({ field, family, signature }) => ({ field, family, signature })),
      },
    });
  }

  #isRepeated(source: string, now: number): boolean {
    const times = (this.#injections.get(source) ?? []).filter((at) => at > now - MINUTE_MS);
    times.push(now);
    this.#injections.delete(source);
    this.#injections.set(source, times);
    if (this.#injections.size > this.#settings.maxSources) {
      const [oldest] = this.#injections.keys();
      this.#injections.delete(oldest as string);
    }
    return times.length >= this.#settings.blockAfterInjections;
  }

  async #block(source: string, now: number, reason: string): Promise<number> {
    const until = this.#sources.block(source, now, reason);
    this.logger.warn('source_blocked', { source, until, reason });
    try {
      await this.#store.put({ tenantId: SHARED_TENANT, collection: BLOCKS, key: source }, { until, reason });
    } catch (thrown) {
      // It is blocked here all the same; only a restart would forget it.
      this.logger.error('source_block_not_stored', { source, error: String(thrown) });
    }
    return until;
  }

  async #scan(tenantId: string): Promise<ScanReport | undefined> {
    return (await this.#store.get<ScanReport>({ tenantId, collection: SCANS, key: SCAN }))?.value;
  }

  /** A trail that cannot be written must not keep anybody from blocking; it is counted, and health says so. */
  async #write(tenantId: string, event: AuditEvent): Promise<void> {
    try {
      await this.#audit.append(tenantId, event);
    } catch (thrown) {
      this.#unwritten += 1;
      this.logger.error('audit_line_not_written', { action: event.action, error: String(thrown) });
    }
  }
}

function readFields(given: readonly unknown[]): readonly InspectedField[] | string {
  const fields: InspectedField[] = [];
  for (const [i, each] of given.entries()) {
    const { name, kind, value } = (typeof each === 'object' && each !== null ? each : {}) as Record<
      string,
      unknown
    >;
    if (typeof name !== 'string' || typeof value !== 'string') {
      return `fields[${i}] has no text as its name and value. Give { name, value } with an optional kind.`;
    }
    if (kind !== undefined && !FIELD_KINDS.includes(kind as FieldKind)) {
      return `fields[${i}].kind is ${JSON.stringify(kind)}. Use one of ${FIELD_KINDS.join(', ')}.`;
    }
    fields.push({
      name: name.slice(0, 200),
      value,
      ...(kind === undefined ? {} : { kind: kind as FieldKind }),
    });
  }
  return fields;
}

function levelOf(findings: readonly AttackFinding[]): ThreatLevel {
  const families = new Set(findings.map(({ family }) => family));
  if (families.size === 1 && families.has('malformed')) return 'medium';
  return families.has('command_injection') || families.has('sql_injection') ? 'critical' : 'high';
}

function describe(findings: readonly AttackFinding[]): string {
  const found = new Map<string, Set<string>>();
  for (const { field, family } of findings) {
    const families = found.get(field);
    if (families === undefined) found.set(field, new Set([family]));
    else families.add(family);
  }
  return `${[...found]
    .slice(0, 5)
    .map(
      ([field, families]) => `"${field}" has the form of ${[...families].join(' and ').replace(/_/g, ' ')}`,
    )
    .join('; ')}.`;
}
