import { StepResult } from '@kapelle/core';
import type { AuditDesk } from './audit/audit-desk.js';
import { detectInFields } from './detection/detect-in-fields.js';
import { type AttackFinding, FIELD_KINDS, type FieldKind, type InspectedField } from './detection/field.js';
import { describeFindings, levelOfFindings } from './findings.js';
import type { PerTenant } from './per-tenant.js';
import type { AnalyzeRequestParams } from './security-params.js';
import type { SecuritySettings } from './security-options.js';
import type { SourceBlocks } from './source-blocks.js';
import type { SourceVerdict } from './source-watch.js';
import type { SecurityThreat, ThreatBook } from './threat-book.js';

/** What is to be done with a request. */
export interface RequestVerdict {
  readonly decision: 'allow' | 'block';
  readonly reasons: readonly string[];
  readonly findings: readonly AttackFinding[];
  readonly threats: readonly SecurityThreat[];
  readonly retryAfterMs?: number;
}

/** What came of a failed authentication. */
export interface AuthVerdict {
  readonly isBlocked: boolean;
  /** Epoch ms. */
  readonly until?: number;
}

/** Findings that are given, of one request. */
const MAX_FINDINGS = 200;

type Noted = Pick<SecurityThreat, 'type' | 'level' | 'description' | 'findings' | 'mitigation'>;

/** Whose request it is, and when. */
interface Arrival {
  readonly tenantId: string;
  /** Epoch ms. */
  readonly now: number;
}

/** Says whether requests may go on, counts them, and blocks sources that try again and again. */
export class RequestDesk {
  readonly #settings: SecuritySettings;
  readonly #sources: SourceBlocks;
  readonly #threats: PerTenant<ThreatBook>;
  readonly #audit: AuditDesk;
  readonly #block: (tenantId: string, source: string, now: number, reason: string) => Promise<unknown>;

  constructor(
    settings: SecuritySettings,
    sources: SourceBlocks,
    threats: PerTenant<ThreatBook>,
    audit: AuditDesk,
    block: (tenantId: string, source: string, now: number, reason: string) => Promise<unknown>,
  ) {
    this.#settings = settings;
    this.#sources = sources;
    this.#threats = threats;
    this.#audit = audit;
    this.#block = block;
  }

  async analyse(params: AnalyzeRequestParams, arrival: Arrival): Promise<StepResult<RequestVerdict>> {
    const fields = readFields(params.fields);
    if (typeof fields === 'string') {
      return StepResult.fail(fields, {
        errorCategory: 'validation',
        details: { code: 'SECURITY_FIELDS_INVALID' },
      });
    }
    const { tenantId, now } = arrival;
    const bytes = params.bytes ?? 0;
    const source = params.source ?? undefined;
    const threats: SecurityThreat[] = [];
    const reasons: string[] = [];
    const blocked = source === undefined ? undefined : this.#sources.isBlocked(tenantId, source, now);
    if (source !== undefined && blocked?.isBlocked === true) return this.#refuse(source, blocked, arrival);
    const retryAfterMs = this.#count(source, bytes, arrival, threats, reasons);
    const findings = detectInFields(fields);
    const attacks = findings.filter(({ family }) => family !== 'malformed');
    if (findings.length > 0) {
      const isAttack = attacks.length > 0;
      const told = isAttack ? attacks : findings;
      const threat = this.#note(arrival, source, {
        type: isAttack ? 'injection_attempt' : 'suspicious_activity',
        level: levelOfFindings(told),
        description: describeFindings(told),
        findings: told,
        mitigation: 'blocked_request',
      });
      threats.push(threat);
      reasons.push(threat.description);
      if (isAttack && source !== undefined && this.#sources.injection(tenantId, source, now)) {
        const reason = 'repeated injection attempts';
        await this.#block(tenantId, source, now, reason);
        reasons.push('The source is blocked from now on.');
        const line = { actor: 'security', action: 'block_source', resource: source, reason } as const;
        await this.#audit.write(tenantId, { ...line, decision: 'block', severity: 'high' });
      }
    }
    const decision = reasons.length === 0 ? 'allow' : 'block';
    if (decision === 'block') {
      const names = fields.map(({ name }) => name).join(', ');
      const isHigh = threats.some(({ level }) => level === 'high' || level === 'critical');
      const line = {
        actor: source ?? 'unknown',
        action: 'request',
        resource: names.slice(0, 200) || 'request',
        decision,
        reason: reasons.join(' ').slice(0, 1_000),
        severity: isHigh ? 'high' : 'medium',
      } as const;
      await this.#audit.writeOften(tenantId, line, now);
    }
    return StepResult.ok({
      decision,
      reasons,
      findings: findings.slice(0, MAX_FINDINGS),
      threats,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** Counts a failed authentication; blocks a source with too many. */
  async authFailure(
    source: string,
    user: string | undefined,
    { tenantId, now }: Arrival,
  ): Promise<AuthVerdict> {
    const isBlocked = this.#sources.of(tenantId).authFailure(source, now);
    if (isBlocked) await this.#block(tenantId, source, now, 'too many failed authentications');
    this.#note({ tenantId, now }, source, {
      type: 'auth_failure',
      level: isBlocked ? 'high' : 'low',
      description: isBlocked ? 'Too many failed authentications.' : 'A failed authentication.',
      findings: [],
      ...(isBlocked ? { mitigation: 'blocked_source' as const } : {}),
    });
    const line = {
      actor: user ?? source,
      action: 'authenticate',
      resource: source,
      decision: isBlocked ? 'block' : 'monitor',
      reason: isBlocked ? 'too many failed authentications' : 'the authentication failed',
      severity: isBlocked ? 'high' : 'low',
    } as const;
    await this.#audit.writeOften(tenantId, line, now);
    const { until } = this.#sources.isBlocked(tenantId, source, now);
    return { isBlocked, ...(until === undefined ? {} : { until }) };
  }

  /** Of a source that is blocked nothing is looked at any more. */
  async #refuse(
    source: string,
    { until, reason = '' }: SourceVerdict,
    { tenantId, now }: Arrival,
  ): Promise<StepResult<RequestVerdict>> {
    const why = `The source is blocked: ${reason}.`;
    const line = { actor: source, action: 'request', resource: 'blocked_source', reason: why } as const;
    await this.#audit.writeOften(tenantId, { ...line, decision: 'block', severity: 'medium' }, now);
    return StepResult.ok({
      decision: 'block',
      reasons: [why],
      findings: [],
      threats: [],
      retryAfterMs: Math.max(0, (until ?? now) - now),
    });
  }

  /** What speaks against a request before anybody reads it; when it may come again, in ms. */
  #count(
    source: string | undefined,
    bytes: number,
    arrival: Arrival,
    threats: SecurityThreat[],
    reasons: string[],
  ): number | undefined {
    const { tenantId, now } = arrival;
    const watch = this.#sources.of(tenantId);
    const { requestsPerMinute, maxRequestBytes } = this.#settings;
    const rate = source === undefined ? undefined : watch.request(source, now);
    const found: Omit<Noted, 'findings'>[] = [];
    if (rate?.isTooMany === true) {
      found.push({
        type: 'rate_limit_exceeded',
        level: 'medium',
        description: `More than ${requestsPerMinute} requests within a minute.`,
        mitigation: 'rate_limited',
      });
    }
    if (bytes > maxRequestBytes) {
      found.push({
        type: 'data_exfiltration',
        level: 'medium',
        description: `${bytes} bytes in one request, ${maxRequestBytes} at most.`,
        mitigation: 'blocked_request',
      });
    }
    for (const each of found) {
      threats.push(this.#note(arrival, source, { ...each, findings: [] }));
      reasons.push(each.description);
    }
    return rate?.isTooMany === true ? rate.retryAfterMs : undefined;
  }

  #note({ tenantId, now }: Arrival, source: string | undefined, noted: Noted): SecurityThreat {
    const from = source === undefined ? {} : { source };
    return this.#threats.of(tenantId).note({ ...noted, ...from, tenantId, at: now });
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
      return `fields[${i}].kind is ${shown(kind)}. Use one of ${FIELD_KINDS.join(', ')}.`;
    }
    fields.push({
      name: name.slice(0, 200),
      value,
      ...(kind === undefined ? {} : { kind: kind as FieldKind }),
    });
  }
  return fields;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 50)) : `a ${typeof value}`;
}
