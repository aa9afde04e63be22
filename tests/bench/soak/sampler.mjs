/** What a process holds: heap, what keeps it alive, listeners; and how late its event loop is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The same as --expose-gc, for a program that was started without it.
setFlagsFromString('--expose-gc');
const collect = globalThis.gc ?? runInNewContext('gc');

const RESOLUTION_MS = 5;
const NANOS_PER_MS = 1e6;

export function heapBytes() {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** What is in use, by kind: timers, sockets, files. */
export function handles() {
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Listeners on the process, by event. */
export const processListeners = () =>
  Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));

/** Kinds of which `after` has more, with how many. */
export function beyond(before, after) {
  return Object.fromEntries(
    Object.entries(after)
      .map(([kind, count]) => [kind, count - (before[kind] ?? 0)])
      .filter(([, more]) => more > 0),
  );
}

/** How late the event loop is while it is watched, in ms. What the sampling itself takes is left out. */
export class LoopDelay {
  #histogram;

  start() {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
  }

  /** Ends watching; the p99 and the greatest since the start. Each delay contains the time between two looks. */
  stop() {
    const histogram = this.#histogram;
    histogram.disable();
    const ms = (nanos) => (histogram.count === 0 ? 0 : Math.max(0, nanos / NANOS_PER_MS - RESOLUTION_MS));
    return { p99Ms: ms(histogram.percentile(99)), maxMs: ms(histogram.max) };
  }
}
