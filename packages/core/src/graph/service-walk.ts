import type { BindingReader, BindingView, Injection, Wanted } from '../container/inspect.js';
import { injectionOf, redirected } from '../container/inspect.js';
import { CLOCK, LOGGER } from '../container/tokens.js';
import { OrchestrationFacade } from '../facade/orchestration-facade.js';
import { tokenName } from '../orchestrator/lazy.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { Token } from '../orchestrator/options.js';
import type { GraphEdge, GraphNode } from './graph-node.js';
import { type Problem, problem } from './problem.js';
import { type Frame, pathOf, type Wish, wishesOf } from './wishes.js';

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

export const DIRECTLY: readonly string[] = Object.freeze([]);

/** The graph that a walk fills. */
export interface WalkedGraph {
  readonly problems: Problem[];
  /** Classes that are no orchestrators, but stand between them. */
  readonly services: Set<AnyClass>;
  nodeOf(token: unknown): GraphNode | undefined;
  connect(from: GraphNode, to: GraphNode, kind: GraphEdge['kind'], through: readonly string[]): void;
}

/** Follows what constructors want through the bindings of a container to the orchestrators behind them. */
export class ServiceWalk {
  readonly #graph: WalkedGraph;
  readonly #bindings: BindingReader;
  readonly #seen = new Map<Token, readonly BindingView[] | undefined>();
  readonly #injections = new Map<AnyClass, Injection>();
  /** Services whose cycle is reported. */
  readonly #inServiceCycle = new Set<Token>();

  constructor(graph: WalkedGraph, bindings: BindingReader) {
    this.#graph = graph;
    this.#bindings = bindings;
  }

  /** Links a node to everything that its class wants, directly or through services. */
  link(node: GraphNode, target: AnyClass, injection: Injection): void {
    const { wanted } = injection;
    const graph = this.#graph;
    // Most want other orchestrators and nothing else.
    for (let index = 0; index < wanted.length; index += 1) {
      const token = (wanted[index] as Wanted).token;
      const needed = token === undefined ? undefined : graph.nodeOf(token);
      if (needed === undefined) {
        this.#follow(node, wishesOf(target, injection, index));
        return;
      }
      graph.connect(node, needed, 'inject', DIRECTLY);
    }
  }

  /** Follows wishes to the orchestrators they lead to, through each service once. */
  #follow(node: GraphNode, wishes: readonly Wish[]): void {
    let visited: Set<Token> | undefined;
    let open: Set<Token> | undefined;
    const stack: Frame[] = [{ token: undefined, shown: node.unit.name, wishes, at: 0 }];
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
        this.#lazy(node, wish.lazily());
        continue;
      }
      const needed = token === undefined ? undefined : this.#graph.nodeOf(token);
      if (needed !== undefined) {
        const through = stack.length === 1 ? DIRECTLY : pathOf(stack).slice(1);
        this.#graph.connect(node, needed, 'inject', through);
        continue;
      }
      if (token !== undefined && PROVIDED.has(token)) continue;
      const bindings = token === undefined ? undefined : this.#bindingsOf(token);
      if (token === undefined || bindings === undefined) {
        this.#unbound(node, wish, pathOf(stack));
        continue;
      }
      if (open?.has(token) === true) {
        this.#serviceCycle(node, stack, token);
        continue;
      }
      if (visited?.has(token) === true) continue;
      (visited ??= new Set()).add(token);
      const inner = this.#inside(node, wish.wanted, token, bindings, stack);
      if (inner.length === 0) continue;
      (open ??= new Set()).add(token);
      stack.push({ token, shown: tokenName(token), wishes: inner, at: 0 });
    }
  }

  #lazy(node: GraphNode, token: Token): void {
    const needed = this.#graph.nodeOf(token);
    if (needed !== undefined) {
      this.#graph.connect(node, needed, 'lazy', DIRECTLY);
      return;
    }
    if (PROVIDED.has(token) || this.#bindingsOf(token) !== undefined) return;
    const { name } = node.unit;
    this.#missing(node, [name, tokenName(token)], `lazily injected into ${name}`);
  }

  /** What the bindings of a service want in their turn. */
  #inside(
    node: GraphNode,
    wanted: Wanted,
    token: Token,
    bindings: readonly BindingView[],
    stack: readonly Frame[],
  ): Wish[] {
    const { name } = node.unit;
    const chosen = bindings.filter((binding) => binding.matches(wanted));
    const inner: Wish[] = [];
    for (const binding of chosen.length > 0 ? chosen : bindings) {
      const shown = tokenName(token);
      if (binding.scope === 'Request') {
        const way = [...pathOf(stack), shown];
        this.#graph.problems.push(
          problem(
            'GRAPH_CAPTIVE_DEPENDENCY',
            `${name} lives as long as the host, but holds ${shown}, which is made anew per request: ${way.join(' → ')}.`,
            way,
            [name],
          ),
        );
      } else if (binding.alias !== undefined) {
        inner.push({ wanted: redirected(wanted, binding.alias), into: shown, lazily: undefined });
      } else if (binding.implementation !== undefined) {
        this.#graph.services.add(binding.implementation);
        inner.push(...wishesOf(binding.implementation, this.#injectionOf(binding.implementation)));
      } else {
        for (const each of binding.arguments) inner.push({ wanted: each, into: shown, lazily: undefined });
      }
    }
    return inner;
  }

  #unbound(node: GraphNode, { wanted, into }: Wish, path: readonly string[]): void {
    if (wanted.optional || wanted.many) return;
    if (!MEANINGLESS.has(wanted.token)) {
      this.#missing(node, [...path, tokenName(wanted.token)], `${wanted.where} of ${into}`);
      return;
    }
    this.#graph.problems.push(
      problem(
        'GRAPH_METADATA_MISSING',
        `${wanted.where} of ${into} has a type that exists only for the compiler, so nothing says what to inject.`,
        [...path, wanted.where],
        [node.unit.name],
      ),
    );
  }

  #serviceCycle(node: GraphNode, stack: readonly Frame[], token: Token): void {
    const round = stack.slice(stack.findIndex((frame) => frame.token === token));
    if (round.some((frame) => this.#inServiceCycle.has(frame.token as Token))) return;
    for (const frame of round) this.#inServiceCycle.add(frame.token as Token);
    const names = round.map((frame) => frame.shown);
    const path = [...names, names[0] as string];
    this.#graph.problems.push(
      problem('GRAPH_CYCLE', `${names.join(', ')} wait for each other: ${path.join(' → ')}.`, path, [
        node.unit.name,
      ]),
    );
  }

  #missing(node: GraphNode, path: readonly string[], where: string): void {
    const shown = path.at(-1) ?? '';
    this.#graph.problems.push(
      problem(
        'GRAPH_MISSING_BINDING',
        `Nothing is bound to ${shown}, wanted as ${where}: ${path.join(' → ')}.`,
        path,
        [node.unit.name],
      ),
    );
  }

  #injectionOf(target: AnyClass): Injection {
    let injection = this.#injections.get(target);
    if (injection === undefined) this.#injections.set(target, (injection = injectionOf(target)));
    return injection;
  }

  #bindingsOf(token: Token): readonly BindingView[] | undefined {
    if (!this.#seen.has(token)) this.#seen.set(token, this.#bindings(token));
    return this.#seen.get(token);
  }
}
