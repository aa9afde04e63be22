import { checkCount, checkFunction, checkMs, checkNumber, checkOrder, given } from '../options.js';
import { shareOf } from '../share-of.js';

/** Where the limit begins, and between which bounds it moves. */
export interface AdaptiveLimitOptions {
  /** Where the limit starts. @default 20 @minimum min */
  readonly initial?: number;
  /** The limit never goes below. @default 2 @minimum 1 */
  readonly min?: number;
  /** Nor above. @default 1_000 @minimum min */
  readonly max?: number;
  /** Times slower than without load that counts as not slower; 1 to 10. @default 1.25 */
  readonly tolerance?: number;
  /** Shortest time between two adjustments, in ms; there are at least ten latencies in each. @default 100 @minimum 1 */
  readonly windowMs?: number;
  /** Time after which the latency without load is measured anew, in ms; varied by a tenth. @default 30_000 @minimum windowMs */
  readonly remeasureMs?: number;
}

const MIN_SAMPLES = 10;
/** What is left of the limit after a window in which work was refused or timed out further on. */
const DECREASE = 0.9;
const SMALLEST_GRADIENT = 0.5;
/** A latency without load that comes out lower by more than this share may still be too high. */
const IMPROVED = 0.9;

type Phase =
  /** The limit follows the gradient. */
  | 'steady'
  /** The limit is lowered; what was queued under the higher one has still to end. */
  | 'draining'
  /** The limit is lowered; latencies are those without load. */
  | 'measuring';

/**
 * How much work may run at once, found from how its latency answers to load.
 *
 * Each window: `limit' = limit · gradient + headroom`, where `gradient = tolerance · unloaded / mean latency`, held between 0.5 and 1, and
 * `headroom = √limit / 2`, at least 1. While latency stays near what it is without load the limit grows by the headroom; when work begins to
 * queue it settles where both balance. A window in which work was refused or timed out further on multiplies the limit by 0.9 instead
 * (AIMD). The limit does not grow while less than half of it is used.
 *
 * The latency without load is the lowest window's; under lasting load it can no more be seen, and a mere average would drift upwards with the queue.
 * So every `remeasureMs` the limit is halved for one window, once more as long as that makes the work faster.
 *
 * Sources: the gradient and its bounds, Netflix's concurrency-limits (Gradient2Limit); measuring under a lowered limit, the adaptive
 * concurrency filter of Envoy.
 */
export class AdaptiveLimit {
  readonly #min: number;
  readonly #max: number;
  readonly #tolerance: number;
  readonly #windowMs: number;
  readonly #remeasureMs: number;
  readonly #random: () => number;
  #limit: number;
  /** The limit to go back to after measuring. */
  #before = 0;
  #phase: Phase = 'steady';
  #phaseSince = 0;
  #unloadedMs = Infinity;
  #measureAt = -1;
  #hasMeasured = false;
  #windowSince = -1;
  #count = 0;
  #sumMs = 0;
  #peak = 0;
  #overloaded = false;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(policy: string, options: AdaptiveLimitOptions, random: () => number) {
    this.#min = checkCount(policy, 'limit.min', given(options.min, 2));
    this.#max = checkCount(policy, 'limit.max', given(options.max, Math.max(1_000, this.#min)));
    checkOrder(policy, ['limit.min', this.#min], ['limit.max', this.#max]);
    const initial = given(options.initial, Math.min(this.#max, Math.max(20, this.#min)));
    this.#limit = checkNumber(policy, 'limit.initial', initial, 1, Number.MAX_SAFE_INTEGER);
    checkOrder(policy, ['limit.min', this.#min], ['limit.initial', initial]);
    checkOrder(policy, ['limit.initial', initial], ['limit.max', this.#max]);
    this.#tolerance = checkNumber(policy, 'limit.tolerance', given(options.tolerance, 1.25), 1, 10);
    this.#windowMs = checkMs(policy, 'limit.windowMs', given(options.windowMs, 100), 1);
    const remeasureMs = given(options.remeasureMs, Math.max(30_000, this.#windowMs));
    this.#remeasureMs = checkMs(policy, 'limit.remeasureMs', remeasureMs, 1);
    checkOrder(policy, ['limit.windowMs', this.#windowMs], ['limit.remeasureMs', remeasureMs]);
    this.#random = checkFunction(policy, 'random', random);
  }

  /** Executions that may run at once; not a whole number. */
  get limit(): number {
    return this.#limit;
  }

  /** Mean latency without load, in ms; Infinity before it is known. */
  get unloadedMs(): number {
    return this.#unloadedMs;
  }

  /** Work that began at `startedAt` with `inFlight` executions, itself included, has ended well at `now`. */
  succeeded(startedAt: number, now: number, inFlight: number): void {
    if (this.#phase !== 'steady') {
      if (this.#phase === 'draining' && inFlight <= this.#limit) this.#enter('measuring', now);
      // Begun while there was still a queue: it says nothing about the latency without one.
      if (this.#phase !== 'measuring' || startedAt < this.#phaseSince) {
        if (now - this.#phaseSince > this.#remeasureMs) this.#endMeasuring(now);
        return;
      }
    }
    if (this.#windowSince < 0) this.#windowSince = startedAt;
    if (inFlight > this.#peak) this.#peak = inFlight;
    this.#count += 1;
    this.#sumMs += now - startedAt;
    if (this.#count >= MIN_SAMPLES && now - this.#windowSince >= this.#windowMs) this.#endWindow(now);
  }

  /** Work was refused for load, or timed out, further on. */
  overloaded(now: number): void {
    this.#overloaded = true;
    if (this.#windowSince < 0) this.#windowSince = now;
    else if (this.#phase === 'steady' && now - this.#windowSince >= this.#windowMs) this.#endWindow(now);
  }

  #endWindow(now: number): void {
    const meanMs = this.#count === 0 ? Infinity : Math.max(this.#sumMs / this.#count, Number.MIN_VALUE);
    if (this.#phase === 'measuring') this.#measured(meanMs, now);
    else this.#adjust(meanMs, now);
    this.#clearWindow(now);
  }

  #adjust(meanMs: number, now: number): void {
    const isHalfEmpty = this.#peak < this.#limit / 2;
    const isDue = now >= this.#measureAt;
    if (meanMs < this.#unloadedMs || (isDue && isHalfEmpty && meanMs !== Infinity)) this.#unloadedMs = meanMs;
    if (this.#overloaded) {
      this.#set(this.#limit * DECREASE);
    } else if (!isHalfEmpty) {
      const gradient = (this.#tolerance * this.#unloadedMs) / meanMs;
      const headroom = Math.max(1, Math.sqrt(this.#limit) / 2);
      this.#set(this.#limit * Math.max(SMALLEST_GRADIENT, Math.min(1, gradient)) + headroom);
    }
    if (!isDue) return;
    if (isHalfEmpty) this.#planMeasuring(now);
    else this.#lower(now);
  }

  /** Halves the limit to see how fast the work is with less of it. */
  #lower(now: number): void {
    if (this.#before === 0) {
      this.#before = this.#limit;
      // What was seen while the first limit filled up is no measure of anything.
      if (!this.#hasMeasured) this.#unloadedMs = Infinity;
    }
    this.#set(this.#limit / 2);
    this.#enter('draining', now);
  }

  #measured(meanMs: number, now: number): void {
    const improved = meanMs < this.#unloadedMs * IMPROVED;
    this.#unloadedMs = meanMs;
    this.#hasMeasured = true;
    if (improved && this.#limit > this.#min) this.#lower(now);
    else this.#endMeasuring(now);
  }

  #endMeasuring(now: number): void {
    this.#set(this.#before);
    this.#before = 0;
    this.#enter('steady', now);
    this.#planMeasuring(now);
    this.#clearWindow(now);
  }

  #planMeasuring(now: number): void {
    this.#measureAt = now + this.#remeasureMs * (0.9 + 0.2 * shareOf(this.#random));
  }

  #enter(phase: Phase, now: number): void {
    this.#phase = phase;
    this.#phaseSince = now;
    this.#clearWindow(now);
  }

  #clearWindow(now: number): void {
    this.#windowSince = now;
    this.#count = 0;
    this.#sumMs = 0;
    this.#peak = 0;
    this.#overloaded = false;
  }

  #set(limit: number): void {
    this.#limit = Math.min(this.#max, Math.max(this.#min, limit));
  }
}
