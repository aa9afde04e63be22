import { OrchestrationError } from '../errors.js';
import type { OrchestrationLayer } from '../layers.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { Directory } from './invoker.js';

/** The only truth about who is registered. */
export class Registry implements Directory {
  readonly #byName = new Map<string, OrchestratorUnit>();
  readonly #byClass = new Map<unknown, OrchestratorUnit>();

  find(ref: unknown): OrchestratorUnit | undefined {
    return typeof ref === 'string' ? this.#byName.get(ref) : this.#byClass.get(ref);
  }

  byName(name: string): OrchestratorUnit | undefined {
    return this.#byName.get(name);
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }

  units(): IterableIterator<OrchestratorUnit> {
    return this.#byName.values();
  }

  /** @throws OrchestrationError `ORCHESTRATOR_ALREADY_REGISTERED` */
  add(unit: OrchestratorUnit): void {
    if (this.#byName.has(unit.name)) {
      throw new OrchestrationError(
        'ORCHESTRATOR_ALREADY_REGISTERED',
        `Orchestrator '${unit.name}' is already registered.`,
      );
    }
    this.#byName.set(unit.name, unit);
    if (unit.target !== undefined && !this.#byClass.has(unit.target)) this.#byClass.set(unit.target, unit);
  }

  remove(unit: OrchestratorUnit): void {
    if (this.#byName.get(unit.name) === unit) this.#byName.delete(unit.name);
    if (unit.target !== undefined && this.#byClass.get(unit.target) === unit)
      this.#byClass.delete(unit.target);
  }

  /** Puts `unit` where `old` was, for calls by name, by its class, and by every class that `old` answered for. */
  replace(old: OrchestratorUnit, unit: OrchestratorUnit): void {
    this.#byName.set(unit.name, unit);
    for (const [target, answering] of this.#byClass) if (answering === old) this.#byClass.set(target, unit);
    if (unit.target !== undefined) this.#byClass.set(unit.target, unit);
  }

  instances(matches: (unit: OrchestratorUnit) => boolean): readonly OrchestratorProtocol[] {
    const found: OrchestratorProtocol[] = [];
    for (const unit of this.#byName.values()) {
      if (!matches(unit)) continue;
      const instance = unit.instance ?? unit.lifecycle.tryInstance();
      if (instance !== undefined) found.push(instance);
    }
    return Object.freeze(found);
  }

  byLayer(layer: OrchestrationLayer): readonly OrchestratorProtocol[] {
    return this.instances((unit) => unit.layer === layer);
  }
}
