import type { Clock } from '@kapelle/core';

import {
  checkClock,
  checkCount,
  checkFunction,
  checkMs,
  checkName,
  checkNumber,
  checkOrder,
  contradiction,
  given,
} from '../options.js';
import type { ClassifyRule } from '../outcome.js';

/** When a circuit opens, and how it closes again. */
export interface CircuitBreakerOptions {
  /** Opens at this share of failures, above 0 to 1. @default 0.5 */
  readonly failureRatio?: number;
  /** Never opens on fewer completed calls in the window. @default 20 @minimum 1 */
  readonly minimumCalls?: number;
  /** Length of the sliding window, in ms; ten buckets. @default 10_000 @minimum 10 */
  readonly windowMs?: number;
  /** First time open, in ms; doubled each time it opens again without having closed. @default 5_000 @minimum 1 */
  readonly openMs?: number;
  /** Longest time open before jitter, in ms. @default 60_000 @minimum openMs */
  readonly maxOpenMs?: number;
  /** The time open is multiplied by a random factor from 1 − this to 1 + this; 0 to 1. @default 0.2 */
  readonly jitterRatio?: number;
  /** Calls let through half-open; all have to succeed for it to close. @default 3 @minimum 1 */
  readonly probes?: number;
  /** A probe without an outcome for so long, in ms, is a failure: opens again. @default 20_000 (twice the usual time-out) @minimum 1 */
  readonly probeTimeoutMs?: number;
  /** A success that took longer, in ms, is a slow call. @default Infinity (none is) */
  readonly slowCallMs?: number;
  /** Opens at this share of slow calls, above 0 to 1; only together with `slowCallMs`. @default 0.8 */
  readonly slowCallRatio?: number;
  /** What counts as success, as failure, or not at all; asked before the default rule. */
  readonly classify?: ClassifyRule;
  /** In errors, events and statistics. @default 'circuit-breaker' */
  readonly name?: string;
  /** From 0 to 1, 1 excluded; for the jitter. @default Math.random */
  readonly random?: () => number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** The options with their defaults, checked. */
export type ResolvedCircuitOptions = Required<Omit<CircuitBreakerOptions, 'classify'>> & {
  readonly classify: ClassifyRule | undefined;
};

const LEAST_RATIO = Number.MIN_VALUE;

/** @throws ResilienceError OPTION_INVALID */
export function resolveCircuitOptions(options: CircuitBreakerOptions): ResolvedCircuitOptions {
  const name = checkName('circuit-breaker', options);
  const openMs = checkMs(name, 'openMs', given(options.openMs, 5_000), 1);
  const { slowCallMs = Infinity, classify } = options;
  if (classify !== undefined) checkFunction(name, 'classify', classify);
  const maxOpenMs = checkMs(name, 'maxOpenMs', given(options.maxOpenMs, Math.max(60_000, openMs)), 1);
  checkOrder(name, ['openMs', openMs], ['maxOpenMs', maxOpenMs]);
  const slowCallRatio = checkNumber(name, 'slowCallRatio', given(options.slowCallRatio, 0.8), LEAST_RATIO, 1);
  if (options.slowCallRatio !== undefined && slowCallMs === Infinity) {
    contradiction(
      name,
      `slowCallRatio is ${slowCallRatio}, but without slowCallMs no call is slow`,
      'Give slowCallMs, or leave slowCallRatio out',
    );
  }
  return {
    name,
    failureRatio: checkNumber(name, 'failureRatio', given(options.failureRatio, 0.5), LEAST_RATIO, 1),
    minimumCalls: checkCount(name, 'minimumCalls', given(options.minimumCalls, 20)),
    windowMs: checkMs(name, 'windowMs', given(options.windowMs, 10_000), 10),
    openMs,
    maxOpenMs,
    jitterRatio: checkNumber(name, 'jitterRatio', given(options.jitterRatio, 0.2), 0, 1),
    probes: checkCount(name, 'probes', given(options.probes, 3)),
    probeTimeoutMs: checkMs(name, 'probeTimeoutMs', given(options.probeTimeoutMs, 20_000), 1),
    slowCallMs: slowCallMs === Infinity ? slowCallMs : checkMs(name, 'slowCallMs', slowCallMs),
    slowCallRatio,
    classify,
    random: checkFunction(name, 'random', given(options.random, Math.random)),
    clock: checkClock(name, options.clock),
  };
}
