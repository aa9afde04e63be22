import type { BindingReader, BindingView, Injection, Wanted } from '../container/inspect.js';
import { injectionOf } from '../container/inspect.js';
import { CLOCK, LOGGER } from '../container/tokens.js';
import { OrchestrationFacade } from '../facade/orchestration-facade.js';
import type { LayerRule } from '../layers.js';
import { nearestNames } from '../naming.js';
import { takesUncheckedParams } from '../orchestrator/compile-operations.js';
import { tokenName } from '../orchestrator/lazy.js';
import { type AnyClass, lazyParametersOf } from '../orchestrator/metadata.js';
import type { Token } from '../orchestrator/options.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { StepResult } from '../step-result.js';
import { findCycles } from './cycles.js';
import { type Problem, problem } from './problem.js';

const PROVIDED: ReadonlySet<unknown> = new Set([OrchestrationFacade, LOGGER, CLOCK]);
/** What emitted metadata says where it cannot say anything. */
const MEANINGLESS: ReadonlySet<unknown> = new Set([
  Object,
  Function,
  String,
  Number,
  Boolean,
  Array,
  Promise,
  undefined,
]);
const EXECUTING: ReadonlySet<string> = new Set(['sequential', 'parallel', 'hierarchical', 'adaptive']);

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** How it is declared. `through` names services between the two. */
  readonly kind: 'inject' | 'dependsOn' | 'lazy';
  readonly through: readonly string[];
}

export interface GraphNode {
  readonly unit: OrchestratorUnit;
  /** What must be up before it, services between them left out. */
  readonly needs: Set<OrchestratorUnit>;
  /** What it reaches lazily: stopped after it, where that is possible. */
  lazily: ReadonlySet<OrchestratorUnit>;
}

const DIRECTLY: readonly string[] = [];
const NONE: ReadonlySet<never> = new Set<never>();

/** Who needs whom, and everything that is wrong with it. */
export class DependencyGraph {
  readonly nodes = new Map<OrchestratorUnit, GraphNode>();
  readonly edges: GraphEdge[] = [];
  readonly problems: Problem[] = [];
  readonly #units: readonly OrchestratorUnit[];
  readonly #byTarget = new Map<unknown, OrchestratorUnit>();
  readonly #byName = new Map<string, OrchestratorUnit>();
  readonly #bindings: BindingReader;
  readonly #layerRule: LayerRule;
  readonly #seen = new Map<Token, readonly BindingView[] | undefined>();
  readonly #injections = new Map<AnyClass, Injection>();
  /** Classes that are no orchestrators, but stand between them. */
  readonly services = new Set<AnyClass>();
  /** Services whose cycle is reported. */
  readonly #inServiceCycle = new Set<Token>();

  constructor(
    units: readonly OrchestratorUnit[],
    bindings: BindingReader,
    layerRule: LayerRule,
    strictParams: boolean,
    standIns: ReadonlyMap<AnyClass, OrchestratorUnit> = new Map(),
  ) {
    this.#units = units;
    for (const [target, unit] of standIns) this.#byTarget.set(target, unit);
    this.#bindings = bindings;
    this.#layerRule = layerRule;
    for (const unit of units) {
      this.nodes.set(unit, { unit, needs: new Set(), lazily: NONE });
      if (unit.target !== undefined) this.#byTarget.set(unit.target, unit);
      if (!this.#byName.has(unit.name)) this.#byName.set(unit.name, unit);
    }
    for (const unit of units) {
      try {
        this.#explore(unit, strictParams);
      } catch (thrown) {
        const failure = StepResult.fromError(thrown);
        const why = failure.status === 'failed' ? failure.error : failure.reason;
        this.problems.push(
          problem(
            'OPTION_INVALID',
            `What ${unit.name} declares cannot be read: ${why}`,
            [unit.name],
            [unit.name],
          ),
        );
      }
    }
    // Only the exploration needs them.
    this.#seen.clear();
    this.#injections.clear();
    this.#byTarget.clear();
    this.#byName.clear();
    this.#findCycles();
  }

  /** Every orchestrator after what it needs; in a cycle, somewhere. */
  order(): OrchestratorUnit[] {
    const order: OrchestratorUnit[] = [];
    const state = new Map<OrchestratorUnit, 'open' | 'done'>();
    for (const root of this.#units) {
      const stack: { unit: OrchestratorUnit; needs: Iterator<OrchestratorUnit> }[] = [];
      const push = (unit: OrchestratorUnit): void => {
        if (state.has(unit)) return;
        state.set(unit, 'open');
        stack.push({ unit, needs: (this.nodes.get(unit) as GraphNode).needs.values() });
      };
      push(root);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const next = top.needs.next();
        if (next.done !== true) push(next.value);
        else {
          order.push(top.unit);
          state.set(top.unit, 'done');
          stack.pop();
        }
      }
    }
    return order;
  }

  #explore(unit: OrchestratorUnit, strictParams: boolean): void {
    const { target, options, name } = unit;
    if (target === undefined) return;
    const injection = injectionOf(target);
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
    if (injection.lostParameters > 0) {
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
    this.#follow(unit, wishesOf(target, injection));
    for (const ref of options.dependsOn ?? []) {
      const needed = typeof ref === 'string' ? this.#byName.get(ref) : this.#byTarget.get(ref);
      if (needed === undefined) {
        const shown = tokenName(ref);
        const near = nearestNames(shown, this.#byName.keys());
        this.problems.push(
          problem(
            'GRAPH_UNKNOWN_DEPENDENCY',
            `${name} depends on "${shown}", which the host does not have.${near.length === 0 ? '' : ` Near: ${near.join(', ')}.`}`,
            [name, shown],
            [name],
          ),
        );
      } else {
        this.#connect(unit, needed, 'dependsOn', DIRECTLY);
      }
    }
    const { flow } = options;
    if (flow !== undefined && EXECUTING.has(unit.type) && flow.kind !== unit.type) {
      this.problems.push(
        problem(
          'GRAPH_FLOW_TYPE',
          `${name} is ${unit.type}, but its flow is built with ${flow.kind}().`,
          [name],
          [name],
          {
            fix: `Build it with ${unit.type}(), or declare the type '${flow.kind}'.`,
          },
        ),
      );
    }
    for (const operation of unit.operations.values()) {
      if (!takesUncheckedParams(target, operation)) continue;
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
  }

  #lazy(unit: OrchestratorUnit, token: Token): void {
    const needed = this.#byTarget.get(token);
    if (needed !== undefined) {
      this.#connect(unit, needed, 'lazy', DIRECTLY);
      return;
    }
    if (PROVIDED.has(token) || this.#bindingsOf(token) !== undefined) return;
    this.#missing(unit, [unit.name, tokenName(token)], `lazily injected into ${unit.name}`);
  }

  /** Follows what is injected to the orchestrators it leads to, through each service once. */
  #follow(unit: OrchestratorUnit, wishes: readonly Wish[]): void {
    if (wishes.length === 0) return;
    let visited: Set<Token> | undefined;
    let open: Set<Token> | undefined;
    const stack: Frame[] = [{ token: undefined, shown: unit.name, wishes, at: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const wish = top.wishes[top.at];
      if (wish === undefined) {
        stack.pop();
        if (top.token !== undefined) open?.delete(top.token);
        continue;
      }
      top.at += 1;
      const { token } = wish.wanted;
      if (wish.lazily !== undefined) {
        this.#lazy(unit, wish.lazily());
        continue;
      }
      const needed = token === undefined ? undefined : this.#byTarget.get(token);
      if (needed !== undefined) {
        this.#connect(unit, needed, 'inject', stack.length === 1 ? DIRECTLY : pathOf(stack).slice(1));
        continue;
      }
      if (token !== undefined && PROVIDED.has(token)) continue;
      const bindings = token === undefined ? undefined : this.#bindingsOf(token);
      if (token === undefined || bindings === undefined) {
        this.#unbound(unit, wish, pathOf(stack));
        continue;
      }
      if (open?.has(token) === true) {
        this.#serviceCycle(unit, stack, token);
        continue;
      }
      if (visited?.has(token) === true) continue;
      (visited ??= new Set()).add(token);
      const inner = this.#inside(unit, wish.wanted, token, bindings, stack);
      if (inner.length === 0) continue;
      (open ??= new Set()).add(token);
      stack.push({ token, shown: tokenName(token), wishes: inner, at: 0 });
    }
  }

  /** What the bindings of a service want in their turn. */
  #inside(
    unit: OrchestratorUnit,
    wanted: Wanted,
    token: Token,
    bindings: readonly BindingView[],
    stack: readonly Frame[],
  ): Wish[] {
    const chosen = bindings.filter((binding) => binding.matches(wanted));
    const inner: Wish[] = [];
    for (const binding of chosen.length > 0 ? chosen : bindings) {
      const shown = tokenName(token);
      if (binding.scope === 'Request') {
        const way = [...pathOf(stack), shown];
        this.problems.push(
          problem(
            'GRAPH_CAPTIVE_DEPENDENCY',
            `${unit.name} lives as long as the host, but holds ${shown}, which is made anew per request: ${way.join(' → ')}.`,
            way,
            [unit.name],
          ),
        );
      } else if (binding.alias !== undefined) {
        inner.push({ wanted: { ...wanted, token: binding.alias }, into: shown, lazily: undefined });
      } else if (binding.implementation !== undefined) {
        this.services.add(binding.implementation);
        inner.push(...wishesOf(binding.implementation, this.#injectionOf(binding.implementation)));
      } else {
        for (const each of binding.arguments) inner.push({ wanted: each, into: shown, lazily: undefined });
      }
    }
    return inner;
  }

  #unbound(unit: OrchestratorUnit, { wanted, into }: Wish, path: readonly string[]): void {
    if (wanted.optional || wanted.many) return;
    if (!MEANINGLESS.has(wanted.token)) {
      this.#missing(unit, [...path, tokenName(wanted.token)], `${wanted.where} of ${into}`);
      return;
    }
    this.problems.push(
      problem(
        'GRAPH_METADATA_MISSING',
        `${wanted.where} of ${into} has a type that exists only for the compiler, so nothing says what to inject.`,
        [...path, wanted.where],
        [unit.name],
      ),
    );
  }

  #serviceCycle(unit: OrchestratorUnit, stack: readonly Frame[], token: Token): void {
    const round = stack.slice(stack.findIndex((frame) => frame.token === token));
    if (round.some((frame) => this.#inServiceCycle.has(frame.token as Token))) return;
    for (const frame of round) this.#inServiceCycle.add(frame.token as Token);
    const names = round.map((frame) => frame.shown);
    const path = [...names, names[0] as string];
    this.problems.push(
      problem('GRAPH_CYCLE', `${names.join(', ')} wait for each other: ${path.join(' → ')}.`, path, [
        unit.name,
      ]),
    );
  }

  #injectionOf(target: AnyClass): Injection {
    let injection = this.#injections.get(target);
    if (injection === undefined) this.#injections.set(target, (injection = injectionOf(target)));
    return injection;
  }

  #missing(unit: OrchestratorUnit, path: readonly string[], where: string): void {
    const shown = path.at(-1) ?? '';
    this.problems.push(
      problem(
        'GRAPH_MISSING_BINDING',
        `Nothing is bound to ${shown}, wanted as ${where}: ${path.join(' → ')}.`,
        path,
        [unit.name],
      ),
    );
  }

  #bindingsOf(token: Token): readonly BindingView[] | undefined {
    if (!this.#seen.has(token)) this.#seen.set(token, this.#bindings(token));
    return this.#seen.get(token);
  }

  #connect(
    from: OrchestratorUnit,
    to: OrchestratorUnit,
    kind: GraphEdge['kind'],
    through: readonly string[],
  ): void {
    this.edges.push({ from: from.name, to: to.name, kind, through });
    const node = this.nodes.get(from) as GraphNode;
    if (kind === 'lazy') node.lazily = new Set([...node.lazily, to]);
    else node.needs.add(to);
    if (!this.#layerRule[from.layer].includes(to.layer)) {
      const path = [from.name, ...through, to.name];
      this.problems.push(
        problem(
          'GRAPH_LAYER_BREACH',
          `${from.name} (${from.layer}) may not depend on ${to.name} (${to.layer}): ${path.join(' → ')}.`,
          path,
          [from.name, to.name],
        ),
      );
    }
  }

  #findCycles(): void {
    const cycles = findCycles(this.#units, (unit) => (this.nodes.get(unit) as GraphNode).needs);
    if (cycles.length === 0) return;
    const between = new Map<string, readonly string[]>();
    for (const { from, to, kind, through } of this.edges) {
      if (kind !== 'lazy' && !between.has(`${from} ${to}`)) between.set(`${from} ${to}`, through);
    }
    for (const cycle of cycles) {
      const names = cycle.map((unit) => unit.name);
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

/** One thing to inject, and into what. */
interface Wish {
  readonly wanted: Wanted;
  readonly into: string;
  /** The target, where it is a lazy parameter. */
  readonly lazily: (() => Token) | undefined;
}

/** A service on the way, with what of it is still to be followed. */
interface Frame {
  readonly token: Token | undefined;
  readonly shown: string;
  readonly wishes: readonly Wish[];
  at: number;
}

function pathOf(stack: readonly Frame[]): string[] {
  return stack.map((frame) => frame.shown);
}

function wishesOf(target: AnyClass, injection: Injection): Wish[] {
  if (injection.wanted.length === 0) return [];
  const parameters = lazyParametersOf(target);
  return injection.wanted.map((wanted) => ({
    wanted,
    into: target.name,
    lazily:
      typeof wanted.token === 'symbol'
        ? parameters.find(({ lazyToken }) => lazyToken === wanted.token)?.target
        : undefined,
  }));
}
