import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';

/**
 * Who must be down before each of `started` (in the order they came up): those that need it, and those that reach it
 * lazily as far as that closes no circle.
 */
export function stopOrder(
  started: readonly OrchestratorUnit[],
  lazilyOf: (unit: OrchestratorUnit) => readonly string[],
): ReadonlyMap<OrchestratorUnit, readonly OrchestratorUnit[]> {
  const byName = new Map(started.map((unit) => [unit.name, unit]));
  const position = new Map(started.map((unit, index) => [unit, index]));
  const before = new Map<OrchestratorUnit, OrchestratorUnit[]>(started.map((unit) => [unit, []]));
  const isBefore = (one: OrchestratorUnit, other: OrchestratorUnit): boolean =>
    (position.get(one) as number) < (position.get(other) as number);
  const forward: { readonly holder: OrchestratorUnit; readonly reached: OrchestratorUnit }[] = [];
  for (const unit of started) {
    for (const name of unit.dependencies) {
      const needed = byName.get(name);
      if (needed !== undefined) before.get(needed)?.push(unit);
    }
    for (const name of lazilyOf(unit)) {
      const reached = byName.get(name);
      if (reached === undefined || reached === unit) continue;
      // What came up before its holder goes down after it: as a need would, it points back in the order.
      if (isBefore(reached, unit)) before.get(reached)?.push(unit);
      else forward.push({ holder: unit, reached });
    }
  }
  for (const { holder, reached } of forward) {
    if (!mustWaitFor(holder, reached, before)) before.get(reached)?.push(holder);
  }
  return before;
}

/** Whether `unit` cannot go down before `other`, by what is known so far. */
function mustWaitFor(
  unit: OrchestratorUnit,
  other: OrchestratorUnit,
  before: ReadonlyMap<OrchestratorUnit, readonly OrchestratorUnit[]>,
): boolean {
  const seen = new Set<OrchestratorUnit>([unit]);
  for (const each of seen) {
    for (const earlier of before.get(each) ?? []) {
      if (earlier === other) return true;
      seen.add(earlier);
    }
  }
  return false;
}
