import type { OrchestratorState } from '../events/events.js';
import { OrchestrationLayer, type OrchestrationType } from '../layers.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { GraphEdge } from './graph-node.js';

/** An orchestrator in the graph. */
export interface GraphViewNode {
  readonly name: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly state: OrchestratorState;
}

/** The graph of a host as plain data. */
export interface GraphJSON {
  readonly nodes: readonly GraphViewNode[];
  readonly edges: readonly GraphEdge[];
}

/** The graph of a host, to look at: as data, as Mermaid and as Graphviz DOT. */
export class GraphView {
  readonly nodes: readonly GraphViewNode[];
  readonly edges: readonly GraphEdge[];

  constructor(units: Iterable<OrchestratorUnit>, edges: readonly GraphEdge[]) {
    this.nodes = [...units].map(({ name, layer, type, state }) => ({ name, layer, type, state }));
    this.edges = edges;
  }

  toJSON(): GraphJSON {
    return { nodes: this.nodes, edges: this.edges };
  }

  /** A Mermaid flowchart with a box per layer; lazy edges are dotted. */
  toMermaid(): string {
    const ids = this.#ids();
    const lines = ['flowchart TD'];
    for (const layer of Object.values(OrchestrationLayer)) {
      const members = this.nodes.filter((node) => node.layer === layer);
      if (members.length === 0) continue;
      lines.push(`  subgraph ${layer}`);
      for (const { name, type } of members) lines.push(`    ${ids.get(name)}["${name}<br/>${type}"]`);
      lines.push('  end');
    }
    for (const { from, to, kind } of this.edges) {
      lines.push(`  ${ids.get(from)} ${kind === 'lazy' ? '-.->' : '-->'} ${ids.get(to)}`);
    }
    return `${lines.join('\n')}\n`;
  }

  /** A Graphviz digraph with a cluster per layer; lazy edges are dashed. */
  toDot(): string {
    const lines = ['digraph orchestrators {', '  rankdir=TB;', '  node [shape=box];'];
    for (const layer of Object.values(OrchestrationLayer)) {
      const members = this.nodes.filter((node) => node.layer === layer);
      if (members.length === 0) continue;
      lines.push(`  subgraph "cluster_${layer}" {`, `    label="${layer}";`);
      for (const { name, type } of members) lines.push(`    "${name}" [label="${name}\\n${type}"];`);
      lines.push('  }');
    }
    for (const { from, to, kind } of this.edges) {
      lines.push(`  "${from}" -> "${to}"${kind === 'lazy' ? ' [style=dashed]' : ''};`);
    }
    return `${lines.join('\n')}\n}\n`;
  }

  #ids(): Map<string, string> {
    return new Map(this.nodes.map(({ name }, index) => [name, `n${index}`]));
  }
}
