import { OrchestrationError } from '../errors.js';
import { OrchestrationFacade } from './orchestration-facade.js';

const KEY = Symbol.for('kapelle.globalFacade');

interface Slot {
  facade: OrchestrationFacade | undefined;
  /** The host that put its facade here. */
  owner: object | undefined;
}

function slot(): Slot {
  const holder = globalThis as { [KEY]?: Slot };
  return (holder[KEY] ??= { facade: undefined, owner: undefined });
}

/** The process-wide facade: that of the host made with `global: true`, else one made on first use. */
export function getOrchestrationFacade(): OrchestrationFacade {
  const current = slot();
  return (current.facade ??= new OrchestrationFacade());
}

/** Forgets the process-wide facade; for tests. It stops nothing. */
export function resetOrchestrationFacade(): void {
  const current = slot();
  current.facade = undefined;
  current.owner = undefined;
}

/** @internal @throws OrchestrationError `GLOBAL_FACADE_TAKEN` where another host has it */
export function claimGlobalFacade(owner: object, facade: OrchestrationFacade): void {
  const current = slot();
  if (current.owner !== undefined && current.owner !== owner) {
    throw new OrchestrationError(
      'GLOBAL_FACADE_TAKEN',
      'Another host holds the process-wide facade already.',
    );
  }
  current.owner = owner;
  current.facade = facade;
}

/** @internal */
export function releaseGlobalFacade(owner: object): void {
  const current = slot();
  if (current.owner !== owner) return;
  current.owner = undefined;
  current.facade = undefined;
}
