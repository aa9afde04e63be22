import type { OperationsIntelligence } from './intelligence.js';

/** How the system does, in words. */
export const OPERATIONAL_STATES = [
  'optimal',
  'degraded',
  'critical',
  'recovering',
  'maintenance',
  'unknown',
] as const;
export type OperationalState = (typeof OPERATIONAL_STATES)[number];

/** One part of the assessment, 0 to 100, with what it was made of. */
export interface HealthPart {
  readonly score: number;
  readonly evidence: readonly string[];
}

/** How the system does. */
export interface OperationsAssessment {
  /** The mean of the parts that are known; absent where none is. */
  readonly overall?: number;
  readonly state: Extract<OperationalState, 'optimal' | 'degraded' | 'critical' | 'unknown'>;
  readonly parts: Readonly<
    Partial<Record<'reliability' | 'performance' | 'resilience' | 'security', HealthPart>>
  >;
  /** What nothing is known of, and why. */
  readonly unknown: Readonly<Record<string, string>>;
}

const OPTIMAL_FROM = 90;
const DEGRADED_FROM = 75;
const ALERT_COST = { info: 0, warning: 5, error: 15, critical: 30 } as const;

/**
 * Scores what was gathered. Reliability: telemetry's score of the calls. Performance: 100 less 5, 15 or 30 per alert that fires, by
 * severity. Resilience: 100 less 20 unless services run normally, 10 per open breaker, 5 per unhealthy service. Security:
 * its own score. From 90 on the mean is optimal, as long as no part is below 75; from 75 on degraded.
 */
export function assessHealth(intelligence: OperationsIntelligence): OperationsAssessment {
  const parts: { -readonly [K in keyof OperationsAssessment['parts']]: HealthPart } = {};
  const unknown: Record<string, string> = {};
  const { system, alerts, resilience, security } = intelligence;
  if (!system.known) unknown['reliability'] = system.why;
  else if (system.value.score === undefined) unknown['reliability'] = 'No call was made yet.';
  else parts.reliability = { score: system.value.score, evidence: [`calls: ${system.value.status}`] };

  if (!alerts.known) unknown['performance'] = alerts.why;
  else {
    const firing = alerts.value.active;
    const cost = firing.reduce((sum, { severity }) => sum + (ALERT_COST[severity] ?? 0), 0);
    parts.performance = {
      score: Math.max(0, 100 - cost),
      evidence: firing.map(({ rule, severity }) => `${severity}: ${rule}`),
    };
  }

  if (!resilience.known) unknown['resilience'] = resilience.why;
  else {
    const { degradationMode, circuitBreakers, serviceHealth } = resilience.value;
    const open = Object.entries(circuitBreakers).filter(
      ([, { state }]) => state === 'open' || state === 'isolated',
    );
    const unhealthy = Object.entries(serviceHealth).filter(([, { isHealthy }]) => !isHealthy);
    const score = 100 - (degradationMode === 'normal' ? 0 : 20) - 10 * open.length - 5 * unhealthy.length;
    parts.resilience = {
      score: Math.max(0, score),
      evidence: [
        ...(degradationMode === 'normal' ? [] : [`degradation: ${degradationMode}`]),
        ...open.map(([name, { state }]) => `breaker of ${name}: ${state}`),
        ...unhealthy.map(([name]) => `${name} is unhealthy`),
      ],
    };
  }

  if (!security.known) unknown['security'] = security.why;
  else {
    const { security_score: own } = security.value;
    parts.security = {
      score: own.score,
      evidence: [
        ...(own.openThreats === 0 ? [] : [`${own.openThreats} open threats`]),
        ...(own.findings === 0 ? [] : [`${own.findings} findings of the last scan`]),
      ],
    };
  }

  const scores = Object.values(parts).map(({ score }) => score);
  if (scores.length === 0) return { state: 'unknown', parts, unknown };
  const overall = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  // One part that is bad is not made good by the others.
  const isOptimal = overall >= OPTIMAL_FROM && Math.min(...scores) >= DEGRADED_FROM;
  const state = isOptimal ? 'optimal' : overall >= DEGRADED_FROM ? 'degraded' : 'critical';
  return { overall, state, parts, unknown };
}
