import type { ScanReport } from './scan/finding.js';
import type { SecurityThreat, ThreatLevel } from './threat-book.js';

/** What a threat that nobody has dealt with, or a finding of the last scan, takes from the score. */
const COST: Readonly<Record<ThreatLevel, number>> = { critical: 25, high: 10, medium: 3, low: 1 };

/** Points of a score, and what took the rest. */
export interface SecurityScore {
  /** 0 to 100. */
  readonly score: number;
  readonly openThreats: number;
  readonly findings: number;
  /** Whether a folder was scanned at all: without, nothing is known of secrets and dependencies. */
  readonly isScanned: boolean;
}

/**
 * 100, less 25 for each critical, 10 for each high, 3 for each medium and 1 for each low threat that is open or thing that
 * the last scan found; a kind of finding counts five times at most, and nothing goes below 0.
 */
export function securityScore(
  threats: readonly SecurityThreat[],
  scan: ScanReport | undefined,
): SecurityScore {
  const open = threats.filter(({ mitigation }) => mitigation === undefined);
  let score = 100;
  // What a scan found counts below, finding by finding.
  for (const { type, level } of open) if (type !== 'vulnerability_detected') score -= COST[level];
  const counted = new Map<string, number>();
  for (const { kind, level } of scan?.findings ?? []) {
    const key = `${kind} ${level}`;
    const times = (counted.get(key) ?? 0) + 1;
    counted.set(key, times);
    if (times <= 5) score -= COST[level];
  }
  return {
    score: Math.max(0, score),
    openThreats: open.length,
    findings: scan?.findings.length ?? 0,
    isScanned: scan !== undefined,
  };
}
