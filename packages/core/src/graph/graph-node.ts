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
  readonly needs: GraphNode[];
  /** For walks over the graph, which set it anew. */
  mark: 'new' | 'open' | 'done';
  // Not private to the class: there may be ten thousand of these, and defining such fields is a step of its own.
  /** @internal */
  reached: GraphNode[] | undefined;
  /** @internal Who linked to it last, so that nobody does twice. */
  neededBy: GraphNode | undefined;
  /** @internal As {@link neededBy}, lazily. */
  reachedBy: GraphNode | undefined;

  constructor(unit: OrchestratorUnit) {
    this.unit = unit;
    this.needs = [];
    this.mark = 'new';
    this.reached = undefined;
    this.neededBy = undefined;
    this.reachedBy = undefined;
  }

  /** Whether a walk is done with all that it needs. */
  isReady(): boolean {
    const { needs } = this;
    for (let at = 0; at < needs.length; at += 1) if (needs[at]?.mark !== 'done') return false;
    return true;
  }

  /** What it reaches lazily: stopped after it, where that is possible. */
  get lazily(): readonly GraphNode[] {
    return this.reached ?? NONE;
  }

  /** All links of one node must be made before those of the next. */
  need(other: GraphNode): void {
    if (other.neededBy === this) return;
    other.neededBy = this;
    this.needs.push(other);
  }

  /** As {@link need}. */
  reachLazily(other: GraphNode): void {
    if (other.reachedBy === this) return;
    other.reachedBy = this;
    (this.reached ??= []).push(other);
  }
}
