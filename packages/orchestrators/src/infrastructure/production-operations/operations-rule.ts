import type { BusinessMetrics } from './business-metrics.js';
import type { OperationsAssessment } from './health-assessment.js';
import type { OperationsIntelligence } from './intelligence.js';

/** What an action may break, from the least to the most. */
export const RISK_LEVELS = ['low', 'medium', 'high'] as const;
export type RiskLevel = (typeof RISK_LEVELS)[number];

/** Something to do: by a driver, or by an operation of another infrastructure orchestrator. */
export interface OperationsAction {
  /** What learning goes by, such as `reset_breaker`. */
  readonly name: string;
  readonly risk: RiskLevel;
  readonly description: string;
  /** An operation, with its params. */
  readonly call?: { readonly orchestrator: string; readonly params: Readonly<Record<string, unknown>> };
  /** A driver of `OPERATIONS_DRIVERS` by its name, and what it is told. */
  readonly driver?: { readonly name: string; readonly params: Readonly<Record<string, unknown>> };
  /** How long it may take, in ms; less than ten minutes where cycles run by themselves. @default actionTimeoutMs */
  readonly timeoutMs?: number;
}

/** What is seen, and what could be done about it. */
export interface OperationsDecision {
  /** The same for the same trouble: an alert, a service, a threat. */
  readonly signature: string;
  readonly rule: string;
  readonly priority: 'low' | 'medium' | 'high' | 'critical';
  /** What was measured, in words. */
  readonly evidence: readonly string[];
  /** What could help, the first where nothing was learnt. */
  readonly actions: readonly OperationsAction[];
}

/** What the rules of a decision look at. */
export interface OperationsView {
  readonly intelligence: OperationsIntelligence;
  readonly assessment: OperationsAssessment;
  readonly business: BusinessMetrics;
}

/** Sees trouble in what was measured. A decision that is not given any more says that the trouble is over. */
export interface OperationsRule {
  readonly name: string;
  /**
   * Whether what it sees belongs to the tenant whose cycle it is: then only that tenant is shown it, and only its cycles say
   * whether it is over. Otherwise it belongs to the system, and everybody who may ask is shown it. @default false
   */
  readonly perTenant?: boolean;
  /** `undefined` where it cannot be told now, because an input is missing: nothing is concluded from that. */
  decide(view: OperationsView): readonly OperationsDecision[] | undefined;
}

/** So many threats of one source are no accident. */
const CERTAIN_THREATS = 5;
const OPEN: ReadonlySet<string> = new Set(['open', 'isolated']);

/**
 * The breaker of a service that is open, or held open by hand, is reset; the sources of open threats of high or critical
 * level are blocked.
 */
export const DEFAULT_OPERATIONS_RULES: readonly OperationsRule[] = [
  {
    name: 'circuit_breaker_open',
    decide: ({ intelligence: { resilience } }) => {
      if (!resilience.known) return undefined;
      const { circuitBreakers, serviceHealth } = resilience.value;
      return Object.entries(circuitBreakers).flatMap(([service, { state, failureRatio }]) => {
        if (!OPEN.has(state)) return [];
        const health = serviceHealth[service];
        return [
          {
            signature: `circuit_breaker_open:${service}`,
            rule: 'circuit_breaker_open',
            priority: 'critical' as const,
            evidence: [
              `The breaker of ${service} is ${state}.`,
              `${Math.round(failureRatio * 100)} % of its calls failed.`,
              ...(health === undefined
                ? []
                : [`${health.errorCount} of the last ${health.totalRequests} calls failed.`]),
            ],
            actions: [
              {
                name: 'reset_breaker',
                // Letting calls through to what fails makes it worse; a breaker probes by itself.
                risk: state === 'isolated' ? ('high' as const) : ('medium' as const),
                description: `Close the breaker of ${service} and forget its window.`,
                call: { orchestrator: 'resilience', params: { operation: 'reset', serviceName: service } },
              },
            ],
          },
        ];
      });
    },
  },
  {
    name: 'security_threat',
    perTenant: true,
    decide: ({ intelligence: { security } }) => {
      if (!security.known) return undefined;
      // Whoever mistypes a password is no threat yet; security itself counts how often he does.
      const severe = security.value.threat_summary.openSources.filter(
        ({ level }) => level === 'high' || level === 'critical',
      );
      return severe.map(({ source, threats, descriptions: evidence }) => ({
        signature: `security_threat:${source}`,
        rule: 'security_threat',
        priority: 'high' as const,
        evidence,
        actions: [
          {
            name: 'block_source',
            // One text that looks like an attack may be none: somebody has to see it before its author is kept out.
            risk: threats >= CERTAIN_THREATS ? ('medium' as const) : ('high' as const),
            description: `Block ${source} for a while.`,
            call: {
              orchestrator: 'security',
              params: {
                operation: 'block_source',
                source,
                reason: (evidence[0] ?? 'open threat').slice(0, 500),
              },
            },
          },
        ],
      }));
    },
  },
];
