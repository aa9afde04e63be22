import type { Clock } from '@kapelle/core';

import {
  checkClock,
  checkCount,
  checkFunction,
  checkMs,
  checkName,
  checkNumber,
  checkOptions,
  given,
} from '../options.js';
import { FairTurns } from './fair-turns.js';
import { FirstComeTurns, type Turns } from './turns.js';

/** Turns by the execution's `key`, so that one tenant cannot crowd the others out. */
export interface FairnessOptions {
  /** Share of the running slots, and of the waiting places, that one key may have; above 0 to 1, at least one of each. @default 0.5 */
  readonly maxShare?: number;
  /** Turns a key gets in relation to others; above 0. Called when a key comes that has no call here. @default 1 for each */
  readonly weight?: (key: string) => number;
}

/** How much runs at once, and how much waits. */
export interface BulkheadOptions {
  /** Executions that run at the same time. @default 25 @minimum 1 */
  readonly maxConcurrent?: number;
  /** Executions that wait for a slot; further ones are refused at once. @default 100 @minimum 0 */
  readonly maxQueued?: number;
  /** Longest wait for a slot, in ms; shorter where the caller has less time left. @default 1_000 @minimum 1 */
  readonly maxWaitMs?: number;
  /** @default first come, first served, whoever it is */
  readonly fairness?: FairnessOptions;
  /** In errors and statistics. @default 'bulkhead' */
  readonly name?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** The options with their defaults, checked. */
export interface ResolvedBulkheadOptions {
  readonly name: string;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly maxWaitMs: number;
  readonly turns: Turns;
  readonly clock: Clock;
}

/** @throws ResilienceError OPTION_INVALID */
export function resolveBulkheadOptions(options: BulkheadOptions): ResolvedBulkheadOptions {
  const name = checkName('bulkhead', options);
  const maxConcurrent = checkCount(name, 'maxConcurrent', given(options.maxConcurrent, 25));
  const maxQueued = checkCount(name, 'maxQueued', given(options.maxQueued, 100), 0);
  return {
    name,
    maxConcurrent,
    maxQueued,
    maxWaitMs: checkMs(name, 'maxWaitMs', given(options.maxWaitMs, 1_000), 1),
    turns:
      options.fairness === undefined
        ? new FirstComeTurns(maxQueued)
        : fairTurns(name, maxConcurrent, maxQueued, checkOptions(name, options.fairness, 'fairness')),
    clock: checkClock(name, options.clock),
  };
}

function fairTurns(
  name: string,
  maxConcurrent: number,
  maxQueued: number,
  { maxShare = 0.5, weight = () => 1 }: FairnessOptions,
): FairTurns {
  checkNumber(name, 'fairness.maxShare', maxShare, Number.MIN_VALUE, 1);
  checkFunction(name, 'fairness.weight', weight);
  return new FairTurns({
    maxRunning: Math.max(1, Math.ceil(maxConcurrent * maxShare)),
    maxWaiting: Math.ceil(maxQueued * maxShare),
    weightOf: (key) => checkNumber(name, `fairness.weight('${key}')`, weight(key), Number.MIN_VALUE, 1e6),
  });
}
