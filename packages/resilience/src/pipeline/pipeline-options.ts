import type { Clock } from '@kapelle/core';

import { BulkheadPolicy } from '../bulkhead/bulkhead.js';
import type { BulkheadOptions } from '../bulkhead/bulkhead-options.js';
import { AdaptiveThrottle } from '../circuit-breaker/adaptive-throttle.js';
import { CircuitBreaker } from '../circuit-breaker/circuit-breaker.js';
import type { CircuitBreakerOptions } from '../circuit-breaker/circuit-options.js';
import { type FallbackOptions, FallbackPolicy } from '../fallback/fallback.js';
import { type HedgeOptions, HedgePolicy } from '../hedge/hedge.js';
import { checkClock, checkFunction, checkOrder, contradiction, MAX_DELAY_MS } from '../options.js';
import { LoadShedderPolicy, type LoadShedderOptions } from '../load-shedding/load-shedder.js';
import { RateLimiterPolicy, type RateLimiterOptions } from '../rate-limiter/rate-limiter.js';
import { ResilienceError } from '../resilience-error.js';
import { RetryBudget } from '../retry/retry-budget.js';
import { RetryPolicy } from '../retry/retry.js';
import type { RetryOptions } from '../retry/retry-options.js';
import { type TimeoutOptions, TimeoutPolicy } from '../timeout/timeout.js';

/**
 * The order of a pipeline, outermost first. It is always this one: a breaker that does not see each attempt, or a retry of a limit's
 * own refusals, is a mistake that nobody makes on purpose.
 */
export const PIPELINE_ORDER = [
  /** Answers what everything further in could not. */
  'fallback',
  /** The whole execution, all attempts and waits included. */
  'deadline',
  /** Asked once per execution: retries of this side are bounded by their budget. */
  'rateLimit',
  'shed',
  'retry',
  /** Outside of breaker, bulkhead and time-out: each copy is counted, has a slot and a time of its own. */
  'hedge',
  /** Sees each attempt. */
  'breaker',
  'bulkhead',
  /** Of one attempt, the wait for its slot not included. */
  'timeout',
] as const;

/** A place in a pipeline. */
export type PipelineSlot = (typeof PIPELINE_ORDER)[number];

/**
 * What a pipeline is made of; all of it may be left out. Each part is options, from which the pipeline makes a policy of its own, or a
 * policy that it shares with others: one breaker for all that call the same dependency, say.
 */
export interface PipelineOptions {
  readonly fallback?: FallbackOptions | FallbackPolicy;
  /** Of the whole execution. */
  readonly deadline?: TimeoutOptions | TimeoutPolicy;
  readonly rateLimit?: RateLimiterOptions | RateLimiterPolicy;
  readonly shed?: LoadShedderOptions | LoadShedderPolicy;
  /** Without a budget of their own, retry and hedge share one. */
  readonly retry?: RetryOptions | RetryPolicy;
  readonly hedge?: HedgeOptions | HedgePolicy;
  readonly breaker?: CircuitBreakerOptions | CircuitBreaker | AdaptiveThrottle;
  readonly bulkhead?: BulkheadOptions | BulkheadPolicy;
  /** Of each attempt. */
  readonly timeout?: TimeoutOptions | TimeoutPolicy;
  /** In statistics; with it the policies made here are called `name.retry` and so on. @default 'pipeline' */
  readonly name?: string;
  /** Of the policies made here. @default the machine's clock */
  readonly clock?: Clock;
  /** Of the policies made here. @default Math.random */
  readonly random?: () => number;
}

/** The policies of a pipeline. */
export interface PipelineParts {
  readonly fallback?: FallbackPolicy;
  readonly deadline?: TimeoutPolicy;
  readonly rateLimit?: RateLimiterPolicy;
  readonly shed?: LoadShedderPolicy;
  readonly retry?: RetryPolicy;
  readonly hedge?: HedgePolicy;
  readonly breaker?: CircuitBreaker | AdaptiveThrottle;
  readonly bulkhead?: BulkheadPolicy;
  readonly timeout?: TimeoutPolicy;
}

const SETTINGS = new Set(['name', 'clock', 'random']);

/**
 * Makes the policies. Those of `previous` whose options say the same are kept, with all they know: a circuit stays open, a slot taken.
 * @throws ResilienceError OPTION_INVALID
 */
export function makeParts(
  options: PipelineOptions,
  previous?: { readonly options: PipelineOptions; readonly parts: PipelineParts },
): PipelineParts {
  checkSlots(options);
  const { name, clock, random } = options;
  checkClock(name ?? 'pipeline', clock);
  if (random !== undefined) checkFunction(name ?? 'pipeline', 'random', random);
  const before =
    previous?.options.clock === clock && previous?.options.random === random ? previous : undefined;
  const common = { ...(clock === undefined ? {} : { clock }), ...(random === undefined ? {} : { random }) };
  const budget = new RetryBudget(clock === undefined ? {} : { clock });
  const parts: { -readonly [K in PipelineSlot]?: PipelineParts[K] } = {};
  const fill = <K extends PipelineSlot, P extends PipelineParts[K] & object>(
    slot: K,
    isMade: (given: object) => given is P,
    make: (settings: object) => P,
    more: object = {},
  ): void => {
    const given: unknown = options[slot];
    if (given === undefined) return;
    if (typeof given !== 'object' || given === null) {
      throw new ResilienceError(
        'OPTION_INVALID',
        name ?? 'pipeline',
        `${name ?? 'pipeline'}: ${slot} must be options or a policy of that kind, got ${given === null ? 'null' : typeof given}. Correct the option.`,
      );
    }
    if (isMade(given)) parts[slot] = given;
    else if (before !== undefined && saysTheSame(before.options[slot], given)) {
      parts[slot] = before.parts[slot];
    } else {
      parts[slot] = make({
        ...(name === undefined ? {} : { name: `${name}.${slot}` }),
        ...common,
        ...more,
        ...given,
      });
    }
  };
  const instanceOf =
    <P extends object>(...classes: readonly (abstract new (...args: never[]) => P)[]) =>
    (given: object): given is P =>
      classes.some((each) => given instanceof each);

  fill('fallback', instanceOf(FallbackPolicy), (own) => new FallbackPolicy(own as FallbackOptions));
  fill('deadline', instanceOf(TimeoutPolicy), (own) => new TimeoutPolicy(own as TimeoutOptions));
  fill('rateLimit', instanceOf(RateLimiterPolicy), (own) => new RateLimiterPolicy(own as RateLimiterOptions));
  fill('shed', instanceOf(LoadShedderPolicy), (own) => new LoadShedderPolicy(own));
  fill('retry', instanceOf(RetryPolicy), (own) => new RetryPolicy(own), { budget });
  fill('hedge', instanceOf(HedgePolicy), (own) => new HedgePolicy(own as HedgeOptions), { budget });
  fill(
    'breaker',
    instanceOf<CircuitBreaker | AdaptiveThrottle>(CircuitBreaker, AdaptiveThrottle),
    (own) => new CircuitBreaker(own),
    probeTimeout(options.timeout),
  );
  fill('bulkhead', instanceOf(BulkheadPolicy), (own) => new BulkheadPolicy(own));
  fill('timeout', instanceOf(TimeoutPolicy), (own) => new TimeoutPolicy(own as TimeoutOptions));
  checkTimes(name ?? 'pipeline', options, parts);
  return parts;
}

function checkSlots(options: PipelineOptions): void {
  for (const slot of Object.keys(options)) {
    if (SETTINGS.has(slot) || (PIPELINE_ORDER as readonly string[]).includes(slot)) continue;
    throw new ResilienceError(
      'OPTION_INVALID',
      options.name ?? 'pipeline',
      `A pipeline has no part "${slot}". Use some of: ${PIPELINE_ORDER.join(', ')}.`,
    );
  }
}

const USUAL_PROBE_TIMEOUT_MS = 20_000;

/** A probe has twice the time of an attempt, and never less than the breaker's default. */
function probeTimeout(timeout: PipelineOptions['timeout']): Pick<CircuitBreakerOptions, 'probeTimeoutMs'> {
  const ms: unknown = timeout?.ms;
  if (typeof ms !== 'number' || !(2 * ms > USUAL_PROBE_TIMEOUT_MS)) return {};
  return { probeTimeoutMs: Math.min(2 * ms, MAX_DELAY_MS) };
}

function checkTimes(
  name: string,
  options: PipelineOptions,
  { deadline, timeout, hedge }: PipelineParts,
): void {
  const { probeTimeoutMs, slowCallMs } = (options.breaker ?? {}) as CircuitBreakerOptions;
  if (
    hedge !== undefined &&
    (options.retry as RetryOptions | undefined)?.idempotent === false &&
    (options.hedge as HedgeOptions).idempotent !== false
  ) {
    contradiction(
      name,
      'retry.idempotent is false, but hedge runs the work twice at once',
      'Leave hedge out, or set hedge.idempotent to false as well',
    );
  }
  // With a bulkhead in between, the wait for its slot is on top of the attempt's time.
  if (timeout !== undefined && options.bulkhead === undefined) {
    if (hedge !== undefined) checkOrder(name, ['hedge.afterMs', hedge.afterMs], ['timeout.ms', timeout.ms]);
    if (typeof slowCallMs === 'number' && slowCallMs !== Infinity) {
      checkOrder(name, ['breaker.slowCallMs', slowCallMs], ['timeout.ms', timeout.ms]);
    }
  }
  if (timeout !== undefined && typeof probeTimeoutMs === 'number') {
    checkOrder(name, ['timeout.ms', timeout.ms], ['breaker.probeTimeoutMs', probeTimeoutMs]);
  }
  if (hedge !== undefined && deadline !== undefined) {
    checkOrder(name, ['hedge.afterMs', hedge.afterMs], ['deadline.ms', deadline.ms]);
  }
  if (deadline === undefined || timeout === undefined || timeout.ms <= deadline.ms) return;
  throw new ResilienceError(
    'OPTION_INVALID',
    name,
    `${name}: timeout (${timeout.ms} ms, of one attempt) is longer than deadline (${deadline.ms} ms, of all of them). Shorten the one or lengthen the other.`,
  );
}

/** Options are compared one level deep: what they hold is numbers, functions and policies. */
function saysTheSame(one: object | undefined, other: object): boolean {
  if (one === undefined || 'execute' in one) return false;
  if (one === other) return true;
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(other).length &&
    entries.every(([key, value]) => Object.is(value, (other as Readonly<Record<string, unknown>>)[key]))
  );
}
