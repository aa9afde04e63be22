import type { ScanReport } from './scan/finding.js';
import { type SecurityScore, securityScore } from './security-score.js';
import { type SecurityThreat, THREAT_LEVELS, type ThreatLevel } from './threat-book.js';

/** All that is known of the safety of a tenant. */
export interface SecurityReport {
  readonly security_score: SecurityScore;
  readonly threat_summary: {
    readonly total: number;
    readonly open: number;
    readonly byType: Readonly<Record<string, number>>;
    readonly byLevel: Readonly<Record<string, number>>;
    /** The newest first, five at most. */
    readonly recent: readonly SecurityThreat[];
    /**
     * Where open threats came from, the newest first, a hundred at most, each with how many there were, the worst level of
     * them, and five descriptions at most.
     */
    readonly openSources: readonly {
      readonly source: string;
      readonly threats: number;
      readonly level: ThreatLevel;
      readonly descriptions: readonly string[];
    }[];
  };
  readonly vulnerability_summary: {
    readonly scannedAt?: number;
    readonly total: number;
    readonly byKind: Readonly<Record<string, number>>;
    readonly byLevel: Readonly<Record<string, number>>;
    readonly advisories: ScanReport['advisories'] | 'not_scanned';
  };
  readonly metrics: {
    readonly detected: number;
    readonly mitigated: number;
    /** 0 to 1; absent where nothing was detected. */
    readonly mitigationRatio?: number;
    readonly blockedSources: number;
  };
  readonly recommendations: readonly string[];
}

export function securityReport(
  threats: readonly SecurityThreat[],
  scan: ScanReport | undefined,
  counts: { readonly detected: number; readonly mitigated: number },
  blockedSources: number,
): SecurityReport {
  const score = securityScore(threats, scan);
  const findings = scan?.findings ?? [];
  const ratio = counts.detected === 0 ? undefined : counts.mitigated / counts.detected;
  return {
    security_score: score,
    threat_summary: {
      total: threats.length,
      open: score.openThreats,
      byType: countBy(threats, ({ type }) => type),
      byLevel: countBy(threats, ({ level }) => level),
      recent: threats.slice(0, 5),
      openSources: openSourcesOf(threats),
    },
    vulnerability_summary: {
      ...(scan === undefined ? {} : { scannedAt: scan.at }),
      total: findings.length,
      byKind: countBy(findings, ({ kind }) => kind),
      byLevel: countBy(findings, ({ level }) => level),
      advisories: scan?.advisories ?? 'not_scanned',
    },
    metrics: {
      ...counts,
      ...(ratio === undefined ? {} : { mitigationRatio: ratio }),
      blockedSources,
    },
    recommendations: recommendationsFor(score, threats, scan, ratio),
  };
}

function recommendationsFor(
  { openThreats }: SecurityScore,
  threats: readonly SecurityThreat[],
  scan: ScanReport | undefined,
  ratio: number | undefined,
): readonly string[] {
  const advice: string[] = [];
  if (openThreats > 0) {
    const sources = new Set(
      threats.flatMap(({ source, mitigation }) =>
        source === undefined || mitigation !== undefined ? [] : [source],
      ),
    );
    advice.push(
      `Look at the ${openThreats} open ${openThreats === 1 ? 'threat' : 'threats'}${sources.size === 0 ? '' : ` (from ${[...sources].slice(0, 3).join(', ')})`}; resolve_threat closes one.`,
    );
  }
  if (scan === undefined)
    advice.push('Scan the folder of the program: nothing is known of its secrets and dependencies.');
  else {
    const secrets = scan.findings.filter(({ kind }) => kind === 'secret');
    const [first] = secrets;
    if (first !== undefined) {
      advice.push(`Revoke and remove ${secrets.length} secrets, beginning with ${first.file}:${first.line}.`);
    }
    const vulnerable = scan.findings.filter(({ kind }) => kind === 'dependency');
    if (vulnerable.length > 0)
      advice.push(`Update ${vulnerable.length} vulnerable dependencies: ${vulnerable[0]?.what ?? ''}.`);
    if (scan.advisories !== 'asked') {
      advice.push(
        'Bind ADVISORY_SOURCE, or see why it failed: versions of dependencies were not compared with advisories.',
      );
    }
  }
  if (ratio !== undefined && ratio < 0.9) {
    advice.push(`Only ${Math.round(ratio * 100)} % of threats were dealt with: set enforcement to "block".`);
  }
  return advice;
}

function openSourcesOf(threats: readonly SecurityThreat[]) {
  const sources = new Map<string, { threats: number; level: ThreatLevel; descriptions: string[] }>();
  for (const { source, level, description, mitigation, times = 1 } of threats) {
    if (source === undefined || mitigation !== undefined) continue;
    const known = sources.get(source);
    if (known === undefined) {
      if (sources.size < 100) sources.set(source, { threats: times, level, descriptions: [description] });
      continue;
    }
    known.threats += times;
    if (THREAT_LEVELS.indexOf(level) > THREAT_LEVELS.indexOf(known.level)) known.level = level;
    if (known.descriptions.length < 5) known.descriptions.push(description);
  }
  return [...sources].map(([source, of]) => ({ source, ...of }));
}

function countBy<T>(items: readonly T[], of: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[of(item)] = (counts[of(item)] ?? 0) + 1;
  return counts;
}
