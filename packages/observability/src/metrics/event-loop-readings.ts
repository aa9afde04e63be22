import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
} from 'node:perf_hooks';

import type { Reading } from './reading.js';

const RESOLUTION_MS = 20;
const NANOS = 1e9;

/** How late the event loop is, and how busy: measured between {@link start} and {@link stop}, told per scrape. */
export class EventLoopReadings {
  #delay: IntervalHistogram | undefined;
  #utilization: EventLoopUtilization | undefined;

  start(): void {
    if (this.#delay !== undefined) return;
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delay.enable();
    this.#utilization = performance.eventLoopUtilization();
  }

  stop(): void {
    this.#delay?.disable();
    this.#delay = undefined;
    this.#utilization = undefined;
  }

  /** Of the time since the last reading. Each delay contains the 20 ms between two looks, which are taken off. */
  readDelay(): readonly Reading[] {
    const delay = this.#delay;
    if (delay === undefined) return [];
    const seconds = (nanos: number): number =>
      Number.isFinite(nanos) ? Math.max(0, nanos / NANOS - RESOLUTION_MS / 1_000) : 0;
    const empty = delay.count === 0;
    const readings = [
      { labels: { stat: 'mean' }, value: empty ? 0 : seconds(delay.mean) },
      { labels: { stat: 'p50' }, value: empty ? 0 : seconds(delay.percentile(50)) },
      { labels: { stat: 'p99' }, value: empty ? 0 : seconds(delay.percentile(99)) },
      { labels: { stat: 'max' }, value: empty ? 0 : seconds(delay.max) },
    ];
    delay.reset();
    return readings;
  }

  readUtilization(): readonly Reading[] {
    if (this.#utilization === undefined) return [];
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    return [{ labels: {}, value: Number.isFinite(utilization) ? utilization : 0 }];
  }
}
