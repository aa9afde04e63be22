import type { AttackFinding } from './detection/field.js';
import type { ThreatLevel } from './threat-book.js';

/** How bad it is. */
export function levelOfFindings(findings: readonly AttackFinding[]): ThreatLevel {
  const families = new Set(findings.map(({ family }) => family));
  if (families.size === 1 && families.has('malformed')) return 'medium';
  return families.has('command_injection') || families.has('sql_injection') ? 'critical' : 'high';
}

/** The first five fields, each with what it has the form of. */
export function describeFindings(findings: readonly AttackFinding[]): string {
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
