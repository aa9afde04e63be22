import type { MeshPolicy } from '../deployment-driver.js';
import { TrafficCounter } from '../traffic.js';
import type { Backend } from './backend.js';

/** The replicas of one version behind the balancer, and what they answered. */
export class VersionPool {
  readonly counter = new TrafficCounter();
  #backends: Backend[] = [];
  #turn = 0;

  get size(): number {
    return this.#backends.length;
  }

  add(backend: Backend): void {
    this.#backends.push(backend);
  }

  /** From now on it gets no request. */
  remove(backend: Backend): void {
    this.#backends = this.#backends.filter((each) => each !== backend);
  }

  /**
   * The replica with the fewest requests, in turn among equals; `undefined` where all are full or were tried.
   * One that was taken out is asked only where no other is left.
   */
  pick(policy: MeshPolicy, now: number, tried: ReadonlySet<Backend>): Backend | undefined {
    const room = policy.maxConnections + policy.maxPending;
    const open = this.#backends.filter((each) => !tried.has(each) && each.inFlight < room);
    const sound = open.filter((each) => each.ejectedUntil <= now);
    const candidates = sound.length > 0 ? sound : open;
    if (candidates.length === 0) return undefined;
    this.#turn += 1;
    const least = Math.min(...candidates.map(({ inFlight }) => inFlight));
    const equal = candidates.filter(({ inFlight }) => inFlight === least);
    return equal[this.#turn % equal.length];
  }
}
