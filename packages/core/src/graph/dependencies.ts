import type { DependencyGraph } from './dependency-graph.js';

/** Writes into each orchestrator what it needs; a graph itself is let go when all are up. */
export function noteDependencies(graph: DependencyGraph): void {
  for (const { unit, needs } of graph.nodes) unit.dependencies = needs.map((needed) => needed.unit.name);
}
