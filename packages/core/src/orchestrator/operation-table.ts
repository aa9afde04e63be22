import type { CompiledOperation } from './orchestrator-unit.js';

/** From how many operations on an index is worth its memory. */
const INDEXED_FROM = 12;

/**
 * The operations of one orchestrator, by name, in the order of their declaration. A list while there are few, as nearly
 * everywhere: a map takes three times the memory, and there is one per orchestrator.
 */
export class OperationTable {
  #list: readonly CompiledOperation[] = [];
  #index: Map<string, CompiledOperation> | undefined;

  get size(): number {
    return this.#list.length;
  }

  get(name: string): CompiledOperation | undefined {
    if (this.#index !== undefined) return this.#index.get(name);
    for (const operation of this.#list) if (operation.name === name) return operation;
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(operation: CompiledOperation): void {
    // Not pushed to and not spread: what grows keeps room for a dozen more.
    this.#list = this.#list.concat(operation);
    if (this.#list.length >= INDEXED_FROM) this.#index = new Map(this.#list.map((each) => [each.name, each]));
  }

  values(): readonly CompiledOperation[] {
    return this.#list;
  }

  names(): string[] {
    return this.#list.map(({ name }) => name);
  }
}
