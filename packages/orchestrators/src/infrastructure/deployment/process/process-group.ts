import type { Clock, TimerHandle } from '@kapelle/core';
import type { DeploymentGoal, DeploymentRelease, ReleaseStatus } from '../deployment-driver.js';
import { DeploymentError } from '../deployment-error.js';
import type { LoadBalancer } from './load-balancer.js';
import { Replica } from './replica.js';

/** What a group works with. */
export interface ProcessGroupInit {
  readonly clock: Clock;
  readonly balancer: LoadBalancer;
  readonly start: (release: DeploymentRelease, signal: AbortSignal) => Promise<Replica>;
  readonly drainMs: number;
  readonly termMs: number;
}

interface Running extends DeploymentRelease {
  readonly replica: Replica;
}

const RESTART_MS = 500;
const RESTART_CAP_MS = 10_000;

/**
 * The replicas of one service behind its balancer. As many as were asked for: one that dies by itself is
 * replaced, ever more slowly.
 */
export class ProcessGroup {
  readonly balancer: LoadBalancer;
  readonly #init: ProcessGroupInit;
  #running: readonly Running[] = [];
  #goal: DeploymentGoal['releases'] = [];
  #generation = 0;
  #deaths = 0;
  readonly #stopping = new Set<Promise<void>>();
  readonly #restarts = new Set<TimerHandle>();
  readonly #closing = new AbortController();

  constructor(init: ProcessGroupInit) {
    this.#init = init;
    this.balancer = init.balancer;
  }

  /** What there is now. */
  status(): readonly ReleaseStatus[] {
    const versions = new Map(
      [...this.#goal, ...this.#running].map(({ version, artifact }) => [version, artifact] as const),
    );
    return [...versions].map(([version, artifact]) => {
      const ready = this.#of(version).length;
      return {
        version,
        ...(artifact === undefined ? {} : { artifact }),
        replicas: Math.max(ready, this.#goal.find((each) => each.version === version)?.replicas ?? 0),
        ready,
        share: this.balancer.shareOf(version),
      };
    });
  }

  /** A later goal ends the work for an earlier one. */
  async apply(goal: DeploymentGoal, outer: AbortSignal): Promise<readonly ReleaseStatus[]> {
    this.#generation += 1;
    const generation = this.#generation;
    const signal = AbortSignal.any([outer, this.#closing.signal]);
    const check = (): void => {
      signal.throwIfAborted();
      if (this.#generation !== generation) {
        throw new DeploymentError(
          'DEPLOYMENT_DRIVER_FAILED',
          'Another state was asked for meanwhile. Ask for the status.',
        );
      }
    };
    check();
    await this.#startMissing(goal, signal, check);
    check();
    this.#goal = goal.releases;
    this.#deaths = 0;
    this.balancer.setShares(goal.releases.map(({ version, share }) => ({ key: version, share })));
    const surplus = this.#surplus(goal);
    await Promise.all(surplus.map((each) => this.#stop(each)));
    return this.status();
  }

  /** Ends every replica, those that are just starting too. */
  async close(): Promise<void> {
    this.#generation += 1;
    this.#closing.abort(
      new DeploymentError('DEPLOYMENT_INTERRUPTED', 'The driver is closing. Deploy again when it runs.'),
    );
    for (const timer of this.#restarts) this.#init.clock.clearTimeout(timer);
    this.#goal = [];
    await Promise.all(this.#running.map((each) => this.#stop(each)));
    await Promise.all(this.#stopping);
    await this.balancer.close();
  }

  async #startMissing(goal: DeploymentGoal, signal: AbortSignal, check: () => void): Promise<void> {
    const missing = goal.releases.flatMap((release) =>
      Array.from({ length: Math.max(0, release.replicas - this.#of(release.version).length) }, () => release),
    );
    const begun = await Promise.allSettled(
      missing.map(async (release) => ({ release, replica: await this.#init.start(release, signal) })),
    );
    const started = begun.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failure = begun.find((each) => each.status === 'rejected');
    try {
      if (failure !== undefined) throw failure.reason;
      check();
    } catch (error) {
      await Promise.all(started.map(({ replica }) => replica.stop(this.#init.termMs)));
      throw error;
    }
    for (const { release, replica } of started) this.#take(release, replica);
  }

  #take({ version, artifact }: DeploymentRelease, replica: Replica): void {
    const running: Running = { version, ...(artifact === undefined ? {} : { artifact }), replica };
    this.#running = [...this.#running, running];
    this.balancer.add(version, replica.backend);
    void replica.exited.then(() => this.#died(running));
  }

  #died(dead: Running): void {
    if (!this.#running.includes(dead)) return;
    this.#forget(dead);
    // What it left of its group goes with it.
    void dead.replica.stop(0);
    this.#replaceLater(dead.version);
  }

  #replaceLater(version: string): void {
    const { clock, start } = this.#init;
    const delayMs = Math.min(RESTART_CAP_MS, RESTART_MS * 2 ** Math.min(this.#deaths, 10));
    this.#deaths += 1;
    const generation = this.#generation;
    const timer = clock.setTimeout(() => {
      this.#restarts.delete(timer);
      const release = this.#goal.find((each) => each.version === version);
      if (this.#closing.signal.aborted || release === undefined) return;
      if (this.#of(version).length >= release.replicas) return;
      start(release, this.#closing.signal).then(
        (replica) => {
          const isWanted = this.#generation === generation && this.#of(version).length < release.replicas;
          if (isWanted && !this.#closing.signal.aborted) this.#take(release, replica);
          else void replica.stop(this.#init.termMs);
        },
        () => {
          if (!this.#closing.signal.aborted && this.#generation === generation) this.#replaceLater(version);
        },
      );
    }, delayMs);
    this.#restarts.add(timer);
  }

  /** Those of versions with too many, the oldest first. */
  #surplus(goal: DeploymentGoal): readonly Running[] {
    return [...new Set(this.#running.map(({ version }) => version))].flatMap((version) => {
      const wanted = goal.releases.find((each) => each.version === version)?.replicas ?? 0;
      const all = this.#of(version);
      return all.slice(0, Math.max(0, all.length - wanted));
    });
  }

  #stop(running: Running): Promise<void> {
    const { clock, drainMs, termMs } = this.#init;
    this.#forget(running);
    const stopped = running.replica.backend
      .drained(clock, drainMs)
      .then(() => running.replica.stop(termMs))
      .finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
    return stopped;
  }

  #forget(running: Running): void {
    this.#running = this.#running.filter((each) => each !== running);
    this.balancer.remove(running.version, running.replica.backend);
  }

  #of(version: string): readonly Running[] {
    return this.#running.filter((each) => each.version === version);
  }
}
