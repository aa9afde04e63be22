import { emptyBuckets, type LatencyBuckets, latencyBucket, latencyQuantile } from './latency-histogram.js';

/** What one version answered since it was first counted. Every number only grows. */
export interface TrafficCounters {
  /** Requests that are over, the failed ones included; those the caller gave up are not in it. */
  readonly requests: number;
  /** Answered with a status from 500, or not at all. */
  readonly failures: number;
  /** Not answered at all: refused, broken off, or too late. Part of `failures`. */
  readonly unanswered: number;
  /** How long the answers took, by bucket of `LATENCY_BOUNDS_MS`. */
  readonly latency: LatencyBuckets;
}

/** A stretch of traffic in numbers that a person reads. */
export interface TrafficFigures {
  readonly requests: number;
  readonly failures: number;
  readonly unanswered: number;
  /** 0 to 1; left out without requests. */
  readonly errorRatio?: number;
  /** Left out without requests; up to 10 % too high, never too low. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
}

/** Counters of a version that nobody has asked yet. */
export const NO_TRAFFIC: TrafficCounters = Object.freeze({
  requests: 0,
  failures: 0,
  unanswered: 0,
  latency: Object.freeze(emptyBuckets()),
});

/** How a request ended. */
export interface TrafficOutcome {
  readonly isFailure: boolean;
  readonly isUnanswered: boolean;
  readonly durationMs: number;
}

/** Counts the requests of one version. */
export class TrafficCounter {
  #requests = 0;
  #failures = 0;
  #unanswered = 0;
  readonly #latency = emptyBuckets();

  count({ isFailure, isUnanswered, durationMs }: TrafficOutcome): void {
    this.#requests += 1;
    if (isFailure || isUnanswered) this.#failures += 1;
    if (isUnanswered) this.#unanswered += 1;
    const at = latencyBucket(durationMs);
    this.#latency[at] = (this.#latency[at] as number) + 1;
  }

  /** A copy that does not change. */
  read(): TrafficCounters {
    return {
      requests: this.#requests,
      failures: this.#failures,
      unanswered: this.#unanswered,
      latency: [...this.#latency],
    };
  }
}

/**
 * What was counted between two readings. Where a counter fell in between (its source began anew), everything
 * since is the later reading.
 */
export function trafficSince(before: TrafficCounters | undefined, now: TrafficCounters): TrafficCounters {
  if (before === undefined || isBefore(now, before)) return now;
  return {
    requests: now.requests - before.requests,
    failures: now.failures - before.failures,
    unanswered: now.unanswered - before.unanswered,
    latency: now.latency.map((count, at) => Math.max(0, count - (before.latency[at] ?? 0))),
  };
}

/** Counters in numbers that a person reads. */
export function trafficFigures({ requests, failures, unanswered, latency }: TrafficCounters): TrafficFigures {
  const p50Ms = latencyQuantile(latency, 0.5);
  const p95Ms = latencyQuantile(latency, 0.95);
  return {
    requests,
    failures,
    unanswered,
    ...(requests === 0 ? {} : { errorRatio: failures / requests }),
    ...(p50Ms === undefined ? {} : { p50Ms: shownMs(p50Ms) }),
    ...(p95Ms === undefined ? {} : { p95Ms: shownMs(p95Ms) }),
  };
}

function isBefore(now: TrafficCounters, before: TrafficCounters): boolean {
  return (
    now.requests < before.requests || now.failures < before.failures || now.unanswered < before.unanswered
  );
}

/** With two digits after the point; a number that JSON can hold. */
function shownMs(ms: number): number {
  return Math.round(Math.min(ms, Number.MAX_SAFE_INTEGER) * 100) / 100;
}
