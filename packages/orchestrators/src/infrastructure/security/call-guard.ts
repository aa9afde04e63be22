import { type Clock, type FailedResult, type InterceptedCall, StepResult } from '@kapelle/core';
import type { AuditDesk } from './audit/audit-desk.js';
import { detectInFields } from './detection/detect-in-fields.js';
import { describeFindings, levelOfFindings } from './findings.js';
import { fieldsOf } from './params-fields.js';
import type { PerTenant } from './per-tenant.js';
import type { SecuritySettings } from './security-options.js';
import type { SourceBlocks } from './source-blocks.js';
import type { SourceVerdict } from './source-watch.js';
import type { SecurityEvent, ThreatBook, ThreatLevel } from './threat-book.js';

/** What the guard works with. */
export interface GuardParts {
  readonly settings: SecuritySettings;
  readonly clock: Clock;
  readonly sources: SourceBlocks;
  readonly threats: PerTenant<ThreatBook>;
  readonly audit: AuditDesk;
  /** Blocks a source, and notes that its threats are dealt with. Never rejects. */
  readonly block: (tenantId: string, source: string, now: number, reason: string) => Promise<unknown>;
}

/** What a failure with one of `violationCodes` says of whoever made the call, by its category. */
const OUTCOMES: Readonly<Record<string, { readonly type: SecurityEvent; readonly level: ThreatLevel }>> = {
  authentication: { type: 'auth_failure', level: 'low' },
  authorization: { type: 'authz_violation', level: 'medium' },
  permission_denied: { type: 'authz_violation', level: 'medium' },
  policy_violation: { type: 'policy_violation', level: 'medium' },
  compliance_violation: { type: 'policy_violation', level: 'medium' },
};
/** Findings that a refusal names. */
const MAX_TOLD = 50;

/** Looks at calls: at who makes them and with what params before they are run, and at what was refused to them after. */
export class CallGuard {
  readonly #parts: GuardParts;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** The answer in place of the call; `undefined` where it may be run. */
  before(call: InterceptedCall): StepResult | undefined {
    const { context } = call;
    const now = this.#parts.clock.now();
    const source = sourceOf(call);
    if (source !== undefined) {
      const verdict = this.#parts.sources.isBlocked(context.tenantId, source, now);
      if (verdict.isBlocked) return this.#blocked(call, source, verdict, now);
    }
    return this.#inspect(call, source, now);
  }

  /** Notes what was refused to the caller. What an orchestrator refuses another one reaches the outermost call. */
  after(
    { orchestrator: name, operation: operationName, context }: InterceptedCall,
    result: StepResult,
  ): void {
    if (result.status !== 'failed' || context.parentOrchestrator !== undefined) return;
    const { settings } = this.#parts;
    const outcome = Object.hasOwn(OUTCOMES, result.errorCategory)
      ? OUTCOMES[result.errorCategory]
      : undefined;
    const code = codeOf(result);
    // The category alone says nothing of the caller: it is as well what a server says to a wrong key of this program.
    if (outcome === undefined || code === undefined || !settings.violationCodes.has(code)) return;
    const { tenantId } = context;
    const now = this.#parts.clock.now();
    const source = sourceOf({ context });
    const action = `${name}.${operationName}`;
    const description = `${action} was refused: ${result.errorCategory} (${code}).`;
    this.note(tenantId, { ...outcome, description, source, action }, now);
    if (source === undefined || outcome.type === 'policy_violation') return;
    if (this.#parts.sources.of(tenantId).authFailure(source, now)) {
      this.#block(tenantId, source, now, 'too many refused calls');
    }
  }

  /** Notes something that was refused without an operation, or within one. */
  note(
    tenantId: string,
    noted: {
      readonly type: SecurityEvent;
      readonly level: ThreatLevel;
      readonly description: string;
      readonly source: string | undefined;
      readonly action: string;
    },
    now = this.#parts.clock.now(),
  ): void {
    const { type, level, description, source, action } = noted;
    const from = source === undefined ? {} : { source };
    this.#parts.threats
      .of(tenantId)
      .note({ type, level, description, ...from, tenantId, at: now, findings: [] });
    const line = { actor: source ?? 'unknown', action, resource: type, reason: description, severity: level };
    void this.#parts.audit.writeOften(tenantId, { ...line, decision: 'monitor' }, now);
  }

  #blocked(
    { orchestrator: name, operation: operationName, context }: InterceptedCall,
    source: string,
    { until, reason = '' }: SourceVerdict,
    now: number,
  ): StepResult {
    void this.#parts.audit.writeOften(
      context.tenantId,
      {
        actor: source,
        action: 'call',
        resource: 'blocked_source',
        decision: 'block',
        reason: `The source is blocked: ${reason}.`,
        severity: 'medium',
      },
      now,
    );
    return StepResult.fail(`${name}.${operationName} was refused: ${source} is blocked (${reason}).`, {
      errorCategory: 'policy_violation',
      retryAfterMs: Math.max(0, (until ?? now) - now),
      details: { code: 'SECURITY_SOURCE_BLOCKED', ...(until === undefined ? {} : { until }) },
    });
  }

  #inspect(call: InterceptedCall, source: string | undefined, now: number): StepResult | undefined {
    const { orchestrator: name, operation: operationName, context, params } = call;
    const { settings, threats, audit, sources } = this.#parts;
    const kinds = settings.fieldKinds;
    const fields = fieldsOf(
      params,
      (path, field) =>
        kinds.get(`${name}.${operationName}.${path}`) ?? kinds.get(path) ?? kinds.get(field) ?? 'text',
    );
    const findings = detectInFields(fields);
    if (findings.length === 0) return undefined;
    const isRefused = settings.enforcement === 'block';
    const { tenantId } = context;
    const description = describeFindings(findings);
    const isMalformed = findings.every(({ family }) => family === 'malformed');
    threats.of(tenantId).note({
      type: isMalformed ? 'suspicious_activity' : 'injection_attempt',
      level: levelOfFindings(findings),
      description,
      tenantId,
      at: now,
      findings,
      ...(source === undefined ? {} : { source }),
      ...(isRefused ? { mitigation: 'blocked_request' as const } : {}),
    });
    void audit.writeOften(
      tenantId,
      {
        actor: source ?? 'unknown',
        action: `${name}.${operationName}`,
        resource: [...new Set(findings.map(({ field }) => field))].join(', ').slice(0, 200),
        decision: isRefused ? 'block' : 'monitor',
        reason: description.slice(0, 1_000),
        severity: 'high',
      },
      now,
    );
    if (!isRefused) return undefined;
    if (source !== undefined && !isMalformed && sources.injection(tenantId, source, now)) {
      this.#block(tenantId, source, now, 'repeated injection attempts');
    }
    return StepResult.fail(`${name}.${operationName} was refused: ${description}`, {
      errorCategory: 'policy_violation',
      details: {
        code: 'SECURITY_BLOCKED',
        findings: findings
          .slice(0, MAX_TOLD)
          .map(({ field, family, signature }) => ({ field, family, signature })),
      },
    });
  }

  #block(tenantId: string, source: string, now: number, reason: string): void {
    void this.#parts.block(tenantId, source, now, reason);
    void this.#parts.audit.write(tenantId, {
      actor: 'security',
      action: 'block_source',
      resource: source.slice(0, 500),
      decision: 'block',
      reason,
      severity: 'high',
    });
  }
}

/**
 * Who made a call from outside. What an orchestrator then calls is its own doing: its params may be the text of a page that
 * somebody asked about, and a call that was let in is not cut off half way.
 */
function sourceOf({ context }: Pick<InterceptedCall, 'context'>): string | undefined {
  return context.parentOrchestrator === undefined ? context.principal?.id : undefined;
}

function codeOf(failed: FailedResult): string | undefined {
  try {
    const { code } = (failed.details ?? {}) as { readonly code?: unknown };
    return typeof code === 'string' ? code.slice(0, 100) : undefined;
  } catch {
    // Details may be anything, also something that throws when it is read.
    return undefined;
  }
}
