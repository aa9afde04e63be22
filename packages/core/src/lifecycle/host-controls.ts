import type { ShutdownOptions } from './host-options.js';
import type { StopReport } from './stop-sequence.js';

/** How a host came down. */
export interface HostEnd {
  readonly report: StopReport;
  readonly reason: string;
  /** Whether a background task with `then: 'stop-host'` wanted it. */
  readonly byTask: boolean;
}

/** @internal What the runner of a process needs of a host beside what everybody may use. */
export class HostControls {
  /** Whether `totalTimeoutMs` is somebody's wish and not the default. */
  readonly isTotalTimeoutGiven: boolean;
  readonly #shutdown: ShutdownOptions;
  readonly #listeners = new Set<(end: HostEnd) => void>();
  #longestStopMs = Infinity;
  #isStopAnnounced = false;
  #byTask = false;

  constructor(shutdown: ShutdownOptions, isTotalTimeoutGiven: boolean) {
    this.#shutdown = shutdown;
    this.isTotalTimeoutGiven = isTotalTimeoutGiven;
  }

  /** The host's options, shortened by {@link limitStop}. */
  get shutdown(): ShutdownOptions {
    const totalTimeoutMs = Math.min(this.#shutdown.totalTimeoutMs, this.#longestStopMs);
    return { ...this.#shutdown, totalTimeoutMs };
  }

  /** Shortens every stop from now on; `Infinity` takes that back. */
  limitStop(totalTimeoutMs: number): void {
    this.#longestStopMs = totalTimeoutMs;
  }

  get isStopAnnounced(): boolean {
    return this.#isStopAnnounced;
  }

  /** A stop is coming: the host is not ready any more, and still serves. */
  announceStop(): void {
    this.#isStopAnnounced = true;
  }

  /** Calls `listener` at the end of each stop. Returns what takes it out. */
  onStopped(listener: (end: HostEnd) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For the host: it starts, and what was said of its last stop is void. */
  noteStart(): void {
    this.#isStopAnnounced = false;
    this.#byTask = false;
  }

  /** For the host: a background task wants it down. */
  noteTask(): void {
    this.#byTask = true;
  }

  /** For the host: it is down. */
  noteStopped(report: StopReport, reason: string): void {
    for (const listener of [...this.#listeners]) listener({ report, reason, byTask: this.#byTask });
  }
}

const controls = new WeakMap<object, HostControls>();

/** @internal */
export function provideControls(host: object, of: HostControls): void {
  controls.set(host, of);
}

/** @internal @throws TypeError for something that is not a host */
export function controlsOf(host: unknown): HostControls {
  const found = typeof host === 'object' && host !== null ? controls.get(host) : undefined;
  if (found === undefined) {
    throw new TypeError('runHost needs a host, as createOrchestrationHost makes it.');
  }
  return found;
}
