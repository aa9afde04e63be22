/** One use of an agent, as somebody has judged it. */
export interface AgentInteraction {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Version of the definition that was used. */
  readonly version: number;
  /** 0 to 1. */
  readonly quality: number;
  readonly responseTimeMs: number;
  readonly toolsUsed: number;
  readonly failed: boolean;
}

/** What an agent should reach. */
export interface AgentTargets {
  /** Mean quality, 0 to 1. */
  readonly quality: number;
  /** Mean quality per tool that was used, 0 to 1. */
  readonly toolEfficiency: number;
  /** Share of interactions above a quality of 0.7. */
  readonly success: number;
  /** Share of interactions that did not fail. */
  readonly reliability: number;
  /** Mean milliseconds; less is better. */
  readonly responseTimeMs: number;
}

export const DEFAULT_TARGETS: AgentTargets = {
  quality: 0.9,
  toolEfficiency: 0.85,
  success: 0.8,
  reliability: 0.95,
  responseTimeMs: 30_000,
};

/** An interaction above it is a success. */
const GOOD_QUALITY = 0.7;
const MIN_FOR_TREND = 10;
/** A change of the mean quality below it is none. */
const SMALL_CHANGE = 0.05;

/** How an agent does, from the interactions that were recorded. */
export interface AgentPerformance {
  readonly interactions: number;
  /** What was measured, in the terms of {@link AgentTargets}; absent without an interaction. */
  readonly measured?: AgentTargets;
  /** Mean of measured over target, each at most 1; time the other way round. 0 to 1. */
  readonly overall?: number;
  /** The mean quality of the later half against the earlier one; from 10 interactions on. */
  readonly trend: 'improving' | 'declining' | 'stable' | 'insufficient_data';
  readonly trendDifference?: number;
  /** Means by version of the definition, oldest first. */
  readonly byVersion: readonly {
    readonly version: number;
    readonly interactions: number;
    readonly quality: number;
  }[];
}

/** Sums up interactions, oldest first. */
export function performanceOf(
  interactions: readonly AgentInteraction[],
  targets: AgentTargets,
): AgentPerformance {
  const { length } = interactions;
  const byVersion = versionsOf(interactions);
  if (length === 0) return { interactions: 0, trend: 'insufficient_data', byVersion };
  const meanOf = (of: (each: AgentInteraction) => number): number =>
    interactions.reduce((sum, each) => sum + of(each), 0) / length;
  const measured: AgentTargets = {
    quality: meanOf(({ quality }) => quality),
    toolEfficiency: meanOf(({ quality, toolsUsed }) => quality / Math.max(1, toolsUsed)),
    success: meanOf(({ quality }) => (quality > GOOD_QUALITY ? 1 : 0)),
    reliability: meanOf(({ failed }) => (failed ? 0 : 1)),
    responseTimeMs: meanOf(({ responseTimeMs }) => responseTimeMs),
  };
  const shares = [
    reached(measured.quality, targets.quality),
    reached(measured.toolEfficiency, targets.toolEfficiency),
    reached(measured.success, targets.success),
    reached(measured.reliability, targets.reliability),
    measured.responseTimeMs === 0 ? 1 : reached(targets.responseTimeMs, measured.responseTimeMs),
  ];
  return {
    interactions: length,
    measured,
    overall: shares.reduce((sum, each) => sum + each, 0) / shares.length,
    ...trendOf(interactions),
    byVersion,
  };
}

function reached(actual: number, wanted: number): number {
  return Math.min(1, actual / wanted);
}

function trendOf(
  interactions: readonly AgentInteraction[],
): Pick<AgentPerformance, 'trend' | 'trendDifference'> {
  if (interactions.length < MIN_FOR_TREND) return { trend: 'insufficient_data' };
  const half = Math.floor(interactions.length / 2);
  const mean = (part: readonly AgentInteraction[]): number =>
    part.reduce((sum, { quality }) => sum + quality, 0) / part.length;
  const difference = mean(interactions.slice(-half)) - mean(interactions.slice(0, half));
  const trend = difference > SMALL_CHANGE ? 'improving' : difference < -SMALL_CHANGE ? 'declining' : 'stable';
  return { trend, trendDifference: difference };
}

function versionsOf(interactions: readonly AgentInteraction[]): AgentPerformance['byVersion'] {
  const found = new Map<number, { count: number; sum: number }>();
  for (const { version, quality } of interactions) {
    const entry = found.get(version) ?? { count: 0, sum: 0 };
    entry.count += 1;
    entry.sum += quality;
    found.set(version, entry);
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([version, { count, sum }]) => ({ version, interactions: count, quality: sum / count }));
}
