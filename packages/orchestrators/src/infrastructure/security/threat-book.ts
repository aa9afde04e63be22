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
  /** How often the same came of the same source, each within a minute of the time before; left out for once. */
  readonly times?: number;
  /** When it came last, epoch ms; left out for once. */
  readonly lastAt?: number;
}

/** The threats of a tenant as they are kept. */
export interface StoredThreats {
  readonly formatVersion: 1;
  readonly tenantId: string;
  readonly threats: readonly SecurityThreat[];
  readonly detected: number;
  readonly mitigated: number;
}

/** Findings kept of one threat. */
const MAX_FINDINGS = 50;
/** The same again within this time is the same threat. */
const SAME_WITHIN_MS = 60_000;
/** Threats among which the same is sought: the newest. */
const SOUGHT = 50;
const MAX_STORED = 500;
const MAX_STORED_FINDINGS = 5;

/** The threats of a tenant of a while; each expires. */
export class ThreatBook {
  readonly #threats: SecurityThreat[] = [];
  readonly #limit: number;
  readonly #ttlMs: number;
  #detected = 0;
  #mitigated = 0;
  /** Whether it was changed since it was last kept. */
  isChanged = false;

  constructor(limit: number, ttlMs: number) {
    this.#limit = limit;
    this.#ttlMs = ttlMs;
  }

  /** Since the start. */
  get counts(): { readonly detected: number; readonly mitigated: number } {
    return { detected: this.#detected, mitigated: this.#mitigated };
  }

  note(threat: Omit<SecurityThreat, 'id' | 'expiresAt'>): SecurityThreat {
    this.isChanged = true;
    this.#detected += 1;
    if (threat.mitigation !== undefined) this.#mitigated += 1;
    const same = this.#again(threat);
    if (same !== undefined) return same;
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

  /** Whether somebody has to look: one of high or critical level is open. */
  hasSevere(now: number): boolean {
    return this.#threats.some(
      ({ level, mitigation, expiresAt }) =>
        mitigation === undefined && expiresAt > now && (level === 'high' || level === 'critical'),
    );
  }

  /** Notes that the source of threats was blocked: its open ones are dealt with. */
  blockedSource(source: string): void {
    for (const [i, each] of this.#threats.entries()) {
      if (each.source !== source || each.mitigation !== undefined) continue;
      this.isChanged = true;
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
    this.isChanged = true;
    this.#mitigated += 1;
    const resolved: SecurityThreat = { ...found, mitigation: 'resolved_by_hand' };
    this.#threats[at] = resolved;
    return resolved;
  }

  /** Takes away what the last scan had found: the next one says what is still there. */
  forgetVulnerabilities(): void {
    const kept = this.#threats.filter(({ type }) => type !== 'vulnerability_detected');
    if (kept.length === this.#threats.length) return;
    this.isChanged = true;
    this.#threats.splice(0, this.#threats.length, ...kept);
  }

  /** What is to be kept: the newest, each with its first findings. */
  stored(tenantId: string): StoredThreats {
    return {
      formatVersion: 1,
      tenantId,
      threats: this.#threats
        .slice(-MAX_STORED)
        .map((each) => ({ ...each, findings: each.findings.slice(0, MAX_STORED_FINDINGS) })),
      detected: this.#detected,
      mitigated: this.#mitigated,
    };
  }

  /** Puts back what was kept and has not expired. */
  restore({ threats, detected, mitigated }: StoredThreats, now: number): void {
    this.#threats.push(...threats.filter(({ expiresAt }) => expiresAt > now).slice(-this.#limit));
    this.#detected += detected;
    this.#mitigated += mitigated;
  }

  /** The same threat of a moment ago, counted once more. */
  #again(threat: Omit<SecurityThreat, 'id' | 'expiresAt'>): SecurityThreat | undefined {
    const { type, level, description, source, mitigation, at } = threat;
    const from = Math.max(0, this.#threats.length - SOUGHT);
    for (let i = this.#threats.length - 1; i >= from; i -= 1) {
      const each = this.#threats[i] as SecurityThreat;
      const isSame =
        each.type === type &&
        each.level === level &&
        each.description === description &&
        each.source === source &&
        each.mitigation === mitigation;
      if (!isSame) continue;
      if (Math.abs(at - (each.lastAt ?? each.at)) >= SAME_WITHIN_MS) return undefined;
      const again = {
        ...each,
        times: (each.times ?? 1) + 1,
        lastAt: Math.max(at, each.lastAt ?? each.at),
        expiresAt: Math.max(each.expiresAt, at + this.#ttlMs),
      };
      // The last is the one that was seen last: it is forgotten last.
      this.#threats.splice(i, 1);
      this.#threats.push(again);
      return again;
    }
    return undefined;
  }
}
