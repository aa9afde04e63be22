import { Agent } from 'node:http';
import type { Clock } from '@kapelle/core';

/** A server behind the balancer. */
export class Backend {
  readonly host: string;
  readonly port: number;
  /** Kept connections; one socket carries one request at a time. */
  readonly agent: Agent;
  /** Monotonic time until which it gets nothing, because it failed too often in a row. */
  ejectedUntil = -Infinity;
  #failuresInRow = 0;
  #inFlight = 0;
  readonly #idle = new Set<() => void>();

  constructor(host: string, port: number, maxConnections: number) {
    this.host = host;
    this.port = port;
    // Shorter than the 5 s after which a Node server closes an idle connection itself.
    this.agent = new Agent({
      keepAlive: true,
      maxSockets: maxConnections,
      maxFreeSockets: 32,
      timeout: 4_000,
    });
  }

  /** Requests that it has not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  begin(): void {
    this.#inFlight += 1;
  }

  end(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const tell of [...this.#idle]) tell();
  }

  /** Takes it out for a while after so many failures in a row. */
  judge(
    isGood: boolean,
    policy: { readonly ejectAfter: number; readonly ejectMs: number },
    now: number,
  ): void {
    this.#failuresInRow = isGood ? 0 : this.#failuresInRow + 1;
    if (this.#failuresInRow < policy.ejectAfter) return;
    this.#failuresInRow = 0;
    this.ejectedUntil = now + policy.ejectMs;
  }

  /** Whether every request was answered within the time; then its connections are closed. */
  async drained(clock: Clock, timeoutMs: number): Promise<boolean> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clock.clearTimeout(timer);
          this.#idle.delete(done);
          resolve();
        };
        const timer = clock.setTimeout(done, timeoutMs);
        this.#idle.add(done);
      });
    }
    const isDrained = this.#inFlight === 0;
    this.agent.destroy();
    return isDrained;
  }
}
