/** How a service has done lately. */
export interface ServiceHealthReport {
  readonly isHealthy: boolean;
  /** Calls of the window. */
  readonly totalRequests: number;
  readonly successCount: number;
  readonly errorCount: number;
  /** 0 to 1; 1 without calls. */
  readonly successRate: number;
  /** Mean latency of the window, in ms; 0 without calls. */
  readonly avgResponseTimeMs: number;
}

/** When a service is called unhealthy. */
export interface HealthThresholds {
  /** Below this share of successes a service is unhealthy; 0 to 1. @default 0.7 */
  readonly successRate: number;
  /** Above this mean latency a service is unhealthy, in ms. @default 5_000 */
  readonly latencyMs: number;
  /** Fewer calls in the window say nothing; 1 to 100. @default 5 */
  readonly minimumCalls: number;
  /** Calls older than this are forgotten, in ms. @default 300_000 */
  readonly windowMs: number;
}

/** Calls of a service remembered at most. */
export const CALLS_REMEMBERED = 100;

/**
 * The last 100 calls of a service, as far as they are not older than the window. Nothing is counted for life: an incident
 * that is over fades.
 */
export class ServiceHealth {
  readonly #thresholds: HealthThresholds;
  readonly #at = new Float64Array(CALLS_REMEMBERED);
  readonly #latency = new Float64Array(CALLS_REMEMBERED);
  readonly #good = new Uint8Array(CALLS_REMEMBERED);
  #recorded = 0;

  constructor(thresholds: HealthThresholds) {
    this.#thresholds = thresholds;
  }

  /** @param now Monotonic, in ms. */
  record(success: boolean, latencyMs: number, now: number): void {
    const slot = this.#recorded % CALLS_REMEMBERED;
    this.#at[slot] = now;
    this.#latency[slot] = latencyMs;
    this.#good[slot] = success ? 1 : 0;
    this.#recorded += 1;
  }

  /** @param now Monotonic, in ms. */
  report(now: number): ServiceHealthReport {
    const { windowMs, minimumCalls, successRate: wanted, latencyMs } = this.#thresholds;
    let calls = 0;
    let good = 0;
    let latency = 0;
    for (let slot = 0; slot < Math.min(this.#recorded, CALLS_REMEMBERED); slot += 1) {
      if (now - (this.#at[slot] as number) > windowMs) continue;
      calls += 1;
      good += this.#good[slot] as number;
      latency += this.#latency[slot] as number;
    }
    const successRate = calls === 0 ? 1 : good / calls;
    const avgResponseTimeMs = calls === 0 ? 0 : latency / calls;
    return {
      isHealthy: calls < minimumCalls || (successRate >= wanted && avgResponseTimeMs <= latencyMs),
      totalRequests: calls,
      successCount: good,
      errorCount: calls - good,
      successRate,
      avgResponseTimeMs,
    };
  }
}
