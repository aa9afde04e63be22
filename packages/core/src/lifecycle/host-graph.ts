import { bindingReader } from '../container/inspect.js';
import { noteDependencies } from '../graph/dependencies.js';
import { DependencyGraph } from '../graph/dependency-graph.js';
import { GraphView } from '../graph/graph-view.js';
import { optionProblems } from '../graph/option-problems.js';
import { policyProblems } from '../graph/policy-problems.js';
import type { Problem } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { engineProblems } from './engine-lifecycle.js';
import type { HostSettings } from './host-options.js';

/** The graph of a host: made when somebody asks, kept only as far as a stop needs it. */
export class HostGraph {
  readonly #settings: HostSettings;
  /** Names of what each one reaches lazily, where there is any. */
  #lazily: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(settings: HostSettings) {
    this.#settings = settings;
  }

  /** The graph as it is now. */
  now(): DependencyGraph {
    const { kernel } = this.#settings;
    return this.of(kernel.units, kernel.standIns);
  }

  of(units: readonly OrchestratorUnit[], standIns: ReadonlyMap<AnyClass, OrchestratorUnit>): DependencyGraph {
    const { kernel, container, strictParams } = this.#settings;
    const { layerRule } = kernel.internals.runtime;
    return new DependencyGraph(units, bindingReader(container), layerRule, strictParams, standIns);
  }

  view(): GraphView {
    return new GraphView(this.#settings.kernel.units, this.now().edges);
  }

  /** Everything wrong, errors first. */
  problems(graph = this.now()): Problem[] {
    const { kernel } = this.#settings;
    const { interceptors } = kernel.internals.runtime;
    const all = [
      ...kernel.problems,
      ...graph.problems,
      ...engineProblems(kernel),
      ...policyProblems(kernel.units, interceptors),
      ...optionProblems(kernel.units),
    ];
    return [
      ...all.filter((each) => each.severity === 'error'),
      ...all.filter((each) => each.severity === 'warning'),
    ];
  }

  /** Keeps who needs whom for what comes up later and for the stop. */
  note(graph: DependencyGraph): void {
    noteDependencies(graph);
    this.#lazily = new Map(
      graph.nodes
        .filter((node) => node.lazily.length > 0)
        .map((node) => [node.unit.name, node.lazily.map((reached) => reached.unit.name)]),
    );
  }

  /** Names of what an orchestrator reaches lazily. */
  lazilyOf(unit: OrchestratorUnit): readonly string[] {
    return this.#lazily.get(unit.name) ?? [];
  }
}
