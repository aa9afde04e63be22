import { binomialTail } from './binomial-tail.js';
import { countAbove } from './latency-histogram.js';
import { type TrafficCounters, trafficFigures } from './traffic.js';

/** What a gate can measure. */
export const GATE_METRICS = ['error_ratio', 'availability', 'p50_ms', 'p95_ms'] as const;
export type GateMetric = (typeof GATE_METRICS)[number];

/**
 * A bound on what the new version answers live traffic with. At least one of `max`, `min`, `maxIncrease` and
 * `maxRatio` is given; all that are given have to hold. **Every bound is inclusive**: a measurement equal to
 * it passes.
 */
export interface DeploymentGate {
  readonly name: string;
  /**
   * `error_ratio`: failed requests of all, 0 to 1. `availability`: share of requests that got an answer at
   * all, 0 to 1, whatever its status. `p50_ms`, `p95_ms`: quantiles of the time to answer.
   */
  readonly metric: GateMetric;
  /** The measurement may be this at most. */
  readonly max?: number;
  /** The measurement has to be this at least. */
  readonly min?: number;
  /** How much worse than the old version it may be, in the unit of the metric (for availability: lower). */
  readonly maxIncrease?: number;
  /** How many times the old version's it may be; for the two latencies. @minimum 1 */
  readonly maxRatio?: number;
  /**
   * Requests to the new version before the gate says yes, or no to what is not certain. @default 50 @minimum
   * 1
   */
  readonly minRequests: number;
  /** Whether a deployment ends where it fails; a gate that is not required is only reported. @default true */
  readonly required: boolean;
  /** How long it waits for `minRequests`, in each step. @default 300_000 */
  readonly timeoutMs: number;
  /** What it counts as where it could not measure. @default 'fail' */
  readonly whenUnmeasured: 'fail' | 'pass';
}

/** A gate as somebody asks for it: what has a default may be left out. */
export type DeploymentGateInit = Pick<DeploymentGate, 'name' | 'metric'> & Partial<DeploymentGate>;

/**
 * `failed`: it measured, and a bound does not hold. `unmeasured`: too few requests, or nobody measures.
 * `not_applicable`: it only compares, and there is no old version.
 */
export type GateVerdict = 'passed' | 'failed' | 'unmeasured' | 'not_applicable';

/** What a gate said. */
export interface GateOutcome {
  readonly gate: string;
  readonly metric: GateMetric;
  readonly required: boolean;
  readonly verdict: GateVerdict;
  /** Whether the deployment may go on as far as this gate is concerned. */
  readonly mayPass: boolean;
  /** What was measured of the new version. */
  readonly value?: number;
  /** The same of the old one. */
  readonly baseline?: number;
  readonly requests: number;
  /** One sentence: what was measured, and the bound it was held against. */
  readonly reason: string;
}

/** What is measured during a step. */
export interface GateEvidence {
  /** Of the new version, in this step; `undefined` where nobody measures. */
  readonly candidate: TrafficCounters | undefined;
  /** Of the old version, since the deployment began; `undefined` where there is none or nobody measures. */
  readonly baseline: TrafficCounters | undefined;
  readonly hasPrevious: boolean;
  /** Whether the time of the step is over. Before that only what is certain is a failure. */
  readonly isFinal: boolean;
}

/** What is less likely than this is no accident. */
const SURPRISE = 0.001;
const HIGHER_IS_BETTER: ReadonlySet<GateMetric> = new Set(['availability']);

/**
 * The gates of a deployment that names none: p95 up to 200 ms, errors up to 1 %, availability from 99.9 %.
 */
export const DEFAULT_GATES: readonly DeploymentGate[] = Object.freeze([
  gateOf({ name: 'latency', metric: 'p95_ms', max: 200 }),
  gateOf({ name: 'errors', metric: 'error_ratio', max: 0.01 }),
  gateOf({ name: 'availability', metric: 'availability', min: 0.999 }),
  gateOf({ name: 'errors_beside_old', metric: 'error_ratio', maxIncrease: 0.01 }),
]);

/** A gate with its defaults. */
export function gateOf(init: DeploymentGateInit): DeploymentGate {
  return { minRequests: 50, required: true, timeoutMs: 300_000, whenUnmeasured: 'fail', ...init };
}

/** What a gate says of what has been measured so far. */
export function evaluateGate(gate: DeploymentGate, evidence: GateEvidence): GateOutcome {
  const { candidate, baseline, hasPrevious, isFinal } = evidence;
  const requests = candidate?.requests ?? 0;
  const isComparison = gate.max === undefined && gate.min === undefined;
  if (isComparison && !hasPrevious) {
    return outcome(gate, 'not_applicable', requests, 'There is no old version to compare with.');
  }
  if (candidate === undefined) {
    return outcome(gate, 'unmeasured', 0, 'Nobody measures the traffic of this version.');
  }
  const isSure = isCertain(gate, candidate);
  if (requests < gate.minRequests && !isSure) {
    return outcome(
      gate,
      'unmeasured',
      requests,
      `${requests} requests were seen, it needs ${gate.minRequests}.`,
    );
  }
  const value = measured(gate.metric, candidate);
  const before =
    baseline === undefined || baseline.requests === 0 ? undefined : measured(gate.metric, baseline);
  const numbers = {
    ...(value === undefined ? {} : { value }),
    ...(before === undefined ? {} : { baseline: before }),
  };
  if (value === undefined) return outcome(gate, 'unmeasured', requests, 'Nothing was measured.');
  const broken = boundBroken(gate, value, hasPrevious ? before : undefined);
  if (broken !== undefined) {
    if (isSure || isFinal) return outcome(gate, 'failed', requests, broken, numbers);
    return outcome(
      gate,
      'unmeasured',
      requests,
      `${broken} It may be chance: more requests will tell.`,
      numbers,
    );
  }
  const compares = gate.maxIncrease !== undefined || gate.maxRatio !== undefined;
  if (compares && hasPrevious && (baseline?.requests ?? 0) < gate.minRequests) {
    const seen = baseline?.requests ?? 0;
    const why = `${seen} requests to the old version were seen, the comparison needs ${gate.minRequests}.`;
    return outcome(gate, 'unmeasured', requests, why, numbers);
  }
  return outcome(gate, 'passed', requests, `${gate.metric} is ${shown(value)}, within its bounds.`, numbers);
}

/** Whether the gates let the deployment go on, wait for more requests, or end it. */
export function decideGates(outcomes: readonly GateOutcome[]): 'go' | 'wait' | 'stop' {
  const required = outcomes.filter((each) => each.required);
  if (required.some(({ verdict }) => verdict === 'failed')) return 'stop';
  return required.some(({ verdict }) => verdict === 'unmeasured') ? 'wait' : 'go';
}

/**
 * Whether what was seen would be a great surprise if the bound held: the exact binomial probability of so
 * many bad requests is below 0.1 %. A version that is clearly bad is let go after a few requests; one unlucky
 * request proves nothing.
 */
function isCertain(
  { metric, max, min }: DeploymentGate,
  { requests, failures, unanswered, latency }: TrafficCounters,
): boolean {
  const surprising = (bad: number, allowed: number): boolean =>
    binomialTail(requests, bad, allowed) < SURPRISE;
  switch (metric) {
    case 'error_ratio':
      return max !== undefined && surprising(failures, max);
    case 'availability':
      return min !== undefined && surprising(unanswered, 1 - min);
    case 'p50_ms':
      return max !== undefined && surprising(countAbove(latency, max), 0.5);
    case 'p95_ms':
      return max !== undefined && surprising(countAbove(latency, max), 0.05);
  }
}

function measured(metric: GateMetric, counters: TrafficCounters): number | undefined {
  const { errorRatio, p50Ms, p95Ms } = trafficFigures(counters);
  switch (metric) {
    case 'error_ratio':
      return errorRatio;
    case 'availability':
      return 1 - counters.unanswered / counters.requests;
    case 'p50_ms':
      return p50Ms;
    case 'p95_ms':
      return p95Ms;
  }
}

function boundBroken(gate: DeploymentGate, value: number, before: number | undefined): string | undefined {
  const { metric, max, min, maxIncrease, maxRatio } = gate;
  if (max !== undefined && value > max) return `${metric} is ${shown(value)}, above ${shown(max)}.`;
  if (min !== undefined && value < min) return `${metric} is ${shown(value)}, below ${shown(min)}.`;
  if (before === undefined) return undefined;
  const worse = HIGHER_IS_BETTER.has(metric) ? before - value : value - before;
  // Ratios are sums of hundredths that binary numbers cannot hold: the bound itself must pass.
  if (maxIncrease !== undefined && worse > maxIncrease + 1e-9) {
    return `${metric} is ${shown(value)}, the old version's ${shown(before)}: more than ${shown(maxIncrease)} worse.`;
  }
  if (maxRatio !== undefined && value > before * maxRatio + 1e-9) {
    return `${metric} is ${shown(value)}, the old version's ${shown(before)}: more than ${shown(maxRatio)} times it.`;
  }
  return undefined;
}

function outcome(
  gate: DeploymentGate,
  verdict: GateVerdict,
  requests: number,
  reason: string,
  numbers: { readonly value?: number; readonly baseline?: number } = {},
): GateOutcome {
  const { name, metric, required, whenUnmeasured } = gate;
  const isGood = verdict === 'passed' || verdict === 'not_applicable';
  const mayPass = !required || isGood || (verdict === 'unmeasured' && whenUnmeasured === 'pass');
  return { gate: name, metric, required, verdict, mayPass, ...numbers, requests, reason };
}

function shown(value: number): string {
  return String(Math.round(value * 10_000) / 10_000);
}
