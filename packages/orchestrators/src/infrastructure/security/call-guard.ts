import { type Clock, type InterceptedCall, StepResult } from '@kapelle/core';
import type { AuditDesk } from './audit/audit-desk.js';
import { detectInFields } from './detection/detect-in-fields.js';
import { describeFindings, levelOfFindings } from './findings.js';
import { fieldsOf } from './params-fields.js';
import type { PerTenant } from './per-tenant.js';
import type { SecuritySettings } from './security-options.js';
import type { ThreatBook } from './threat-book.js';

/** Looks at the params of calls before they are run. */
export class CallGuard {
  readonly #settings: SecuritySettings;
  readonly #clock: Clock;
  readonly #threats: PerTenant<ThreatBook>;
  readonly #audit: AuditDesk;

  constructor(settings: SecuritySettings, clock: Clock, threats: PerTenant<ThreatBook>, audit: AuditDesk) {
    this.#settings = settings;
    this.#clock = clock;
    this.#threats = threats;
    this.#audit = audit;
  }

  /** The answer in place of the call; `undefined` where it may be run. */
  inspect(call: InterceptedCall): StepResult | undefined {
    const { orchestrator: name, operation: operationName, context, params } = call;
    const kinds = this.#settings.fieldKinds;
    const fields = fieldsOf(
      params,
      (path, field) =>
        kinds.get(`${name}.${operationName}.${path}`) ?? kinds.get(path) ?? kinds.get(field) ?? 'text',
    );
    const findings = detectInFields(fields);
    if (findings.length === 0) return undefined;
    const isBlocked = this.#settings.enforcement === 'block';
    const { tenantId } = context;
    const description = describeFindings(findings);
    const source = context.principal?.id;
    const isMalformed = findings.every(({ family }) => family === 'malformed');
    this.#threats.of(tenantId).note({
      type: isMalformed ? 'suspicious_activity' : 'injection_attempt',
      level: levelOfFindings(findings),
      description,
      tenantId,
      at: this.#clock.now(),
      findings,
      ...(source === undefined ? {} : { source }),
      ...(isBlocked ? { mitigation: 'blocked_request' as const } : {}),
    });
    void this.#audit.write(tenantId, {
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
        findings: findings
          .slice(0, MAX_TOLD)
          .map(({ field, family, signature }) => ({ field, family, signature })),
      },
    });
  }
}

/** Findings that a refusal names. */
const MAX_TOLD = 50;
