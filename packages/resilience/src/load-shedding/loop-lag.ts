import { monitorEventLoopDelay } from 'node:perf_hooks';

import { checkCount, checkFunction, checkMs, checkOptions, checkOrder, given } from '../options.js';

/** Knows how late the event loop runs. */
export interface LoopProbe {
  /** The 99th percentile of the delays since it was last asked, in ms, without the resolution of the measuring itself. */
  readP99Ms(): number;
}

/** How the lag of the event loop is sampled, and when it is too long. */
export interface LoopLagOptions {
  /** @default none: the loop is not watched */
  readonly probe: LoopProbe;
  /** Time between two samples, in ms. Taken while executions come; none holds a timer. @default 1_000 @minimum 1 */
  readonly sampleMs?: number;
  /** Above it, in ms, in `lagSamples` samples in a row, the loop lags. @default 100 */
  readonly lagMs?: number;
  /** @default 2 @minimum 1 */
  readonly lagSamples?: number;
  /** Above it, in ms, in `stuckSamples` samples in a row, the loop is stuck. @default 500 @minimum lagMs */
  readonly stuckMs?: number;
  /** @default 3 @minimum 1 */
  readonly stuckSamples?: number;
}

/** How the event loop does. */
export type LoopState =
  /** In time. */
  | 'calm'
  /** Late: unimportant work is shed, the rest is held down. */
  | 'lagging'
  /** Very late: the process should not get traffic. */
  | 'stuck';

const CALM_SAMPLES = 2;
/** After a pause of so many samples what was measured is history. */
const STALE_SAMPLES = 5;

/** Samples a probe, and says how the loop does; a state is left after two samples in time. */
export class LoopLag {
  readonly sampleMs: number;
  readonly #probe: LoopProbe;
  readonly #lagMs: number;
  readonly #lagSamples: number;
  readonly #stuckMs: number;
  readonly #stuckSamples: number;
  #nextAt = -Infinity;
  #late = 0;
  #veryLate = 0;
  #inTime = 0;
  #lastMs = 0;
  #state: LoopState = 'calm';

  /** @throws ResilienceError OPTION_INVALID */
  constructor(policy: string, options: LoopLagOptions) {
    this.#probe = options.probe;
    checkFunction(policy, 'loop.probe.readP99Ms', (options.probe as LoopProbe | null | undefined)?.readP99Ms);
    this.sampleMs = checkMs(policy, 'loop.sampleMs', given(options.sampleMs, 1_000), 1);
    this.#lagMs = checkMs(policy, 'loop.lagMs', given(options.lagMs, 100));
    this.#lagSamples = checkCount(policy, 'loop.lagSamples', given(options.lagSamples, 2));
    const stuckMs = given(options.stuckMs, Math.max(500, this.#lagMs));
    this.#stuckMs = checkMs(policy, 'loop.stuckMs', stuckMs);
    checkOrder(policy, ['loop.lagMs', this.#lagMs], ['loop.stuckMs', stuckMs]);
    this.#stuckSamples = checkCount(policy, 'loop.stuckSamples', given(options.stuckSamples, 3));
  }

  get state(): LoopState {
    return this.#state;
  }

  /** The last sample, in ms. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Takes a sample where one is due, and says what it was. */
  sample(now: number): 'late' | 'in-time' | undefined {
    if (now < this.#nextAt) return undefined;
    const isStale = now - this.#nextAt > STALE_SAMPLES * this.sampleMs;
    this.#nextAt = now + this.sampleMs;
    const delayMs = this.#read();
    if (isStale) {
      this.#late = this.#veryLate = this.#inTime = 0;
      this.#lastMs = 0;
      this.#state = 'calm';
      return 'in-time';
    }
    this.#lastMs = delayMs;
    this.#late = delayMs > this.#lagMs ? this.#late + 1 : 0;
    this.#veryLate = delayMs > this.#stuckMs ? this.#veryLate + 1 : 0;
    this.#inTime = delayMs > this.#lagMs ? 0 : this.#inTime + 1;
    if (this.#veryLate >= this.#stuckSamples) this.#state = 'stuck';
    else if (this.#late >= this.#lagSamples && this.#state === 'calm') this.#state = 'lagging';
    else if (this.#inTime >= CALM_SAMPLES) this.#state = 'calm';
    return this.#late > 0 ? 'late' : 'in-time';
  }

  #read(): number {
    try {
      const delayMs = this.#probe.readP99Ms();
      return delayMs > 0 ? delayMs : 0;
    } catch {
      // A probe that fails says nothing.
      return 0;
    }
  }
}

/** Node's own measurement of the event loop's delay. */
export interface EventLoopProbe extends LoopProbe {
  /** Stops measuring. */
  close(): void;
}

/** Measures with Node's delay histogram, whose timer does not hold the process. @throws ResilienceError OPTION_INVALID */
export function eventLoopProbe(
  options: { /** In ms. @default 20 */ readonly resolutionMs?: number } = {},
): EventLoopProbe {
  const { resolutionMs = 20 } = checkOptions('event-loop-probe', options);
  checkCount('event-loop-probe', 'resolutionMs', resolutionMs);
  checkMs('event-loop-probe', 'resolutionMs', resolutionMs, 1);
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    readP99Ms: () => {
      const p99Ms = histogram.percentile(99) / 1e6;
      histogram.reset();
      return Math.max(0, p99Ms - resolutionMs);
    },
    close: () => {
      histogram.disable();
    },
  };
}
