import type { BindingReader, Injection } from '../container/inspect.js';
import { injectionOf } from '../container/inspect.js';
import type { LayerRule } from '../layers.js';
import { nearestNames } from '../naming.js';
import { takesUncheckedParams } from '../orchestrator/compile-operations.js';
import { tokenName } from '../orchestrator/lazy.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { StepResult } from '../step-result.js';
import { findCycles } from './cycles.js';
import { type GraphEdge, GraphNode } from './graph-node.js';
import { type Problem, problem } from './problem.js';
import { DIRECTLY, ServiceWalk, type WalkedGraph } from './service-walk.js';

const EXECUTING: ReadonlySet<string> = new Set(['sequential', 'parallel', 'hierarchical', 'adaptive']);

/** Who needs whom, and everything that is wrong with it, as it is now. */
export class DependencyGraph implements WalkedGraph {
  /** As the units were given. */
  readonly nodes: readonly GraphNode[];
  readonly edges: GraphEdge[] = [];
  readonly problems: Problem[] = [];
  readonly services = new Set<AnyClass>();
  /** Every node after what it needs; in a cycle, somewhere. */
  readonly order: readonly GraphNode[];
  readonly #byTarget = new Map<unknown, GraphNode>();
  /** Made for the first `dependsOn` that says a name. */
  #byName: Map<string, GraphNode> | undefined;
  readonly #layerRule: LayerRule;

  constructor(
    units: readonly OrchestratorUnit[],
    bindings: BindingReader,
    layerRule: LayerRule,
    strictParams: boolean,
    standIns: ReadonlyMap<AnyClass, OrchestratorUnit> = new Map(),
  ) {
    this.#layerRule = layerRule;
    const nodes = units.map((unit) => new GraphNode(unit));
    this.nodes = nodes;
    if (standIns.size > 0) {
      const nodeOf = new Map(nodes.map((node) => [node.unit, node]));
      for (const [target, unit] of standIns) {
        const node = nodeOf.get(unit);
        if (node !== undefined) this.#byTarget.set(target, node);
      }
    }
    for (const node of nodes) {
      const { target } = node.unit;
      if (target !== undefined) this.#byTarget.set(target, node);
    }
    const walk = new ServiceWalk(this, bindings);
    for (const node of nodes) {
      try {
        this.#explore(node, walk, strictParams);
      } catch (thrown) {
        const { name } = node.unit;
        const failure = StepResult.fromError(thrown);
        const why = failure.status === 'failed' ? failure.error : failure.reason;
        this.problems.push(
          problem('OPTION_INVALID', `What ${name} declares cannot be read: ${why}`, [name], [name]),
        );
      }
    }
    const { order, isCyclic } = ordered(nodes);
    this.order = order;
    if (isCyclic) this.#tellCycles();
  }

  nodeOf(token: unknown): GraphNode | undefined {
    return this.#byTarget.get(token);
  }

  connect(from: GraphNode, to: GraphNode, kind: GraphEdge['kind'], through: readonly string[]): void {
    const { name, layer } = from.unit;
    const other = to.unit;
    this.edges.push({ from: name, to: other.name, kind, through });
    if (kind === 'lazy') from.reachLazily(to);
    else from.need(to);
    if (this.#layerRule[layer].includes(other.layer)) return;
    const path = [name, ...through, other.name];
    this.problems.push(
      problem(
        'GRAPH_LAYER_BREACH',
        `${name} (${layer}) may not depend on ${other.name} (${other.layer}): ${path.join(' → ')}.`,
        path,
        [name, other.name],
      ),
    );
  }

  #explore(node: GraphNode, walk: ServiceWalk, strictParams: boolean): void {
    const { unit } = node;
    const { target, options, name } = unit;
    if (target === undefined) return;
    const injection = injectionOf(target);
    if (injection.unknownParameters.length > 0 || injection.lostParameters > 0)
      this.#tellUnknown(name, target, injection);
    walk.link(node, target, injection);
    if (options.dependsOn !== undefined) this.#dependsOn(node, options.dependsOn);
    const { flow } = options;
    if (flow !== undefined && EXECUTING.has(unit.type) && flow.kind !== unit.type) {
      this.problems.push(
        problem(
          'GRAPH_FLOW_TYPE',
          `${name} is ${unit.type}, but its flow is built with ${flow.kind}().`,
          [name],
          [name],
          { fix: `Build it with ${unit.type}(), or declare the type '${flow.kind}'.` },
        ),
      );
    }
    const operations = unit.operations.values();
    for (let at = 0; at < operations.length; at += 1) {
      const operation = operations[at] as CompiledOperation;
      if (takesUncheckedParams(operation)) this.#tellUnchecked(name, operation, strictParams);
    }
  }

  #tellUnknown(name: string, target: AnyClass, injection: Injection): void {
    for (const index of injection.unknownParameters) {
      this.problems.push(
        problem(
          'GRAPH_METADATA_MISSING',
          `Nothing says what to inject as parameter ${index + 1} of ${target.name}.`,
          [name],
          [name],
        ),
      );
    }
    if (injection.lostParameters === 0) return;
    this.problems.push(
      problem(
        'GRAPH_METADATA_MISSING',
        `${target.name} inherits a constructor with ${injection.lostParameters} parameters that nothing injects.`,
        [name],
        [name],
        { severity: 'warning' },
      ),
    );
  }

  #tellUnchecked(name: string, operation: CompiledOperation, strictParams: boolean): void {
    this.problems.push(
      problem(
        'PARAMS_UNCHECKED',
        `The params of ${name}.${operation.name} are not validated: it has no DTO.`,
        [name, operation.name],
        [name],
        { severity: strictParams ? 'error' : 'warning' },
      ),
    );
  }

  #dependsOn(node: GraphNode, refs: readonly unknown[]): void {
    const { name } = node.unit;
    for (const ref of refs) {
      const needed = typeof ref === 'string' ? this.#names().get(ref) : this.#byTarget.get(ref);
      if (needed !== undefined) {
        this.connect(node, needed, 'dependsOn', DIRECTLY);
        continue;
      }
      const shown = tokenName(ref);
      const near = nearestNames(shown, this.#names().keys());
      this.problems.push(
        problem(
          'GRAPH_UNKNOWN_DEPENDENCY',
          `${name} depends on "${shown}", which the host does not have.${near.length === 0 ? '' : ` Near: ${near.join(', ')}.`}`,
          [name, shown],
          [name],
        ),
      );
    }
  }

  #names(): Map<string, GraphNode> {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const node of this.nodes) {
        if (!this.#byName.has(node.unit.name)) this.#byName.set(node.unit.name, node);
      }
    }
    return this.#byName;
  }

  #tellCycles(): void {
    const between = new Map<string, readonly string[]>();
    for (const { from, to, kind, through } of this.edges) {
      if (kind !== 'lazy' && !between.has(`${from} ${to}`)) between.set(`${from} ${to}`, through);
    }
    for (const cycle of findCycles(this.nodes, (node) => node.needs)) {
      const names = cycle.map((node) => node.unit.name);
      const path = names.flatMap((from, index) => [
        from,
        ...(between.get(`${from} ${names[(index + 1) % names.length]}`) ?? []),
      ]);
      path.push(names[0] as string);
      const members = names.join(', ');
      this.problems.push(
        problem(
          'GRAPH_CYCLE',
          `${names.length === 1 ? `${members} needs itself` : `${members} wait for each other`}: ${path.join(' → ')}.`,
          path,
          names,
        ),
      );
    }
  }
}

/** Depth first, what is needed first, without recursion; and whether it came back to something unfinished. */
function ordered(nodes: readonly GraphNode[]): { order: GraphNode[]; isCyclic: boolean } {
  const order: GraphNode[] = [];
  const stack: GraphNode[] = [];
  /** How many needs of each node on the stack have been visited. */
  const visited: number[] = [];
  let isCyclic = false;
  for (const root of nodes) {
    if (root.mark !== 'new') continue;
    // Mostly what is needed was given before.
    if (root.isReady()) {
      root.mark = 'done';
      order.push(root);
      continue;
    }
    root.mark = 'open';
    stack.push(root);
    visited.push(0);
    while (stack.length > 0) {
      const top = stack.length - 1;
      const node = stack[top] as GraphNode;
      const at = visited[top] as number;
      const next = node.needs[at];
      if (next === undefined) {
        node.mark = 'done';
        order.push(node);
        stack.pop();
        visited.pop();
        continue;
      }
      visited[top] = at + 1;
      if (next.mark === 'open') isCyclic = true;
      if (next.mark !== 'new') continue;
      next.mark = 'open';
      stack.push(next);
      visited.push(0);
    }
  }
  return { order, isCyclic };
}
