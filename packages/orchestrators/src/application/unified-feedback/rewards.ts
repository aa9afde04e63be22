/** What came of the use of a model. */
export interface ModelOutcome {
  readonly success: boolean;
  readonly latencyMs?: number | undefined;
  readonly costUsd?: number | undefined;
}

/** How a whole trajectory was judged; each 0 to 1. */
export interface TrajectoryScores {
  readonly accuracy?: number | undefined;
  readonly efficiency?: number | undefined;
  readonly errorHandling?: number | undefined;
}

/** How much a reward that was derived here is worth. */
export const MODEL_CONFIDENCE = 0.8;
export const TOOL_CONFIDENCE = 0.7;
export const AGENT_CONFIDENCE = 0.9;
export const PROMPT_CONFIDENCE = 0.8;

/** 1 − min(latency/10 s, 0.3) − min(100 · USD, 0.2); 0 where it failed. */
export function modelReward({ success, latencyMs = 0, costUsd = 0 }: ModelOutcome): number {
  if (!success) return 0;
  return share(1 - Math.min(latencyMs / 10_000, 0.3) - Math.min(costUsd * 100, 0.2));
}

/** 0.6 of the reward and 0.4 of (0.5 accuracy + 0.3 efficiency + 0.2 error handling); the reward where one is missing. */
export function trajectoryReward(reward: number, scores: TrajectoryScores): number {
  const { accuracy, efficiency, errorHandling } = scores;
  if (accuracy === undefined || efficiency === undefined || errorHandling === undefined) return reward;
  return share(0.6 * reward + 0.4 * (0.5 * accuracy + 0.3 * efficiency + 0.2 * errorHandling));
}

/** Of a tool within a trajectory: how relevant it was, 0.5 where nobody says; 0 where it failed. */
export function toolReward(success: boolean, relevance = 0.5): number {
  return success ? share(relevance) : 0;
}

/** Of a single call: 0.6 for success, 0.4 of the quality, less up to 0.1 for 5 s and more. */
export function toolCallReward(success: boolean, quality: number, latencyMs = 0): number {
  return share(0.6 * Number(success) + 0.4 * quality - Math.min(0.1, (0.1 * latencyMs) / 5_000));
}

/** 1 or 0; with a quality, 0.6 for success and 0.4 of it. */
export function agentReward(success: boolean, quality?: number): number {
  return quality === undefined ? Number(success) : share(0.6 * Number(success) + 0.4 * quality);
}

/** The quality, less up to 0.2 for latency. */
export function promptReward(quality: number, latencyMs = 0): number {
  return share(quality - Math.min(0.2, latencyMs / 10_000));
}

/** How relevant what was found is; 0 where nothing was. */
export function ragReward(relevance: number, results: number): number {
  return results === 0 ? 0 : share(relevance);
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
