import type { FacadeInternals } from '../facade/orchestration-facade.js';
import { noteDependencies } from '../graph/dependencies.js';
import { DependencyGraph } from '../graph/dependency-graph.js';
import { graphInvalid, type Problem } from '../graph/problem.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult } from '../step-result.js';

/** How orchestrators come up where no host starts them: with the first call, after what they need. */
export class DirectStart {
  readonly #internals: FacadeInternals;
  /** What is wrong with the graph, once somebody has looked. */
  #errors: readonly Problem[] | undefined;

  constructor(internals: FacadeInternals) {
    this.#internals = internals;
  }

  /** There are other orchestrators now. */
  forget(): void {
    this.#errors = undefined;
  }

  /** Along what the constructors and `dependsOn` say, services between them left out. */
  async startDependencies(
    unit: OrchestratorUnit,
    units: readonly OrchestratorUnit[],
  ): Promise<FailedResult | undefined> {
    // A turn of its own, so that a long chain does not nest that deep.
    await Promise.resolve();
    if (this.#errors === undefined) {
      const { layerRule } = this.#internals.runtime;
      const graph = new DependencyGraph(units, () => [], layerRule, false);
      noteDependencies(graph);
      this.#errors = graph.problems.filter((each) => each.severity === 'error');
    }
    if (this.#errors.length === 0) return startNamed(this.#internals, unit.dependencies);
    const { message } = graphInvalid(this.#errors);
    return new FailedResult(message, { errorCategory: 'configuration' });
  }
}

/** Starts what the names stand for, side by side. */
export async function startNamed(
  { registry, runtime }: FacadeInternals,
  names: readonly string[],
): Promise<FailedResult | undefined> {
  const failures = await Promise.all(
    names.flatMap((name) => registry.byName(name)?.lifecycle.ensureStarted(runtime) ?? []),
  );
  return failures.find((failure) => failure !== undefined);
}
