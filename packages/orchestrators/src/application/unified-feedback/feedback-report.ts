import type { SignalQueue } from '@kapelle/core';
import type { FeedbackDesk } from './feedback-desk.js';
import type { ComponentState } from './component-track.js';
import type { FeedbackPortName } from './feedback-ports.js';
import { FEEDBACK_COMPONENTS, type FeedbackComponent, type FeedbackSource } from './feedback-signal.js';
import type { FeedbackRecommendation } from './learning/learner.js';
import type { ShadowReport } from './learning/shadow-comparison.js';
import type { FeedbackPortReport } from './port-desk.js';
import type { TenantFeedback } from './tenant-feedback.js';

/** What became of a signal. */
export interface SubmittedFeedback {
  readonly signalId: string;
  readonly componentType: FeedbackComponent;
  readonly componentId: string;
  readonly reward: number;
  /** Whether its component is on probation, so that it is a probe. */
  readonly probe: boolean;
  /** Signals that wait in its queue now. */
  readonly queueDepth: number;
}

/** What became of several. */
export interface SubmittedFeedbacks {
  readonly accepted: number;
  readonly skipped: number;
  /** The components whose signals were skipped because they are disabled, as `tool:search`. */
  readonly disabledComponents: readonly string[];
}

/** What `recommend` gives. */
export interface RecommendedComponent extends FeedbackRecommendation {
  /** Who chose. */
  readonly learner: 'port' | 'built_in';
}

/** What `get_metrics` gives: of the tenant of the call, but for queues and ports, which all share. */
export interface FeedbackMetrics {
  readonly running: boolean;
  /** Since the start of the orchestrator. */
  readonly uptimeMs: number;
  /** Signals that went into a queue. */
  readonly signalsAccepted: number;
  /** Signals that were learnt. */
  readonly signalsProcessed: number;
  readonly signalsSkipped: number;
  /** Not taken because the tenant held its share of a queue that was nearly full, since it was read. */
  readonly signalsRefused: number;
  /** Of the accepted ones. */
  readonly signalsBySource: Readonly<Record<FeedbackSource, number>>;
  readonly signalsByComponent: Readonly<Record<FeedbackComponent, number>>;
  readonly consolidationsTriggered: number;
  readonly healthChecksPerformed: number;
  /** Epoch milliseconds; null where there was none. */
  readonly lastConsolidation: number | null;
  readonly queues: Readonly<
    Record<FeedbackComponent, Pick<SignalQueue<unknown>, 'depth' | 'capacity' | 'dropped' | 'refused'>>
  >;
  /** As `tool:search`. */
  readonly disabledComponents: readonly string[];
  /** Exponential averages of the rewards, by type and id. */
  readonly averages: Readonly<Record<FeedbackComponent, Readonly<Record<string, number>>>>;
  readonly shadows: readonly ShadowReport[];
  readonly ports: Readonly<Record<FeedbackPortName, FeedbackPortReport>>;
  /** Records that another process had written since they were read; of all tenants. */
  readonly saveConflicts: number;
}

/** How one component is. */
export interface FeedbackComponentHealth {
  readonly componentType: FeedbackComponent;
  readonly componentId: string;
  readonly state: ComponentState;
  /** 0 to 1, of the last 100 rewards: average · (1 − lowShare) · (1 − min(deviation, 0.5)). */
  readonly health: number;
  readonly samples: number;
  readonly average: number;
  readonly lowShare: number;
  readonly deviation: number;
  /** Epoch milliseconds when its probation may begin, where it is disabled. */
  readonly probeAt?: number;
}

/** What `get_health` gives. */
export interface FeedbackHealth {
  /** Mean of the health of all components that have had a reward; 1 without any. */
  readonly overallHealth: number;
  /** The worst first. */
  readonly components: readonly FeedbackComponentHealth[];
  /** As `tool:search`. */
  readonly disabled: readonly string[];
}

/** A component as lists of several types name it. */
export function qualified(type: FeedbackComponent, id: string): string {
  return `${type}:${id}`;
}

/** Those that are disabled or on probation. */
function disabledOf(tenant: TenantFeedback, now: number): string[] {
  return FEEDBACK_COMPONENTS.flatMap((type) =>
    [...tenant.book(type).entries()]
      .filter(([, track]) => track.stateAt(now) !== 'enabled')
      .map(([id]) => qualified(type, id)),
  );
}

function averagesOf(tenant: TenantFeedback): FeedbackMetrics['averages'] {
  return Object.fromEntries(
    FEEDBACK_COMPONENTS.map((type) => [
      type,
      Object.fromEntries([...tenant.book(type).entries()].map(([id, { average }]) => [id, average])),
    ]),
  ) as FeedbackMetrics['averages'];
}

export function healthOf(
  tenant: TenantFeedback,
  now: number,
  types: readonly FeedbackComponent[],
  limit: number,
): FeedbackHealth {
  const components: FeedbackComponentHealth[] = [];
  for (const componentType of types) {
    for (const [componentId, track] of tenant.book(componentType).entries()) {
      const { probeAt } = track;
      components.push({
        componentType,
        componentId,
        state: track.stateAt(now),
        ...track.summary,
        ...(probeAt === undefined ? {} : { probeAt }),
      });
    }
  }
  components.sort((a, b) => a.health - b.health);
  const sum = components.reduce((total, { health }) => total + health, 0);
  return {
    overallHealth: components.length === 0 ? 1 : sum / components.length,
    disabled: components
      .filter(({ state }) => state !== 'enabled')
      .map(({ componentType, componentId }) => qualified(componentType, componentId)),
    components: components.slice(0, limit),
  };
}

export interface MetricsInit {
  readonly uptimeMs: number;
  readonly now: number;
  readonly queueOf: (type: FeedbackComponent) => SignalQueue<unknown>;
}

export function metricsOf(desk: FeedbackDesk, tenant: TenantFeedback, init: MetricsInit): FeedbackMetrics {
  const { totals } = tenant;
  const queues = FEEDBACK_COMPONENTS.map((type) => {
    const { depth, capacity, dropped, refused } = init.queueOf(type);
    return [type, { depth, capacity, dropped, refused }] as const;
  });
  return {
    running: desk.isRunning(tenant.tenantId),
    uptimeMs: init.uptimeMs,
    signalsAccepted: totals.accepted,
    signalsProcessed: totals.processed,
    signalsSkipped: totals.skipped,
    signalsRefused: tenant.refused,
    signalsBySource: { ...totals.bySource },
    signalsByComponent: { ...totals.byComponent },
    consolidationsTriggered: totals.consolidations,
    healthChecksPerformed: totals.healthChecks,
    lastConsolidation: totals.lastConsolidation === 0 ? null : totals.lastConsolidation,
    queues: Object.fromEntries(queues) as FeedbackMetrics['queues'],
    disabledComponents: disabledOf(tenant, init.now),
    averages: averagesOf(tenant),
    shadows: tenant.shadows.toJSON(),
    ports: desk.ports.report(),
    saveConflicts: desk.shelf.conflicts,
  };
}
