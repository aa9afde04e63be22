import { drainUnit } from '../facade/orchestration-facade.js';
import type { Runtime } from '../facade/runtime.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';

/** What happens to orchestrators whose bindings somebody takes out of the container. */
export class Departures {
  readonly #runtime: Runtime;
  /** Those under way. */
  readonly #leaving = new Map<OrchestratorUnit, Promise<void>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Stops one that is up; `undefined` where there is nothing to wait for. */
  leave(unit: OrchestratorUnit, timeoutMs: number): Promise<void> | undefined {
    switch (unit.state) {
      // What has been stopped in order is not stopped again; a bare unbind cleans up this one.
      case 'registered':
      case 'stopped':
        return undefined;
      case 'failed':
        void unit.lifecycle.stop();
        return undefined;
      default: {
        const gone = this.#leave(unit, timeoutMs).finally(() => this.#leaving.delete(unit));
        this.#leaving.set(unit, gone);
        return gone;
      }
    }
  }

  /** What needs it and goes too goes first, then its calls end, then it stops. */
  async #leave(unit: OrchestratorUnit, timeoutMs: number): Promise<void> {
    // The others of the same unbindAll are told in this turn.
    await Promise.resolve();
    const dependants = [...this.#leaving].filter(([other]) => other.dependencies.includes(unit.name));
    await Promise.all(dependants.map(([, leaving]) => leaving));
    await unit.lifecycle.drain(timeoutMs);
    unit.callable = false;
    await drainUnit(this.#runtime, unit, timeoutMs);
    await unit.lifecycle.stop();
  }
}
