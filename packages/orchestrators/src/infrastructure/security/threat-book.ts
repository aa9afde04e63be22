import type { AttackFinding } from './detection/field.js';

/** How bad a threat is, from the least to the worst. */
export const THREAT_LEVELS = ['low', 'medium', 'high', 'critical'] as const;
export type ThreatLevel = (typeof THREAT_LEVELS)[number];

/** What a threat is about. */
export const SECURITY_EVENTS = [
  'auth_failure',
  'authz_violation',
  'rate_limit_exceeded',
  'suspicious_activity',
  'vulnerability_detected',
  'policy_violation',
  'data_exfiltration',
  'injection_attempt',
] as const;
export type SecurityEvent = (typeof SECURITY_EVENTS)[number];

/** Something that threatens, and what was done about it. */
export interface SecurityThreat {
  readonly id: string;
  readonly type: SecurityEvent;
  readonly level: ThreatLevel;
  readonly description: string;
  /** Where it came from: an address, a user. */
  readonly source?: string;
  readonly tenantId: string;
  /** Epoch ms. */
  readonly at: number;
  /** When it does not count any more. */
  readonly expiresAt: number;
  readonly findings: readonly AttackFinding[];
  readonly mitigation?: 'blocked_request' | 'blocked_source' | 'rate_limited' | 'resolved_by_hand';
}

/** Findings kept of one threat. */
const MAX_FINDINGS = 50;

/** The threats of a tenant of a while; each expires. */
export class ThreatBook {
  readonly #threats: SecurityThreat[] = [];
  readonly #limit: number;
  readonly #ttlMs: number;
  #detected = 0;
  #mitigated = 0;

  constructor(limit: number, ttlMs: number) {
    this.#limit = limit;
    this.#ttlMs = ttlMs;
  }

  /** Since the start. */
  get counts(): { readonly detected: number; readonly mitigated: number } {
    return { detected: this.#detected, mitigated: this.#mitigated };
  }

  note(threat: Omit<SecurityThreat, 'id' | 'expiresAt'>): SecurityThreat {
    this.#detected += 1;
    if (threat.mitigation !== undefined) this.#mitigated += 1;
    const noted = {
      ...threat,
      findings: threat.findings.slice(0, MAX_FINDINGS),
      id: `threat-${threat.at}-${this.#detected}`,
      expiresAt: threat.at + this.#ttlMs,
    };
    this.#threats.push(noted);
    if (this.#threats.length > this.#limit) this.#threats.shift();
    return noted;
  }

  /** Those that have not expired, the newest first. */
  current(now: number): readonly SecurityThreat[] {
    return this.#threats.filter((each) => each.expiresAt > now).reverse();
  }

  /** Notes that the source of threats was blocked: its open ones are dealt with. */
  blockedSource(source: string): void {
    for (const [i, each] of this.#threats.entries()) {
      if (each.source !== source || each.mitigation !== undefined) continue;
      this.#mitigated += 1;
      this.#threats[i] = { ...each, mitigation: 'blocked_source' };
    }
  }

  /** Marks a threat as dealt with; `undefined` where there is none of this id. */
  resolve(id: string): SecurityThreat | undefined {
    const at = this.#threats.findIndex((each) => each.id === id);
    const found = this.#threats[at];
    if (found === undefined) return undefined;
    if (found.mitigation !== undefined) return found;
    this.#mitigated += 1;
    const resolved: SecurityThreat = { ...found, mitigation: 'resolved_by_hand' };
    this.#threats[at] = resolved;
    return resolved;
  }
}
