import { drainUnit } from '../facade/orchestration-facade.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { HostGraph } from './host-graph.js';
import type { HostSettings } from './host-options.js';
import { bringUpReplacement } from './replacement.js';

/** What replacements ask of their host. */
export interface ReplacementHost {
  /** Gives the start of a new one up. */
  signal(): AbortSignal;
  /** Throws where the host does not run, or no longer. */
  mustRun(): void;
}

/** The replacements of one host, one after the other, and what they have replaced until that is down. */
export class Replacements {
  readonly #settings: HostSettings;
  readonly #graph: HostGraph;
  /** What is up, in the order it came up. */
  readonly #started: OrchestratorUnit[];
  readonly #host: ReplacementHost;
  #last: Promise<unknown> = Promise.resolve();
  readonly #retiring = new Set<Promise<unknown>>();

  constructor(settings: HostSettings, graph: HostGraph, started: OrchestratorUnit[], host: ReplacementHost) {
    this.#settings = settings;
    this.#graph = graph;
    this.#started = started;
    this.#host = host;
  }

  /** Settles when what was replaced before is down. */
  retired(): Promise<unknown> {
    return Promise.all(this.#retiring);
  }

  /** As `host.replace` says. */
  replace(name: string, target: AnyClass): Promise<void> {
    const replaced = this.#last.then(() => this.#replace(name, target));
    this.#last = replaced.catch(() => undefined);
    return replaced;
  }

  async #replace(name: string, target: AnyClass): Promise<void> {
    const { kernel, container, shutdown } = this.#settings;
    const { runtime } = kernel.internals;
    const started = this.#started;
    const { old, unit } = await bringUpReplacement({
      kernel,
      container,
      name,
      target,
      signal: this.#host.signal(),
      mustRun: () => {
        this.#host.mustRun();
      },
      graph: this.#graph,
    });
    const at = started.indexOf(old);
    if (at !== -1) started.splice(at, 1);
    started.push(unit);
    runtime.events.emit('orchestrator.replaced', { orchestrator: name, layer: unit.layer });
    const graph = this.#graph.now();
    this.#graph.note(graph);
    // What needs it came up before it; a stop goes by what needs what.
    const rank = new Map(graph.order.map((node, index) => [node.unit, index]));
    started.sort((one, other) => (rank.get(one) ?? Infinity) - (rank.get(other) ?? Infinity));
    const retired = drainUnit(runtime, old, shutdown.drainTimeoutMs).then(() => old.lifecycle.stop());
    this.#retiring.add(retired);
    await retired;
    this.#retiring.delete(retired);
  }
}
