import type { SecurityThreat } from '../threat-book.js';
import type { ScanReport } from './finding.js';

/** The threat that a scan found, of high or critical level; `undefined` where it found nothing of that kind. */
export function scanThreat(
  { folder, findings }: ScanReport,
  tenantId: string,
  now: number,
): Omit<SecurityThreat, 'id' | 'expiresAt'> | undefined {
  const severe = findings.filter(({ level }) => level === 'high' || level === 'critical');
  if (severe.length === 0) return undefined;
  const kinds = new Map<string, number>();
  for (const { kind } of severe) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const what = [...kinds].map(([kind, count]) => `${count} ${kind.replace(/_/g, ' ')}`).join(', ');
  return {
    type: 'vulnerability_detected',
    level: severe.some(({ level }) => level === 'critical') ? 'critical' : 'high',
    description: `The scan of ${folder.slice(-200)} found ${what}.`,
    tenantId,
    at: now,
    findings: [],
  };
}
