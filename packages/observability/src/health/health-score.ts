/** What the health of an orchestrator is made of, each from 0 (bad) to 1 (good). */
export interface HealthFactors {
  /** Share of its calls that succeeded, of the last minute, newer ones weighing more. */
  readonly success: number;
  /** Wanted over actual 95th percentile of its durations, 1 at most. */
  readonly latency: number;
  /** 1 closed, 0.5 half-open, 0 open. */
  readonly breaker: number;
  /** 1 up to 70 % of its fullest queue, then down to 0 at a full one. */
  readonly saturation: number;
  /** 1 less the restarts of its tasks as a share of those allowed. */
  readonly restarts: number;
}

/** Lets work through; tries some; refuses it; is held open by hand. */
export type BreakerState = 'closed' | 'half-open' | 'open' | 'isolated';

const unit = (value: number): number => (value >= 0 ? Math.min(1, value) : 0);

/** 0 to 100: the product of the factors, so that one that is bad is not hidden by the others. */
export function healthScore(factors: Partial<HealthFactors>): number {
  const { success = 1, latency = 1, breaker = 1, saturation = 1, restarts = 1 } = factors;
  return Math.round(100 * unit(success) * unit(latency) * unit(breaker) * unit(saturation) * unit(restarts));
}

/** @param fill of the fullest queue, 0 to 1 */
export const saturationFactor = (fill: number): number => unit(1 - Math.max(0, (fill - 0.7) / 0.3));

/** 1 without durations or without a target above 0. */
export const latencyFactor = (targetMs: number | undefined, p95Ms: number | undefined): number =>
  targetMs === undefined || !(targetMs > 0) || p95Ms === undefined || p95Ms <= 0 ? 1 : unit(targetMs / p95Ms);

const BREAKER: Readonly<Record<BreakerState, number>> = { closed: 1, 'half-open': 0.5, open: 0, isolated: 0 };

export const breakerFactor = (state: BreakerState | undefined): number =>
  state !== undefined && Object.hasOwn(BREAKER, state) ? BREAKER[state] : 1;
