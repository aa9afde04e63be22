import { GENERAL_CAPABILITY } from './agent.js';

/** Above this load an agent gets nothing more. */
export const MAX_ROUTED_LOAD = 0.9;

/** What routing looks at. */
export interface RoutingCandidate {
  readonly agentId: string;
  readonly capabilities: ReadonlySet<string>;
  /** 0 to 1. */
  readonly load: number;
  readonly successes: number;
  readonly failures: number;
  readonly meanDurationMs?: number | undefined;
}

/** What a task needs. */
export interface RoutingNeed {
  readonly capabilities: readonly string[];
  readonly estimatedMs: number;
}

/** Whether it can do all of it, or anything. */
export function canDo(capabilities: ReadonlySet<string>, needed: readonly string[]): boolean {
  return capabilities.has(GENERAL_CAPABILITY) || needed.every((capability) => capabilities.has(capability));
}

/**
 * How well an agent suits a task: 100 for its success rate (one success ahead, so that a new agent is tried), −50 for its
 * load, +20 where it has the capabilities themselves, +10 where it has been faster than the estimate.
 */
export function routingScore(agent: RoutingCandidate, need: RoutingNeed): number {
  const rate = (agent.successes + 1) / (agent.successes + agent.failures + 1);
  const isSpecialised =
    need.capabilities.length > 0 &&
    need.capabilities.every((capability) => agent.capabilities.has(capability));
  const isFaster = agent.meanDurationMs !== undefined && agent.meanDurationMs < need.estimatedMs;
  return rate * 100 - agent.load * 50 + (isSpecialised ? 20 : 0) + (isFaster ? 10 : 0);
}

/** The best of those that can and have room; the lower id where two are equal. `undefined` with none. */
export function bestAgent<A extends RoutingCandidate>(
  agents: readonly A[],
  need: RoutingNeed,
): { readonly agent: A; readonly score: number } | undefined {
  let best: { readonly agent: A; readonly score: number } | undefined;
  for (const agent of agents) {
    if (agent.load >= MAX_ROUTED_LOAD || !canDo(agent.capabilities, need.capabilities)) continue;
    const score = routingScore(agent, need);
    if (
      best === undefined ||
      score > best.score ||
      (score === best.score && agent.agentId < best.agent.agentId)
    ) {
      best = { agent, score };
    }
  }
  return best;
}

/** 1 for equal loads, less the more they differ: 1 minus the coefficient of variation, never below 0. */
export function loadBalance(loads: readonly number[]): number {
  if (loads.length === 0) return 1;
  const mean = loads.reduce((total, load) => total + load, 0) / loads.length;
  if (mean === 0) return 1;
  const variance = loads.reduce((total, load) => total + (load - mean) ** 2, 0) / loads.length;
  return Math.max(0, 1 - Math.sqrt(variance) / mean);
}
