import type { AttemptScope } from '../attempt-scope.js';
import type { AbortChild } from '../signal-links.js';

/** One call let through a half-open circuit. */
export class Probe implements AbortChild {
  readonly startedAt: number;
  readonly #probes: Probes;
  readonly #scope: AttemptScope;

  constructor(probes: Probes, scope: AttemptScope, startedAt: number) {
    this.#probes = probes;
    this.#scope = scope;
    this.startedAt = startedAt;
    if (scope.abortable) scope.link(this);
  }

  /** Its caller has cancelled: the permit is free at once, even if the work goes on. */
  parentAborted(): void {
    this.#probes.giveBack(this);
  }

  unlink(): void {
    this.#scope.unlink(this);
  }
}

/** The permits of one half-open period. Taken synchronously, so that no two calls can take the same one. */
export class Probes {
  readonly #permits: number;
  /** In the order they began. */
  readonly #running = new Set<Probe>();
  #good = 0;

  constructor(permits: number) {
    this.#permits = permits;
  }

  /** A permit; undefined when all are taken or have been used well. */
  take(scope: AttemptScope, now: number): Probe | undefined {
    if (this.#good + this.#running.size >= this.#permits) return undefined;
    const probe = new Probe(this, scope, now);
    this.#running.add(probe);
    return probe;
  }

  /** When the probe that has been running for longest began; Infinity with none. */
  get oldestSince(): number {
    for (const probe of this.#running) return probe.startedAt;
    return Infinity;
  }

  /** Ends a probe without a verdict. False if it had ended before, or was given up. */
  giveBack(probe: Probe): boolean {
    probe.unlink();
    return this.#running.delete(probe);
  }

  /** A probe has succeeded. True if it was the last one needed. */
  succeeded(probe: Probe): boolean {
    if (!this.giveBack(probe)) return false;
    this.#good += 1;
    return this.#good >= this.#permits;
  }

  /** The half-open period is over: whatever still runs means nothing any more. */
  close(): void {
    for (const probe of this.#running) probe.unlink();
    this.#running.clear();
  }
}
