import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';

/** How one orchestrator depends on another. `through` names services between the two. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** How it is declared. */
  readonly kind: 'inject' | 'dependsOn' | 'lazy';
  readonly through: readonly string[];
}

const NONE: readonly never[] = Object.freeze([]);

/** One orchestrator with what it depends on, each once, services between them left out. */
export class GraphNode {
  readonly unit: OrchestratorUnit;
  /** What must be up before it. */
  readonly needs: GraphNode[] = [];
  #lazily: GraphNode[] | undefined;
  /** For walks over the graph, which set it anew. */
  mark: 'new' | 'open' | 'done' = 'new';
  /** Who linked to it last, so that nobody does twice. */
  #needed: GraphNode | undefined;
  #reached: GraphNode | undefined;

  constructor(unit: OrchestratorUnit) {
    this.unit = unit;
  }

  /** What it reaches lazily: stopped after it, where that is possible. */
  get lazily(): readonly GraphNode[] {
    return this.#lazily ?? NONE;
  }

  /** All links of one node must be made before those of the next. */
  need(other: GraphNode): void {
    if (other.#needed === this) return;
    other.#needed = this;
    this.needs.push(other);
  }

  /** As {@link need}. */
  reachLazily(other: GraphNode): void {
    if (other.#reached === this) return;
    other.#reached = this;
    (this.#lazily ??= []).push(other);
  }
}
