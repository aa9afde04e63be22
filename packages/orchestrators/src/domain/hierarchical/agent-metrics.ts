/** What was measured of an agent; survives restarts under its id. */
export interface AgentMetrics {
  readonly formatVersion: 1;
  successes: number;
  failures: number;
  /** Mean duration of its successful attempts, in milliseconds; exponentially weighted, the newest with 0.2. */
  meanDurationMs?: number;
}

const NEWEST_WEIGHT = 0.2;

export function newMetrics(): AgentMetrics {
  return { formatVersion: 1, successes: 0, failures: 0 };
}

/** What a store gave, or fresh ones where that is something else. */
export function readMetrics(value: unknown): AgentMetrics {
  const metrics = value as Partial<AgentMetrics> | null | undefined;
  if (
    metrics?.formatVersion !== 1 ||
    !Number.isSafeInteger(metrics.successes) ||
    !Number.isSafeInteger(metrics.failures)
  ) {
    return newMetrics();
  }
  return metrics as AgentMetrics;
}

export function recordAttempt(metrics: AgentMetrics, succeeded: boolean, durationMs: number): void {
  if (!succeeded) {
    metrics.failures += 1;
    return;
  }
  metrics.successes += 1;
  metrics.meanDurationMs =
    metrics.meanDurationMs === undefined
      ? durationMs
      : metrics.meanDurationMs + NEWEST_WEIGHT * (durationMs - metrics.meanDurationMs);
}

/** Share of successful attempts, 0 to 1; `undefined` before the first one has ended. */
export function successRate({ successes, failures }: AgentMetrics): number | undefined {
  return successes + failures === 0 ? undefined : successes / (successes + failures);
}
